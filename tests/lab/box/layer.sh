#!/bin/bash
# Fills the lab's layer for boxes: layer.sh PACKAGE…, as root in the trixie root with what images are built with, with network.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive

apt-get update -qq
apt-get install -qq -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Use-Pty=0 "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log >&2; exit 1; }
apt-get clean
rm -rf /var/lib/apt/lists /tmp/apt.log /var/log/apt /var/log/dpkg.log
bash "$HERE/debs.sh" /srv/lab/deb
rm -f /etc/resolv.conf   # nspawn made it, for apt
