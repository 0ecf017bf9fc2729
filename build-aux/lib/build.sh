# Where a command of the build runs: on the machine when its GTK is new enough, else in the trixie root.
# shellcheck shell=bash

# [--offline] CMD…: CMD in the checkout, natively or in the root.
in_build() {
    if has_native_gtk; then
        [[ $1 != --offline ]] || shift
        ( cd "$TOP" && BKT_DEV_TOOLS=$CACHE/tools PATH=$CACHE/tools/bin:$PATH "$@" )
    else
        in_root "$@"
    fi
}

# [--offline] CMD…: CMD in the root, as the checkout's owner. The checkout, the cargo home and the Rust toolchain are where they
# are on the machine, so that paths in messages hold; whatever else CMD writes is gone when it ends. Builds run side by side.
in_root() {
    local network=() console=(--pipe) flags=() name ca
    if [[ $1 == --offline ]]; then
        network=(--private-network)
        shift
    fi
    need_root
    need_rust
    [[ $SYSROOT != /usr ]] || die "The trixie root needs a Rust toolchain outside /usr: install one with rustup and put it first in PATH."
    owned_dir "$CARGO_HOME" "$TOP/target" "$TRIXIE_TARGET"
    mkdir -p "$CACHE/tools/bin"
    chown -R "$OWNER:$OWNER_GROUP" "$CACHE/tools"
    [[ ! -t 0 || ! -t 1 ]] || console=()
    for ca in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
        [[ -f $ca ]] || continue
        flags+=(--bind-ro="$ca:/etc/ssl/certs/ca-certificates.crt" -E SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt)
        break
    done
    for name in http_proxy https_proxy no_proxy HTTPS_PROXY CI RUST_BACKTRACE CARGO_TERM_COLOR CARGO_BUILD_JOBS TERM; do
        [[ ! -v $name ]] || flags+=(-E "$name=${!name}")
    done
    # A worktree's .git is a file that names a folder elsewhere.
    [[ ! -f $TOP/.git ]] || flags+=(--bind="$(git -c safe.directory='*' -C "$TOP" rev-parse --path-format=absolute --git-common-dir)")
    # cargo prefers what lies in its home, rustup's stand-ins too: those are told which toolchain is meant.
    flags+=(-E RUSTUP_TOOLCHAIN="$SYSROOT")
    name=build-$$-$RANDOM
    contained "$name" systemd-nspawn "${NSPAWN[@]}" --as-pid2 "${console[@]}" "${network[@]}" -M "$name" -D "$ROOT" --volatile=overlay \
        --resolv-conf=replace-host --bind="$TOP" --bind="$CARGO_HOME" --bind="$CACHE/tools:/opt/tools" --bind-ro="$SYSROOT" "${flags[@]}" \
        -E CARGO_HOME="$CARGO_HOME" -E CARGO_TARGET_DIR="$TRIXIE_TARGET" -E HOME=/tmp -E LANG=C.UTF-8 \
        -E BKT_DEV_TOOLS=/opt/tools -E PATH="$SYSROOT/bin:/opt/tools/bin:/usr/bin:/usr/sbin" --chdir="$TOP" \
        setpriv --reuid="$OWNER" --regid="$OWNER_GROUP" --clear-groups -- "$@"
}

clean() {
    local lab
    for lab in "$CACHE"/labs/*; do
        [[ ! -e $lab/lock ]] || flock --nonblock "$lab/lock" true || die "a lab is running: stop it first."
    done
    rm -rf --one-file-system "$CACHE" "$TRIXIE_TARGET" "$TOP/target/lab" "$TOP/target/screenshots"
}
