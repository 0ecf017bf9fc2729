# What a lab takes to have development boxes: distrobox as one more layer over what images are built with, and images of boxes.
# Made once (a minute), and only for the lab tests that say `# Needs: boxes`.
# shellcheck shell=bash

BOX_PACKAGES=(diffutils findutils hostname mount passwd procps sudo) # of what distrobox looks for
BOX_DNF5_SUITE=forky                                                  # the first that has dnf5

boxes_key() {
    { image_key; printf '%s\n' "${BOX_PACKAGES[@]}" "$BOX_DNF5_SUITE"; folder_text "$TOP/tests/lab/box"; cat "$TOP/build-aux/lib/boxes.sh"; } | short_hash
}

# Sets BOXES, made if need be: the layer. It holds images as /srv/lab/box-{apt,dnf,dnf5}.tar.
need_boxes() {
    need_image
    BOXES=$CACHE/boxes-$(boxes_key)
    if [[ ! -d $BOXES ]]; then
        ( flock 9
          [[ -d $BOXES ]] || make_boxes
        ) 9>"$CACHE/lock" || exit 1
    fi
    touch "$BOXES"
}

make_boxes() {
    local kind box list
    say "Making what boxes are made of (once; a minute)"
    forget_old 'boxes-*'
    rm -rf --one-file-system "$BOXES.new" "$BOXES".{apt,dnf,dnf5}
    mkdir -p "$BOXES.new" "$BOXES.dnf"
    contained "boxes-$$" systemd-nspawn "${NSPAWN[@]}" --as-pid2 --pipe -M "boxes-$$" -D "$ROOT" --resolv-conf=replace-host \
        --overlay="+/:$IMAGE:$BOXES.new:/" --bind-ro="$TOP/tests/lab/box:/box" \
        bash /box/layer.sh distrobox </dev/null >&2 || die "The layer for boxes could not be made: see above."
    list=$(IFS=,; echo "${BOX_PACKAGES[*]}")
    mmdebstrap "${MMDEBSTRAP[@]}" --include="$list" "$SUITE" "$BOXES.apt" >&2 || die "mmdebstrap could not make a box with apt: its message is above. Is the network up?"
    # What is tested changes daily: the newest list that is to be had does, whatever its date.
    mmdebstrap "${MMDEBSTRAP[@]}" --aptopt='Acquire::Check-Valid-Until "false"' --include="$list,dnf5,rpm" "$BOX_DNF5_SUITE" "$BOXES.dnf5" >&2 ||
        die "mmdebstrap could not make a box with dnf5: its message is above. Is the network up?"
    tar -C "$BOXES.dnf" --numeric-owner -xf "$IMAGE/srv/lab/base.tar"
    contained "box-$$" systemd-nspawn "${NSPAWN[@]}" --as-pid2 --pipe -M "box-$$" -D "$BOXES.dnf" --resolv-conf=replace-host \
        sh -euc 'apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/dev/null; rm -f /etc/resolv.conf' \
        sh "${BOX_PACKAGES[@]}" </dev/null >&2 || die "Packages of a box could not be installed: see above."
    for kind in apt dnf dnf5; do
        box=$BOXES.$kind
        contained "box-$$" systemd-nspawn "${NSPAWN[@]}" --as-pid2 --pipe -M "box-$$" -D "$box" --private-network \
            --bind-ro="$TOP/tests/lab/box:/box" --bind-ro="$TOP/tests/lab/image:/image" --bind-ro="$IMAGE/srv/lab/rpm:/rpm" --bind-ro="$BOXES.new/srv/lab/deb:/deb" \
            bash /box/box.sh "$kind" </dev/null >&2 || die "The image of a box with $kind could not be made: see above."
        rm -rf --one-file-system "$box"/{box,image,rpm,deb}
        tar -C "$box" --numeric-owner --sort=name --one-file-system -cf "$BOXES.new/srv/lab/box-$kind.tar" .
        rm -rf --one-file-system "$box"
    done
    rm -rf --one-file-system "$BOXES.new/box"
    mv "$BOXES.new" "$BOXES"
}
