# What is installed here, as this system's own package manager says it. Sections begin with "# " and a name; the last is "# end".
# A package stands behind "= " wherever its manager lets us say how. Changes nothing, and needs no network. It never changes itself: nothing from outside is a part of it.
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
has() { command -v "$1" >/dev/null 2>&1; }

# A system may have another one's package manager, with an empty database: what it says it is comes first.
like=
if [ -r /etc/os-release ]; then
    while IFS='=' read -r key value; do
        case $key in ID | ID_LIKE) like="$like $value" ;; esac
    done </etc/os-release
fi
case $like in
    *fedora* | *rhel* | *centos*) order='dnf5 dnf' ;;
    *suse*) order=zypper ;;
    *debian* | *ubuntu*) order=apt-mark ;;
    *arch*) order=pacman ;;
    *alpine* | *wolfi*) order=apk ;;
    *) order= ;;
esac
manager=
for one in $order dnf5 dnf apt-mark pacman apk zypper; do
    if has "$one"; then
        manager=$one
        break
    fi
done

echo "# manager"
echo "$manager"
case $manager in
    dnf5)
        echo "# native"
        rpm --eval '%{_arch}' || exit
        echo "# all"
        dnf5 -q -C --disablerepo='*' repoquery --installed --queryformat '= %{name} %{arch} %{reason}\n' || exit
        ;;
    dnf)
        echo "# native"
        rpm --eval '%{_arch}' || exit
        echo "# all"
        rpm -qa --queryformat '= %{NAME} %{ARCH}\n' || exit
        echo "# chosen"
        dnf -q -C --disablerepo='*' repoquery --userinstalled --queryformat '= %{name} %{arch}' || exit
        ;;
    apt-mark)
        echo "# native"
        dpkg --print-architecture || exit
        echo "# all"
        dpkg-query --show --showformat '= ${db:Status-Status} ${Package} ${Architecture}\n' || exit
        echo "# chosen"
        apt-mark showmanual || exit
        ;;
    pacman)
        echo "# all"
        pacman -Qq || exit
        echo "# chosen"
        # It fails where there are none.
        pacman -Qqe || [ "$?" = 1 ] || exit
        ;;
    apk)
        echo "# all"
        apk info || exit
        echo "# chosen"
        cat /etc/apk/world || exit
        ;;
    zypper)
        echo "# native"
        rpm --eval '%{_arch}' || exit
        echo "# all"
        rpm -qa --queryformat '= %{NAME} %{ARCH}\n' || exit
        echo "# auto"
        if [ -e /var/lib/zypp/AutoInstalled ]; then
            cat /var/lib/zypp/AutoInstalled || exit
        fi
        ;;
esac

# Groups of packages, where dnf5 has noted them.
for one in groups environments; do
    if [ -e "/usr/lib/sysimage/libdnf5/$one.toml" ]; then
        echo "# $one"
        cat "/usr/lib/sysimage/libdnf5/$one.toml" || exit
        echo
    fi
done

# Where one of these is not there, distrobox installs a whole list of packages: the commands that it looks for, and shells.
echo "# lacks"
for one in bc bzip2 chpasswd curl diff find findmnt gpg hostname less lsof man mount passwd pigz pinentry ping ps rsync script \
    ssh sudo time tree umount unzip useradd wc wget xauth zip bash zsh fish; do
    has "$one" || echo "$one"
done
echo "# end"
