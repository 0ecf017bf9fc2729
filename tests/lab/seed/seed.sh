#!/bin/bash
# Fills the lab: run as root inside the trixie root, before it is ever booted. Everything a pristine lab has besides packages.
set -euo pipefail
SEED=$(cd "$(dirname "$0")" && pwd)

cp -r "$SEED"/files/. /
chmod 440 /etc/sudoers.d/lab
useradd --create-home --shell /bin/bash --uid 1000 --groups sudo dev
echo dev:lab | chpasswd
systemctl --quiet enable lab-prepare
glib-compile-schemas /usr/share/glib-2.0/schemas
rm -f /usr/share/icons/hicolor/icon-theme.cache   # it would hide the icons of what is installed later
ln -s /lab/ui.py /usr/local/bin/lab-ui
mkdir -p /lab /out /srv/lab

bash "$SEED/flatpaks.sh" /srv/lab/repo
bash "$SEED/extensions.sh" /usr/share/gnome-shell/extensions /home/dev/.local/share/gnome-shell/extensions

# Without this file a "Screen Lock disabled" banner covers the window.
touch /home/dev/.local/share/gnome-shell/lock-warning-shown
chown -R dev:dev /home/dev
