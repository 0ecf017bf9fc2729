#!/bin/bash
# Fills the lab's layer for image builds: layer.sh PACKAGE…, as root inside the trixie root, with network. Podman, and the RPM packages.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive

apt-get update -qq
apt-get install -qq -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Use-Pty=0 "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log >&2; exit 1; }
apt-get clean
rm -rf /var/lib/apt/lists /tmp/apt.log /var/log/apt /var/log/dpkg.log
# Of what the packages start, nothing is wanted: a lab's user starts podman.
systemctl --quiet disable podman.socket podman.service podman-auto-update.timer podman-restart.service
systemctl --quiet --global disable podman.socket podman-auto-update.timer podman-restart.service podman.service

cp -r "$HERE"/files/. /
install -d -o 1000 -g 1000 /srv/atomic   # where tests/lab/atomic.py makes its machine
bash "$HERE/rpms.sh" /srv/lab/rpm
# The certificate of tests/lab/rpm-site.py.
mapfile -t hosts < <(awk '/example|copr/ { print $2 }' /etc/hosts)
openssl req -quiet -x509 -newkey rsa:2048 -nodes -days 36500 -subj "/CN=The lab's sites" -addext "subjectAltName=$(printf ',DNS:%s' "${hosts[@]}" | cut -c2-)" \
    -keyout /srv/lab/site.key -out /srv/lab/site.crt
rm -f /etc/resolv.conf   # nspawn made it, for apt
