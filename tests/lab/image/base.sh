#!/bin/bash
# Makes a Debian with dnf the lab's base image: base.sh, as root inside it, the lab's RPM packages below /rpm.
# Where it differs from the layout of a bootable Fedora, and what is built on it would meet the difference, that layout is made.
set -euo pipefail

# Fedora's place of the package database.
mkdir -p /usr/lib/sysimage/rpm /etc/rpm /srv/lab
rm -rf /var/lib/rpm
ln -s ../../usr/lib/sysimage/rpm /var/lib/rpm
echo '%_dbpath /usr/lib/sysimage/rpm' > /etc/rpm/macros
mkdir /srv/lab/rpm
cp -r /rpm/fedora /srv/lab/rpm/

cp /site.crt /usr/local/share/ca-certificates/
update-ca-certificates >/dev/null 2>&1

rm -f /usr/lib/os-release /etc/os-release
rpm --install --nosignature /rpm/base/*.rpm

# With Python 3.13 this libcomps forgets a list while it is gone through, so that dnf crashes on any group.
comps=/usr/lib/python3/dist-packages/dnf/comps.py
sed -i -E -e 's/ in self\._i\.(categories|environments|groups)\)/ in _kept(self._i.\1))/' -e 's/map\((.*), self\.packages\)/map(\1, _kept(self.packages))/' \
    -e 's/ in self\.packages / in _kept(self.packages) /' -e 's/ in self\.(group_ids|option_ids):/ in _kept(self.\1):/' \
    -e 's/chain\(self\.group_ids, self\.option_ids\)/chain(_kept(self.group_ids), _kept(self.option_ids))/' "$comps"
printf '\n\ndef _kept(things):\n    return [things[i] for i in range(len(things))]\n' >> "$comps"
rm -rf /usr/lib/python3/dist-packages/dnf/__pycache__/comps.*

cp -r /image/files/etc/yum.repos.d /etc/

# What is mutable lives in /var.
# shellcheck disable=SC2114 # of the image
rm -rf /opt /usr/local /home /var/log/*
mkdir -p /var/opt /var/usrlocal /var/home /sysroot /boot
ln -s var/opt /opt
ln -s ../var/usrlocal /usr/local
ln -s var/home /home
ln -s sysroot/ostree /ostree
