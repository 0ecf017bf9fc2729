#!/bin/bash
# Makes a Debian with dnf the lab's base image: base.sh, as root inside it, the lab's RPM packages below /rpm.
# Where it differs from the layout of a bootable Fedora, and what is built on it would meet the difference, that layout is made.
set -euo pipefail

# Fedora's place of the package database.
mkdir -p /usr/lib/sysimage/rpm /etc/rpm /srv/lab
rm -rf /var/lib/rpm
ln -s ../../usr/lib/sysimage/rpm /var/lib/rpm
echo '%_dbpath /usr/lib/sysimage/rpm' > /etc/rpm/macros
cp -r /rpm /srv/lab/
rm -rf /srv/lab/rpm/base

rm -f /usr/lib/os-release /etc/os-release
rpm --install --nosignature /rpm/base/*.rpm

mkdir -p /etc/yum.repos.d
cat > /etc/yum.repos.d/fedora.repo <<'REPO'
[fedora]
name=Fedora $releasever - $basearch
baseurl=file:///srv/lab/rpm/fedora
enabled=1
gpgcheck=0
REPO

# What is mutable lives in /var.
# shellcheck disable=SC2114 # of the image
rm -rf /opt /usr/local /home /var/log/*
mkdir -p /var/opt /var/usrlocal /var/home /sysroot /boot
ln -s var/opt /opt
ln -s ../var/usrlocal /usr/local
ln -s var/home /home
ln -s sysroot/ostree /ostree
