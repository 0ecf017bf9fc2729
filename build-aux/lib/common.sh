# Paths and words that every part of build-aux/dev shares. Sourced with TOP set to the checkout.
# shellcheck shell=bash

HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
CACHE=${BKT_DEV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bucket-dev}
TRIXIE_TARGET=$TOP/target/trixie   # apart from target/: builds of the root and of the machine must not mix

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [[ $(id -u) == 0 ]]; }

# Under sudo the checkout belongs to someone else: what is built must stay theirs, and so must the cargo home.
OWNER=$(stat -c %u "$TOP")
OWNER_GROUP=$(stat -c %g "$TOP")
OWNER_HOME=$HOME
if is_root && [[ $OWNER != 0 ]]; then
    OWNER_HOME=$(getent passwd "$OWNER" | cut -d: -f6 || true)
    OWNER_HOME=${OWNER_HOME:-$HOME}
fi
CARGO_HOME=${CARGO_HOME:-$OWNER_HOME/.cargo}
export CARGO_HOME

as_owner() { # CMD…: as the one the checkout belongs to
    if is_root && [[ $OWNER != 0 ]]; then
        HOME=$OWNER_HOME setpriv --reuid="$OWNER" --regid="$OWNER_GROUP" --clear-groups "$@"
    else
        "$@"
    fi
}

owned_dir() { # DIR…: made if missing, and the owner's
    mkdir -p "$@"
    ! is_root || chown "$OWNER:$OWNER_GROUP" "$@"
}

need_rust() { # sets SYSROOT
    local rustc version
    rustc=$(command -v rustc || true)
    if [[ -z $rustc && -x $CARGO_HOME/bin/rustc ]]; then
        rustc=$CARGO_HOME/bin/rustc
        PATH=$CARGO_HOME/bin:$PATH
    fi
    [[ $rustc ]] || die "Rust is missing: install it with rustup, version $(rust_wanted) or newer, and run this again."
    SYSROOT=$(cd "$TOP" && as_owner "$rustc" --print sysroot) || die "rustc does not run: \`rustup default stable\` sets a toolchain."
    version=$("$SYSROOT/bin/rustc" --version | cut -d' ' -f2)
    [[ $(printf '%s\n' "$(rust_wanted)" "${version%%-*}" | sort -V | head -1) == "$(rust_wanted)" ]] ||
        die "Rust $version is too old: \`rustup update\` brings $(rust_wanted) or newer."
}

rust_wanted() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$TOP/Cargo.toml"; }

need_component() { # clippy | rustfmt
    local program=$1
    [[ $program == clippy ]] && program=clippy-driver
    [[ -x $SYSROOT/bin/$program ]] || die "Rust's $1 is missing: \`rustup component add $1\` brings it."
}

has_native_gtk() { have pkg-config && pkg-config --exists 'libadwaita-1 >= 1.7' 'gtk4 >= 4.18'; }

has_display() { [[ ${WAYLAND_DISPLAY:-}${DISPLAY:-} ]]; }
