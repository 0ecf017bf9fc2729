# The Debian trixie root: what Bucket is built in where the machine's own GTK is too old, and what a lab is booted from.
# Two layers, each made once and then only read: the packages (a minute or two), and on top of them the lab's contents (seconds).
# shellcheck shell=bash

SUITE=trixie
PACKAGES=(
    # to build and to test
    gcc g++ libc6-dev pkgconf libadwaita-1-dev libxml2-utils gettext git binutils
    xvfb xauth dbus desktop-file-utils appstream shellcheck strace procps librsvg2-bin
    # what scripts and scenarios of a repository call
    curl gnupg openssh-client
    # to boot and to log in
    systemd-sysv dbus-user-session libpam-systemd polkitd pkexec sudo iproute2
    # the desktop, and what drives it
    gnome-shell libgl1-mesa-dri libegl-mesa0 adwaita-icon-theme fonts-cantarell fonts-dejavu-mono
    at-spi2-core gir1.2-atspi-2.0 python3-gi libglib2.0-bin dconf-cli libnotify-bin
    # what Bucket manages
    flatpak ostree busybox-static
    # what its verbs run; npm brings some hundred small packages, 31 MB to download
    rustup npm
)
MMDEBSTRAP=(
    --quiet --variant=minbase --dpkgopt=force-unsafe-io
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*'
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/help/*'
)

missing_tools() { # the packages to install
    have mmdebstrap || echo mmdebstrap
    have systemd-nspawn || echo systemd-container
    have newuidmap || echo uidmap
    have pgrep || echo procps
    [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || echo debian-archive-keyring
}

install_tools() {
    local wanted
    mapfile -t wanted < <(missing_tools)
    (( ${#wanted[@]} )) || return 0
    have apt-get || die "Missing: ${wanted[*]}. Install them with this system's package manager and run this again."
    say "Installing ${wanted[*]}"
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends "${wanted[@]}" >&2 ||
        die "apt could not install ${wanted[*]}: its message is above."
}

short_hash() { sha256sum | cut -c1-12; }
root_key() { printf '%s\n' "$SUITE" "${PACKAGES[@]}" "${MMDEBSTRAP[@]}" | short_hash; }
seed_key() { { root_key; folder_text "$TOP/tests/lab/seed"; } | short_hash; }
folder_text() { # FOLDER: the names, modes and contents of its files
    ( cd "$1" && find . -type f -printf '%m %p\n' | sort && find . -type f -print0 | sort -z | xargs -0 cat )
}

# Sets ROOT and SEED, made if need be. Whoever comes second waits at the lock and finds them made.
need_root() {
    is_root || die "This takes root (a Debian $SUITE root is made and entered): run \`sudo build-aux/dev …\`."
    mkdir -p "$CACHE"
    ROOT=$CACHE/root-$(root_key)
    SEED=$CACHE/seed-$(seed_key)
    if [[ ! -d $ROOT || ! -d $SEED || $(missing_tools) ]]; then
        ( flock 9
          install_tools
          [[ -d $ROOT ]] || make_packages
          [[ -d $SEED ]] || make_seed
        ) 9>"$CACHE/lock" || exit 1
    fi
    touch "$ROOT" "$SEED"
}

make_packages() {
    local list
    say "Making the Debian $SUITE root (once; a minute or two)"
    forget_old 'root-*'
    rm -rf --one-file-system "$ROOT.new"
    list=$(IFS=,; echo "${PACKAGES[*]}")
    # No mirror is named: mmdebstrap knows the suite's own.
    mmdebstrap "${MMDEBSTRAP[@]}" --include="$list" "$SUITE" "$ROOT.new" >&2 ||
        die "mmdebstrap could not make the root: its message is above. Is the network up?"
    rm -f "$ROOT.new/etc/hostname"   # it would win over the name a lab is given
    mv "$ROOT.new" "$ROOT"
}

make_seed() {
    say "Filling the lab (once; some seconds)"
    forget_old 'seed-*'
    rm -rf --one-file-system "$SEED.new"
    mkdir -p "$SEED.new"
    contained "seed-$$" systemd-nspawn "${NSPAWN[@]}" --as-pid2 --pipe -M "seed-$$" -D "$ROOT" \
        --overlay="+/:$SEED.new:/" --bind-ro="$TOP/tests/lab/seed:/seed" --private-network \
        bash /seed/seed.sh </dev/null >&2 || die "The lab could not be filled: see above."
    mv "$SEED.new" "$SEED"
}

forget_old() { # PATTERN: layers that no checkout has used for two weeks
    local old
    while read -r old; do
        rm -rf --one-file-system "$old"
    done < <(find "$CACHE" -maxdepth 1 -name "$1" -mtime +14)
}
