#!/bin/bash
# Makes the lab's Debian packages and a repository of them from nothing: debs.sh FOLDER.
# What they are and need is what tests/lab/image/rpms.sh makes for boxes with dnf, so that one test can be of both.
set -euo pipefail
OUT=$1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export SOURCE_DATE_EPOCH=1700000000
mkdir -p "$OUT"

# NAME VERSION [LINE…]: `+ PATH MODE TEXT` is a file that the package holds, every other line a field of it. Each package has a
# program of its own name.
make_deb() {
    local name=$1 version=$2 dir=$WORK/$1 line path mode text file=$OUT/${1}_$2_all.deb
    shift 2
    mkdir -p "$dir/DEBIAN"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: The lab <lab@lab.test>\nSection: utils\nPriority: optional\nDescription: The lab'\''s %s\n' \
        "$name" "$version" "$name" > "$dir/DEBIAN/control"
    set -- "+ /usr/bin/$name 0755 #!/bin/sh\necho $name $version" "$@"
    for line in "$@"; do
        if [[ $line == '+ '* ]]; then
            read -r _ path mode text <<< "$line"
            install -D -m "$mode" /dev/null "$dir$path"
            printf '%b\n' "$text" > "$dir$path"
        else
            echo "$line" >> "$dir/DEBIAN/control"
        fi
    done
    dpkg-deb --root-owner-group -Znone --build "$dir" "$file" >/dev/null
    {
        cat "$dir/DEBIAN/control"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${file##*/}" "$(stat -c %s "$file")" "$(sha256sum < "$file" | cut -d' ' -f1)"
    } >> "$OUT/Packages"
}

make_deb hwloc-libs 2.11
make_deb htop 3.3.0 'Depends: hwloc-libs'
make_deb ripgrep 14.1.1
make_deb fish 4.0.2
make_deb gh 2.72.0
make_deb make 4.4.1
make_deb nano 8.4
make_deb editor-data 1.2
make_deb editor-spell 1.0
make_deb editor 1.2 'Depends: editor-data' 'Recommends: editor-spell' \
    '+ /usr/share/applications/org.lab.Editor.desktop 0644 [Desktop Entry]\nType=Application\nName=Editor\nExec=editor %U\nIcon=org.lab.Editor\nMimeType=text/plain;' \
    '+ /usr/share/icons/hicolor/scalable/apps/org.lab.Editor.svg 0644 <svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"/>'
