#!/bin/bash
# Makes a small Debian the image of a box: box.sh apt|dnf|dnf5, as root inside it, the lab's packages below /deb and /rpm.
# Each has the lab's own repository in it and no other, so that a box needs no network.
set -euo pipefail
KIND=$1
NOTHING='#!/bin/sh\nexit 0\n'

case $KIND in
    apt)
        mkdir -p /srv/lab
        cp -r /deb /srv/lab/
        rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
        echo 'deb [trusted=yes] file:/srv/lab/deb ./' > /etc/apt/sources.list
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 nano >/dev/null
        apt-get clean ;;
    *)
        if [[ $KIND == dnf ]]; then
            # Out of the lab's base image: packages, repository and programs are there, a bootable system's links are not a box's.
            for link in /opt /usr/local /home /ostree; do rm "$link"; done
            mkdir -p /opt /usr/local/bin /home
            rmdir /sysroot /boot /var/opt /var/usrlocal /var/home
        else
            mkdir -p /usr/lib/sysimage/rpm /etc/rpm /srv/lab/rpm /etc/dnf/vars
            rm -rf /var/lib/rpm
            ln -s ../../usr/lib/sysimage/rpm /var/lib/rpm
            echo '%_dbpath /usr/lib/sysimage/rpm' > /etc/rpm/macros
            cp -r /rpm/fedora /srv/lab/rpm/
            rm -f /usr/lib/os-release /etc/os-release
            rpm --install --nosignature /rpm/base/{fedora-release,basesystem}-*.rpm
            mkdir -p /etc/yum.repos.d
            cp /image/files/etc/yum.repos.d/fedora.repo /etc/yum.repos.d/
            cp /image/files/etc/dnf/vars/releasever /etc/dnf/vars/
            ln -s dnf5 /usr/bin/dnf   # as Fedora has it
            # Keeps what was installed for a repository of its own, with a program that is not there.
            printf '[main]\nname = local\nenabled = false\n' > /etc/dnf/libdnf5-plugins/local.conf
        fi
        "$KIND" install -y -q nano
        "$KIND" makecache -q
        # What it is made of is none of a box's business: there, dnf is the only one.
        rm -rf /usr/bin/apt* /usr/bin/dpkg* /usr/sbin/dpkg* /usr/lib/apt /usr/lib/dpkg /usr/share/dpkg /etc/apt /etc/dpkg /var/lib/apt /var/lib/dpkg /var/cache/apt
        # Distrobox makes the machine's locale, of what this image has not.
        mkdir -p /usr/share/i18n/charmaps
        [[ -e /usr/share/zoneinfo/UTC ]] || install -D /dev/null /usr/share/zoneinfo/UTC
        printf '%b' "$NOTHING" > /usr/bin/localedef ;;
esac
rm -rf /var/log/*

# Distrobox installs a long list when one of its commands is missing, and asks no more than whether they are there.
for name in bc bzip2 chpasswd curl diff find findmnt gpg hostname less lsof man mount passwd pigz pinentry ping ps rsync script ssh sudo time tree umount \
    unzip useradd wc wget xauth zip; do
    type -P "$name" >/dev/null || printf '%b' "$NOTHING" | install -m 755 /dev/stdin "/usr/bin/$name"
done
