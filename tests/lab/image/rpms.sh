#!/bin/bash
# Makes the lab's RPM packages and repositories from nothing: rpms.sh FOLDER. Below FOLDER come base/, what the lab's base image has
# installed; and the repositories fedora/, copr/ and vendor/. The last two are signed; their keys lie beside them.
set -euo pipefail
OUT=$1
WORK=$(mktemp -d)
trap 'gpgconf --kill all; rm -rf "$WORK"' EXIT
export HOME=$WORK GNUPGHOME=$WORK/gnupg SOURCE_DATE_EPOCH=1700000000
mkdir -m 700 "$GNUPGHOME"
mkdir -p "$OUT"

# REPOSITORY NAME VERSION [LINE…]: lines before %files are the spec's header, `+ PATH MODE TEXT` a file that the package holds,
# `d PATH` a folder, `l PATH TARGET` a link, `native` makes it one for this kind of machine alone. Each package has a program of its own name.
make_rpm() {
    local repo=$1 name=$2 version=$3 spec=$WORK/$2-$3.spec arch='BuildArch: noarch' line path mode text header=() install=() files=()
    shift 3
    set -- "+ /usr/bin/$name 0755 #!/bin/sh\necho $name $version" "$@"
    for line in "$@"; do
        read -r _ path mode text <<< "$line"
        case $line in
            '+ '*)
                install+=("install -D -m $mode /dev/null '%{buildroot}$path'" "printf '%%b\\n' '$text' > '%{buildroot}$path'")
                files+=("$([[ $path != /etc/* ]] || echo '%config(noreplace) ')\"$path\"") ;;
            'd '*) install+=("mkdir -p '%{buildroot}$path'"); files+=("%dir \"$path\"") ;;
            'l '*) install+=("mkdir -p '%{buildroot}${path%/*}'" "ln -s '$mode' '%{buildroot}$path'"); files+=("\"$path\"") ;;
            native) arch= ;;
            *) header+=("$line") ;;
        esac
    done
    {
        printf 'Name: %s\nVersion: %s\nRelease: 1.lab\nSummary: The lab'\''s %s\nLicense: MIT\n%s\nAutoReqProv: no\n' "$name" "$version" "$name" "$arch"
        printf '%s\n' "${header[@]}" '%description' "Made to test with." '%install' "${install[@]}" '%files' "${files[@]}"
    } > "$spec"
    rpmbuild --quiet -bb --define "_topdir $WORK/build" --define "_rpmdir $OUT/$repo" --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
        --define '_buildhost lab' --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' --define '__os_install_post %{nil}' \
        "$spec" > "$WORK/log" 2>&1 || { cat "$spec" "$WORK/log" >&2; exit 1; }
}

unit() { # NAME [INSTALL]: a service's text, for printf %b
    printf '[Unit]\\nDescription=%s of the lab\\n[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target' "$1"
}

# What the base image has ----------------------------------------------------------------------------------------

make_rpm base fedora-release 42 'Provides: system-release = 42' 'Provides: system-release(releasever) = 42' \
    '+ /usr/lib/os-release 0644 NAME="Fedora Linux"\nVERSION="42 (Lab)"\nID=fedora\nVERSION_ID=42\nVARIANT_ID=lab\nPRETTY_NAME="Fedora Linux 42 (Lab)"\nOSTREE_VERSION=42.20260801.0\nIMAGE_ID=lab' \
    'l /etc/os-release ../usr/lib/os-release'
make_rpm base basesystem 11
make_rpm base dbus 1.16 "+ /usr/lib/systemd/system/dbus.service 0644 $(unit dbus)"
make_rpm base firefox 128.0 'Requires: basesystem'
make_rpm base firefox-langpacks 128.0 'Requires: firefox'
make_rpm base tuned 2.24.0 "+ /usr/lib/systemd/system/tuned.service 0644 $(unit tuned)" '+ /etc/tuned/tuned-main.conf 0644 daemon = 1\nsleep_interval = 1'
make_rpm base power-profiles-daemon 0.23 "+ /usr/lib/systemd/system/power-profiles-daemon.service 0644 $(unit power-profiles-daemon)" \
    'l /usr/lib/systemd/system/graphical.target.wants/power-profiles-daemon.service ../power-profiles-daemon.service'
make_rpm base chrony 4.6 "+ /usr/lib/systemd/system/chronyd.service 0644 $(unit chronyd)" \
    '+ /etc/chrony.conf 0644 pool pool.example.org iburst\nmakestep 1.0 3' 'l /etc/systemd/system/multi-user.target.wants/chronyd.service /usr/lib/systemd/system/chronyd.service'
make_rpm base cups 2.4.11 "+ /usr/lib/systemd/system/cups.service 0644 $(unit cups)"
make_rpm base libstale 1.0 'Requires: basesystem'

# What the distribution offers -----------------------------------------------------------------------------------

make_rpm fedora hwloc-libs 2.11
make_rpm fedora htop 3.3.0 'Requires: hwloc-libs'
make_rpm fedora ripgrep 14.1.1
make_rpm fedora fish 4.0.2
make_rpm fedora gh 2.72.0
make_rpm fedora libfresh 2.0 'Obsoletes: libstale < 2' 'Provides: libstale = 2.0'
make_rpm fedora cockpit 338 "+ /usr/lib/systemd/system/cockpit.service 0644 $(unit cockpit)" '+ /etc/cockpit/cockpit.conf 0644 [WebService]'
make_rpm fedora tuned 2.25.1 "+ /usr/lib/systemd/system/tuned.service 0644 $(unit tuned)" '+ /etc/tuned/tuned-main.conf 0644 daemon = 1\nsleep_interval = 1'
make_rpm fedora make 4.4.1
make_rpm fedora gdb 16.3
make_rpm fedora valgrind 3.25
make_rpm fedora nano 8.4
make_rpm fedora words 3.0 native   # the one of a long list that distrobox then finds
make_rpm fedora editor-data 1.2
make_rpm fedora editor-spell 1.0
make_rpm fedora editor 1.2 'Requires: editor-data' 'Recommends: editor-spell' \
    '+ /usr/share/applications/org.lab.Editor.desktop 0644 [Desktop Entry]\nType=Application\nName=Editor\nExec=editor %%U\nIcon=org.lab.Editor\nMimeType=text/plain;' \
    '+ /usr/share/icons/hicolor/scalable/apps/org.lab.Editor.svg 0644 <svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"/>'

# What others offer ----------------------------------------------------------------------------------------------

make_rpm copr starship 1.23.0
make_rpm vendor vault 8.10 'd /opt/Vault' '+ /opt/Vault/vault 0755 #!/bin/sh\necho vault itself' '+ /opt/Vault/resources/icon.txt 0644 a picture' \
    'l /usr/bin/vault-desktop /opt/Vault/vault'

cat > "$WORK/comps.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps><group><id>development-tools</id><name>Development Tools</name><description>To build with</description><default>false</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">make</packagereq><packagereq type="default">gdb</packagereq><packagereq type="optional">valgrind</packagereq></packagelist></group></comps>
XML

for repo in copr vendor; do
    gpg --quiet --no-secmem-warning --batch --passphrase '' --quick-generate-key "The lab's $repo <$repo@lab.test>" rsa2048 sign never
    gpg --quiet --no-secmem-warning --armor --export "$repo@lab.test" > "$OUT/$repo/key.asc"
    rpmsign --define "_gpg_name $repo@lab.test" --addsign "$OUT/$repo"/*.rpm > "$WORK/log" 2>&1 || { cat "$WORK/log" >&2; exit 1; }
done
createrepo_c --quiet --no-database --set-timestamp-to-revision --revision=1700000000 --groupfile="$WORK/comps.xml" "$OUT/fedora"
for repo in copr vendor; do
    createrepo_c --quiet --no-database --set-timestamp-to-revision --revision=1700000000 "$OUT/$repo"
done
