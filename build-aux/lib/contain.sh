# Starting systemd-nspawn so that several of them, from several checkouts, never meet.
# shellcheck shell=bash

# With systemd on this machine nspawn asks it for a scope of its own; without, `contained` makes the cgroup.
NSPAWN=(--quiet --register=no)
[[ -d /run/systemd/system ]] || NSPAWN+=(--keep-unit)

cgroup_trees() {
    [[ -d /run/systemd/system ]] && return
    if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then
        echo /sys/fs/cgroup
    else
        printf '%s\n' /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
    fi
}

# NAME CMD…: CMD in a cgroup and a mount namespace of its own, which are gone when it ends.
contained() {
    local status=0
    ( contain "$@" ) || status=$?
    leave_cgroup "$1"
    return "$status"
}

# The same, replacing the (sub)shell that calls it; `leave_cgroup` is the caller's to do.
# Two containers in one cgroup would each see the other's processes in their services, and stopping one would take two minutes.
# /run/systemd/nspawn is made a tmpfs because nspawn, on leaving, refuses to tidy up on a disk file system and says so.
# Should this script be killed, nspawn is told to stop.
contain() {
    local name=$1
    shift
    join_cgroup "$name"
    mkdir -p /run/systemd/nspawn
    # shellcheck disable=SC2016 # for the inner shell
    exec setpriv --pdeathsig TERM unshare --mount bash -c 'mount -t tmpfs tmpfs /run/systemd/nspawn && exec "$@"' contain "$@"
}

join_cgroup() { # NAME: this (sub)shell moves there
    local tree
    for tree in $(cgroup_trees); do
        mkdir -p "$tree/bucket-$1"
        echo "$BASHPID" > "$tree/bucket-$1/cgroup.procs"
    done
}

leave_cgroup() { # NAME: removed, once empty
    local tree
    for tree in $(cgroup_trees); do
        [[ ! -d $tree/bucket-$1 ]] || find "$tree/bucket-$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}
