# `build-aux/dev run`: Bucket at its main job, on this desktop or in a lab.
# shellcheck shell=bash

run_main() {
    if has_display && has_native_gtk; then
        run_here "$@"
    else
        run_in_lab
    fi
}

run_here() {
    local stage=$TOP/target/stage/usr
    need_rust
    say "Building for this desktop"
    ( cd "$TOP" && cargo build --locked --bins )
    rm -rf "$TOP/target/stage"
    BKT_DEV_BUILD=${CARGO_TARGET_DIR:-$TOP/target}/debug "$TOP/build-aux/install" "$TOP/target/stage" /usr
    glib-compile-schemas "$stage/share/glib-2.0/schemas"
    say "Opening Bucket"
    PATH=$stage/bin:$PATH GSETTINGS_SCHEMA_DIR=$stage/share/glib-2.0/schemas \
        XDG_DATA_DIRS=$stage/share:${XDG_DATA_DIRS:-/usr/local/share:/usr/share} "$stage/bin/bucket" "$@"
}

run_in_lab() {
    local out=$TOP/target/screenshots
    LAB_IMAGE=yes # for its RPM packages
    say "No display, or a libadwaita older than 1.7: showing Bucket in a lab"
    rm -rf "$out"
    lab_start "$out"
    say "A distribution, and a desktop that has drifted from it"
    lab_user bash /lab/demo.sh
    say "bkt status"
    lab_user bkt status
    say "Opening Bucket"
    lab_user python3 -B -Wignore /lab/show.py
    say "Screenshots"
    printf '%s\n' "$out"/*.png
}
