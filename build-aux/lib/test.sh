# `build-aux/dev test`: the stages, in order, stopping at the first that fails.
# shellcheck shell=bash

STAGES=(fmt scripts clippy unit fuzz no-gtk data lab)
PASSED=0
FAILED=0
LAB_PASSED=0   # of the lab test that ran last
LAB_FAILED=0
LAB_TESTS=()   # names given after `lab`: only tests/lab/test_NAME.py

test_main() {
    local stage chosen=()
    for stage in "$@"; do
        if [[ ${#chosen[@]} -gt 0 && ${chosen[-1]} == lab && -f $TOP/tests/lab/test_$stage.py ]]; then
            LAB_TESTS+=("$stage")
        elif [[ " ${STAGES[*]} " == *" $stage "* ]]; then
            chosen+=("$stage")
        else
            die "there is no stage '$stage': ${STAGES[*]}; after lab, the NAME of a tests/lab/test_NAME.py."
        fi
    done
    [[ ${#chosen[@]} -gt 0 ]] || chosen=("${STAGES[@]}")
    need_rust
    [[ ! -t 2 ]] || export CARGO_TERM_COLOR=always
    for stage in "${chosen[@]}"; do
        say "$stage"
        if ! "stage_${stage//-/_}"; then
            [[ $FAILED -gt 0 ]] || FAILED=1
            say "$stage failed"
            break
        fi
    done
    echo "$PASSED passed, $FAILED failed"
    [[ $FAILED == 0 ]]
}

passed() { PASSED=$((PASSED + ${1:-1})); }

# `A && B` and not set -e: a function called in a condition does not stop at a command that fails.

stage_fmt() {
    need_component rustfmt
    in_build cargo fmt --all --check && passed
}

stage_scripts() {
    local scripts=()
    mapfile -t scripts < <(cd "$TOP" && grep -rlE --include='*' -m1 '^(#!/bin/(ba)?sh|# shellcheck shell=bash)' .ci build-aux ci tests)
    in_build shellcheck "${scripts[@]}" && passed
}

stage_clippy() {
    need_component clippy
    in_build cargo clippy --quiet --locked --all-targets -- -D warnings && passed &&
        in_build cargo clippy --quiet --locked --no-default-features --all-targets -- -D warnings && passed
}

# Unit, scenario and GTK component tests, on a display and a bus of their own. Built first: they are run without a network.
stage_unit() {
    local log=$TOP/target/unit.log status=0 count
    need_nextest && in_build cargo nextest run --locked --no-run || return
    in_build --offline bash -euc "$(declare -f run_unit); run_unit" 2>&1 | tee "$log" || status=1
    count=$(sed -E 's/\x1b\[[0-9;]*m//g' "$log" | sed -nE 's/.*Summary .* ([0-9]+) passed.*/\1/p')
    passed "${count:-0}"
    count=$(sed -E 's/\x1b\[[0-9;]*m//g' "$log" | sed -nE 's/.*Summary .* ([0-9]+) failed.*/\1/p')
    FAILED=$((FAILED + ${count:-0}))
    return "$status"
}

run_unit() { # in the build environment
    local place
    place=$(mktemp -d)
    glib-compile-schemas --strict --targetdir="$place" data
    export GSETTINGS_SCHEMA_DIR=$place GSETTINGS_BACKEND=memory GSK_RENDERER=cairo GTK_A11Y=none XDG_RUNTIME_DIR=$place CARGO_NET_OFFLINE=true
    # Without -noreset the server starts anew whenever the last window is gone, and refuses who comes meanwhile.
    dbus-run-session -- xvfb-run -a --server-args='-screen 0 1280x1024x24 -noreset' cargo nextest run --no-fail-fast --locked --no-tests=pass \
        --run-ignored all
    cargo test --quiet --locked --doc
}

need_nextest() {
    in_build cargo nextest --version >/dev/null 2>&1 && return
    say "Building cargo-nextest (once; a few minutes)"
    owned_dir "$CACHE/tools" &&
        in_build sh -c 'CARGO_TARGET_DIR=$BKT_DEV_TOOLS/build cargo install --quiet --locked --root "$BKT_DEV_TOOLS" \
            --debug --no-default-features --features default-no-update cargo-nextest' &&
        rm -rf "$CACHE/tools/build"
}

# Each parser is fed what a fuzzer makes of fuzz/seeds: from the same seed and as many inputs each time, whatever the machine.
# With BKT_FUZZ_SECONDS it looks for new ones, so long for each parser. What makes one fail is kept in target/fuzz.
FUZZ_TARGETS=(keyfile gvariant gvdb manifest containerfile changelog ini merge boxes)
FUZZ_INPUTS=20000 # for each: some seconds for the slowest
# One input is a whole file with eight sections to place, each of which reads all of it again.
FUZZ_INPUTS_CONTAINERFILE=8000
stage_fuzz() {
    local name status=0
    in_build bash -euc "$(declare -f build_fuzz); build_fuzz" || return
    for name in "${FUZZ_TARGETS[@]}"; do
        if in_build --offline bash -euc "$(declare -f run_fuzz fuzz_program; declare -p FUZZ_INPUTS FUZZ_INPUTS_CONTAINERFILE); run_fuzz \"\$@\"" run_fuzz "$name" "${BKT_FUZZ_SECONDS:-}"; then
            passed
        else
            FAILED=$((FAILED + 1))
            status=1
        fi
    done
    return "$status"
}

fuzz_program() { echo "${CARGO_TARGET_DIR:-target}/fuzz/$(rustc -vV | sed -n 's/^host: //p')/fuzz"; }

# What cargo-fuzz would pass to a nightly compiler, without its sanitizer, which the stable one does not have. With --target,
# or build scripts would be instrumented too.
build_fuzz() { # in the build environment
    local flag flags='--cfg fuzzing -Cpasses=sancov-module'
    for flag in level=4 inline-8bit-counters pc-table trace-compares; do
        flags+=" -Cllvm-args=-sanitizer-coverage-$flag"
    done
    RUSTFLAGS=$flags CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/fuzz \
        cargo build --quiet --locked -p bucket-fuzz --profile fuzz --target "$(rustc -vV | sed -n 's/^host: //p')" --bins
}

# What was found in other runs is not used, so that a run can be repeated.
run_fuzz() { # NAME [SECONDS], in the build environment
    local program kept=target/fuzz/$1 corpus found limit=(-seed=1 -runs="$FUZZ_INPUTS")
    [[ $1 != containerfile ]] || limit=(-seed=1 -runs="$FUZZ_INPUTS_CONTAINERFILE" -max_len=512)
    [[ -z $2 ]] || limit=(-max_total_time="$2")
    program=$(fuzz_program)/$1
    corpus=$(mktemp -d)
    mkdir -p "$kept"
    if ! "$program" "${limit[@]}" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$kept/" "$corpus" "fuzz/seeds/$1" >"$kept/log" 2>&1; then
        grep -v '^#' "$kept/log" | tail -40 >&2
        found=$(sed -n 's/.*Test unit written to //p' "$kept/log")
        echo "$1: failed. To see it again: build-aux/dev shell -- $program ${found:-$kept/…}" >&2
        echo "Once it is mended, the input belongs to fuzz/seeds/$1." >&2
        return 1
    fi
    # Without feedback from the program it would be no fuzzing: the coverage has to be more than what the seeds give.
    awk -v name="$1" '/ cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") last = $(i + 1); if (!first) first = last }
        /^Done/ { runs = $2 }
        END { printf "%s: %d inputs, %d to %d places covered\n", name, runs, first, last; exit !(last > first && runs) }' "$kept/log"
}

# The command line must build, and run, on a machine that has no GTK.
stage_no_gtk() {
    in_build bash -euc "$(declare -f run_no_gtk); run_no_gtk" && passed 2
}

run_no_gtk() { # in the build environment
    local target=${CARGO_TARGET_DIR:-target}/no-gtk program needed seen=' ' name queue=(glib-2.0 gobject-2.0 gio-2.0 gio-unix-2.0 gmodule-2.0)
    # pkg-config shall find GLib and what GLib needs, and nothing else.
    rm -rf "$target/pkgconfig"
    mkdir -p "$target/pkgconfig"
    while (( ${#queue[@]} )); do
        name=${queue[0]}
        queue=("${queue[@]:1}")
        [[ $seen != *" $name "* ]] || continue
        seen+="$name "
        cp "$(pkg-config --variable=pcfiledir "$name")/$name.pc" "$target/pkgconfig/"
        while read -r name _; do queue+=("$name"); done < <(pkg-config --print-requires --print-requires-private "$name")
    done
    ! PKG_CONFIG_LIBDIR=$target/pkgconfig pkg-config --exists gtk4 || { echo "GTK is still within reach, so this proves nothing" >&2; return 1; }
    PKG_CONFIG_LIBDIR=$target/pkgconfig CARGO_TARGET_DIR=$target cargo build --quiet --locked --no-default-features --bins
    for program in bkt bkt-helper; do
        [[ -x $target/debug/$program ]] || continue
        needed=$(readelf -d "$target/debug/$program")
        if grep -iE 'NEEDED.*(gtk|adwaita|gdk)' <<< "$needed"; then
            echo "$program is linked with the libraries above" >&2
            return 1
        fi
    done
}

stage_data() {
    in_build bash -euc "$(declare -f run_data); run_data" && passed
}

run_data() { # in the build environment
    local po
    desktop-file-validate data/*.desktop
    # There is no homepage yet for the metainfo to name.
    appstreamcli validate --no-net --explain --override=url-homepage-missing=info data/*.metainfo.xml
    glib-compile-schemas --strict --dry-run data
    build-aux/update-po --check
    for po in po/*.po; do
        [[ ! -e $po ]] || msgfmt --check --output-file=/dev/null "$po"
    done
}

# Each file of tests/lab in a lab of its own. A lab that does not boot is a failure, except where there is no root to boot it.
stage_lab() {
    local file name all=0
    if ! is_root && [[ ${CI:-} != true ]]; then
        say "lab tests are left out: they take root (sudo build-aux/dev test lab)"
        return
    fi
    [[ ${#LAB_TESTS[@]} -gt 0 ]] || for file in "$TOP"/tests/lab/test_*.py; do
        name=${file##*/test_}
        LAB_TESTS+=("${name%.py}")
    done
    lab_program || return
    for name in "${LAB_TESTS[@]}"; do
        say "lab $name"
        lab_test "$name" || lab_again "$name" || all=1
    done
    return "$all"
}

# NAME: a desktop has many clocks, and a busy machine can miss one. What fails once and passes in a fresh lab is said, and
# its first log is kept beside the second.
lab_again() {
    local first=$TOP/target/lab/$1-first passed=$PASSED failed=$FAILED
    rm -rf "$first"
    mv "$TOP/target/lab/$1" "$first"
    say "lab $1 failed: once more, in a fresh lab"
    PASSED=$((passed - LAB_PASSED)) FAILED=$((failed - LAB_FAILED))
    lab_test "$1" || return
    say "lab $1 passed at the second try; the first: $first"
}

lab_test() { # NAME
    local out=$TOP/target/lab/$1 status=0 needs=()
    ! grep -q '^# Needs: image$' "$TOP/tests/lab/test_$1.py" || needs=(--image)
    ! grep -q '^# Needs: boxes$' "$TOP/tests/lab/test_$1.py" || needs=(--boxes)
    rm -rf "$out"
    mkdir -p "$out"
    "$TOP/build-aux/dev" lab --out "$out" "${needs[@]}" -- python3 -B -Wignore /lab/run "$1" </dev/null 2>&1 | tee "$out/log" || status=1
    # A lab that never came to its tests counts as one failure.
    read -r LAB_PASSED LAB_FAILED <<< "$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$out/log" | tail -1)"
    LAB_PASSED=${LAB_PASSED:-0} LAB_FAILED=${LAB_FAILED:-1}
    [[ $status == 0 || $LAB_FAILED != 0 ]] || LAB_FAILED=1
    passed "$LAB_PASSED"
    FAILED=$((FAILED + LAB_FAILED))
    if [[ $status == 0 ]]; then
        rm -rf "$out"
    else
        say "log, journal and screenshots: $out"
    fi
    return "$status"
}
