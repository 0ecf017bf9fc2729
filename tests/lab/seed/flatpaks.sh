#!/bin/bash
# Makes the lab's Flatpak remote from files: flatpaks.sh REPOSITORY. One runtime (busybox) and a handful of apps, unsigned.
set -euo pipefail
REPO=$1
ARCH=$(flatpak --default-arch)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

make_runtime() {
    local tool
    mkdir -p runtime/files runtime/usr/bin runtime/usr/etc
    cp /bin/busybox runtime/usr/bin/
    for tool in sh sleep echo cat env grep ls; do ln -s busybox "runtime/usr/bin/$tool"; done
    printf '[Runtime]\nname=org.lab.Platform\nruntime=org.lab.Platform/%s/1\nsdk=org.lab.Platform/%s/1\n' "$ARCH" "$ARCH" > runtime/metadata
    flatpak build-export --disable-sandbox --runtime "$REPO" runtime 1 >/dev/null
}

# ID VERSION BRANCH COLOUR MEGABYTES [PERMISSION…]: one commit of an app. Exporting an ID again adds to its history.
make_app() {
    local id=$1 version=$2 branch=$3 colour=$4 megabytes=$5 name=${1##*.} dir files i
    shift 5
    dir=$(mktemp -d -p .)
    files=$dir/files
    # export/ is not made here: build-finish does, and minds if it is there.
    mkdir -p "$files/bin" "$files"/share/{applications,metainfo,app-info/xmls,icons/hicolor/scalable/apps}
    printf '#!/bin/sh\necho "%s %s"\nenv | grep ^LAB\nexec sleep "${1:-0}"\n' "$id" "$version" > "$files/bin/run"
    chmod +x "$files/bin/run"
    printf '[Desktop Entry]\nType=Application\nName=%s\nExec=run\nIcon=%s\n' "$name" "$id" > "$files/share/applications/$id.desktop"
    cat > "$files/share/icons/hicolor/scalable/apps/$id.svg" <<SVG
<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"><rect x="12" y="12" width="104" height="104" rx="24" fill="$colour"/><text x="64" y="86" font-family="Cantarell" font-weight="bold" font-size="64" text-anchor="middle" fill="#fff">${name:0:1}</text></svg>
SVG
    cat > "$files/share/metainfo/$id.metainfo.xml" <<XML
<?xml version="1.0"?><components version="0.8" origin="flatpak"><component type="desktop-application"><id>$id</id><name>$name</name><summary>The lab's $name</summary><launchable type="desktop-id">$id.desktop</launchable><releases><release version="$version" timestamp="1700000000"/></releases></component></components>
XML
    # `flatpak list` takes name and version from here.
    gzip -n < "$files/share/metainfo/$id.metainfo.xml" > "$files/share/app-info/xmls/$id.xml.gz"
    # Random data does not compress, and many files make a download that can stop in the middle.
    for (( i = 0; i < megabytes; i++ )); do head -c 1M /dev/urandom > "$files/share/data-$i"; done
    printf '[Application]\nname=%s\nruntime=org.lab.Platform/%s/1\nsdk=org.lab.Platform/%s/1\n' "$id" "$ARCH" "$ARCH" > "$dir/metadata"
    flatpak build-finish --command=run "$@" "$dir" >/dev/null
    flatpak build-export --disable-sandbox --subject="$name $version" "$REPO" "$dir" "$branch" >/dev/null
    rm -rf "$dir"
}

ostree init --mode=archive-z2 --repo="$REPO"
make_runtime
make_app org.lab.Calendar 3.2 stable '#e01b24' 0 --share=network --socket=wayland
make_app org.lab.Chess 1.4 stable '#5e5c64' 0 --socket=wayland --device=dri
make_app org.lab.Globe 7.0 stable '#1c71d8' 24 --share=network --socket=wayland --device=dri   # large: an install to be cancelled
make_app org.lab.Maps 46.1 stable '#2ec27e' 0 --share=network --socket=wayland --filesystem=xdg-pictures
make_app org.lab.Notes 2.0 stable '#e5a50a' 0 --share=network --socket=wayland --filesystem=home
make_app org.lab.Notes 2.1 stable '#e5a50a' 0 --share=network --share=ipc --socket=wayland --socket=fallback-x11 --device=dri \
    --filesystem=home --filesystem=xdg-config/kdeglobals:ro --talk-name=org.freedesktop.Notifications --env=LAB_MODE=normal --persist=.notes
make_app org.lab.Photos 48.0 stable '#9141ac' 0 --socket=wayland --filesystem=xdg-pictures --device=dri
make_app org.lab.Plain 1.0 stable '#77767b' 0
make_app org.lab.Player 0.9 stable '#ff7800' 0 --socket=pulseaudio --system-talk-name=org.freedesktop.UPower --own-name=org.lab.Player --filesystem=xdg-music
make_app org.lab.Sketch 5.0 stable '#986a44' 0 --socket=wayland
make_app org.lab.Sketch 5.1 beta '#986a44' 0 --socket=wayland --filesystem=xdg-documents
make_app org.lab.Weather 2.3 stable '#33d17a' 0 --share=network --socket=wayland
flatpak build-update-repo "$REPO" >/dev/null
