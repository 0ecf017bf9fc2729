# Labs: the trixie root booted with a GNOME desktop, pristine each time, the program installed in it as a package would.
# shellcheck shell=bash

LAB_HOME=/home/dev
LAB=          # the running lab's name and folder, its nspawn, and the process that is its PID 1
LAB_DIR=
LAB_NSPAWN=
LAB_LEADER=
LAB_IMAGE=    # set: a lab that images can be built in
LAB_BOXES=    # set: and that has development boxes
LAB_PROGRAM=${BKT_DEV_PROGRAM:-}   # the program, installed: of several labs by whoever starts them, else the lab's own

# OUT: builds the program, boots a lab with it and logs its user in. OUT is a folder of this machine that the lab sees as /out.
lab_start() {
    local out=$1
    need_root
    [[ ! $LAB_IMAGE ]] || need_image
    [[ ! $LAB_BOXES ]] || need_boxes
    LAB=lab-$$-$RANDOM
    LAB_DIR=$CACHE/labs/$LAB
    trap lab_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    lab_make_dir
    mkdir -p "$out"
    chmod 1777 "$out"
    [[ $LAB_PROGRAM ]] || lab_install
    lab_boot "$out"
    lab_log_in
}

# Built and installed in the root, whatever this machine is: a lab is trixie, and so are the tools and libraries installing needs.
# Installed in target/ first, which the root sees, and as its owner; in a lab such files are root's.
lab_install() {
    local stage=$TRIXIE_TARGET/stage-$LAB
    in_root sh -euc 'cargo build --quiet --locked --bins && BKT_DEV_BUILD=$CARGO_TARGET_DIR/debug build-aux/install "$0" /usr' "$stage" </dev/null &&
        chown -R root:root "$stage" && mv "$stage" "$LAB_DIR/program" && LAB_PROGRAM=$LAB_DIR/program
}

# Installed once for all labs that this script starts with `build-aux/dev lab`: it is the same, and they only read it.
lab_program() {
    LAB=program-$$-$RANDOM
    LAB_DIR=$CACHE/labs/$LAB
    trap lab_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    lab_make_dir && lab_install && export BKT_DEV_PROGRAM=$LAB_PROGRAM
}

# The lock is held by this script and by the lab: a folder that is not locked was left by a crash.
lab_make_dir() {
    local old
    mkdir -p "$CACHE/labs"
    exec 9>"$CACHE/lock"
    flock 9
    for old in "$CACHE"/labs/*/; do
        if [[ -e $old/lock ]] && flock --nonblock "$old/lock" true; then
            leave_cgroup "$(basename "$old")"
            rm -rf --one-file-system "$old"
        fi
    done
    mkdir -p "$LAB_DIR/upper"
    exec 8>"$LAB_DIR/lock"
    flock 8
    # Only now: a folder that is not locked is anybody's to remove.
    exec 9>&-
}

# The layers, lowest first: packages, what a lab contains, what images are built with, what boxes are made with, the program, what this lab writes.
lab_boot() {
    local binds=() layers=$SEED state
    [[ ! -e /dev/fuse ]] || binds=(--bind=/dev/fuse)
    if [[ $LAB_IMAGE ]]; then
        layers+=:$IMAGE${LAB_BOXES:+:$BOXES}
        # Podman's own layers are an overlay, which cannot lie on another: they get a folder of this machine.
        mkdir -p "$LAB_DIR/containers"
        chown 1000:1000 "$LAB_DIR/containers"
        binds+=(--bind="$LAB_DIR/containers:/var/lib/lab-containers")
        # A container's network is set up in /proc/sys/net.
        export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
    fi
    contain "$LAB" systemd-nspawn "${NSPAWN[@]}" -M "$LAB" --hostname=lab -D "$ROOT" \
        --overlay="+/:$layers:$LAB_PROGRAM:$LAB_DIR/upper:/" --system-call-filter=@keyring --private-network --boot --console=pipe \
        "${binds[@]}" --bind-ro="$TOP/tests/lab:/lab" --bind-ro="$TOP/tests/standins:/standins" --bind="$1:/out" </dev/null >"$LAB_DIR/console.log" 2>&1 &
    LAB_NSPAWN=$!
    for _ in $(seq 600); do
        lab_runs || { cat "$LAB_DIR/console.log" >&2; die "the lab did not start: nspawn's words are above."; }
        LAB_LEADER=$(pgrep -P "$LAB_NSPAWN" | head -1 || true)
        if [[ $LAB_LEADER ]]; then
            state=$(nsenter -t "$LAB_LEADER" -a systemctl is-system-running --wait 2>/dev/null || true)
            case $state in
                running) return ;;
                degraded) lab_enter systemctl --failed --no-pager >&2; die "a unit failed while the lab booted: see above." ;;
            esac
        fi
        sleep .05
    done
    cat "$LAB_DIR/console.log" >&2
    die "the lab was not ready within half a minute: its console is above."
}

lab_runs() { kill -0 "$LAB_NSPAWN" 2>/dev/null; }

# The Shell says it is ready before its start-up animation, which opens the overview again: leave the overview only after that.
# The input devices are made now, before any program connects: one that sees the pointer appear loses its first click.
lab_log_in() {
    lab_root systemctl start lab-session </dev/null
    lab_user systemctl --user start lab-shell </dev/null
    lab_user lab-ui ready </dev/null || die "GNOME Shell did not become ready."
}

lab_enter() { nsenter -t "$LAB_LEADER" -a env -i PATH=/usr/bin:/usr/sbin "$@"; }

# CMD…: as the lab's root. Through systemd, so that nspawn's limits hold for it as for a service.
lab_root() { lab_enter systemd-run --quiet --pipe --wait --collect --service-type=exec -E HOME=/root -E LANG=C.UTF-8 -- "$@"; }

# CMD…: as the lab's user, in the session: the right environment and cgroup, and for polkit the active user at the seat.
# KillMode=process: what CMD leaves running outlives it.
lab_user() {
    local stdio=--pipe
    [[ ! -t 0 || ! -t 1 ]] || stdio=--pty
    lab_enter runuser -u dev -- env -i PATH=/usr/local/bin:/usr/bin XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus \
        systemd-run --user --quiet $stdio --wait --collect --service-type=exec -p KillMode=process \
        -p WorkingDirectory=$LAB_HOME -E TERM="${TERM:-dumb}" -- "$@"
}

# Nothing of a lab is kept, so nothing in it is asked to end: its leader's death ends every process; nspawn's own would not.
lab_stop() {
    local status=$?
    trap - EXIT INT TERM HUP
    [[ $LAB ]] || return "$status"
    if [[ $LAB_NSPAWN ]]; then
        if [[ $LAB_LEADER ]]; then
            kill -9 "$LAB_LEADER" 2>/dev/null || true
        else
            kill "$LAB_NSPAWN" 2>/dev/null || true
        fi
        wait "$LAB_NSPAWN" || true
    fi
    leave_cgroup "$LAB"
    exec 8>&-
    rm -rf --one-file-system "$LAB_DIR"
    LAB=
    return "$status"
}
