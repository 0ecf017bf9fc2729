# What a lab takes to build images in it: podman and a small RPM repository as one more layer, and a base image with dnf in it.
# Made once (a minute), and only for the lab tests that say `# Needs: image`.
# shellcheck shell=bash

IMAGE_PACKAGES=(podman crun passt uidmap netavark dnf rpm createrepo-c gnupg openssl)
BASE_PACKAGES=(dnf dnf-plugins-core rpm systemd curl ca-certificates)

image_key() {
    { root_key; printf '%s\n' "${IMAGE_PACKAGES[@]}" "${BASE_PACKAGES[@]}"; folder_text "$TOP/tests/lab/image"; cat "$TOP/build-aux/lib/image.sh"; } | short_hash
}

# Sets IMAGE, made if need be: the layer. It holds the base image as /srv/lab/base.tar.
need_image() {
    need_root
    IMAGE=$CACHE/image-$(image_key)
    if [[ ! -d $IMAGE ]]; then
        ( flock 9
          [[ -d $IMAGE ]] || make_image
        ) 9>"$CACHE/lock" || exit 1
    fi
    touch "$IMAGE"
}

make_image() {
    local base=$IMAGE.base list
    say "Making what images are built with (once; a minute)"
    forget_old 'image-*'
    rm -rf --one-file-system "$IMAGE.new" "$base"
    mkdir -p "$IMAGE.new"
    contained "image-$$" systemd-nspawn "${NSPAWN[@]}" --as-pid2 --pipe -M "image-$$" -D "$ROOT" --resolv-conf=replace-host \
        --overlay="+/:$IMAGE.new:/" --bind-ro="$TOP/tests/lab/image:/image" \
        bash /image/layer.sh "${IMAGE_PACKAGES[@]}" </dev/null >&2 || die "The layer for image builds could not be made: see above."
    list=$(IFS=,; echo "${BASE_PACKAGES[*]}")
    mmdebstrap "${MMDEBSTRAP[@]}" --include="$list" "$SUITE" "$base" >&2 ||
        die "mmdebstrap could not make the base image: its message is above. Is the network up?"
    contained "base-$$" systemd-nspawn "${NSPAWN[@]}" --as-pid2 --pipe -M "base-$$" -D "$base" --private-network \
        --bind-ro="$TOP/tests/lab/image:/image" --bind-ro="$IMAGE.new/srv/lab/rpm:/rpm" --bind-ro="$IMAGE.new/srv/lab/site.crt:/site.crt" \
        bash /image/base.sh </dev/null >&2 || die "The base image could not be made: see above."
    rm -rf --one-file-system "$IMAGE.new/image" "$base/image" "$base/rpm" "$base/site.crt"
    tar -C "$base" --numeric-owner --sort=name --one-file-system -cf "$IMAGE.new/srv/lab/base.tar" .
    rm -rf --one-file-system "$base"
    mv "$IMAGE.new" "$IMAGE"
}
