# Runs a script in the files of a container that does not run: stopped.sh ID SCRIPT, inside `podman unshare`.
# What is mounted goes again, whatever happens; the container's own files can only be read.
trap : INT TERM HUP
root=$(podman mount "$1") || exit
# Mounts of a namespace of its own end with it.
unshare --mount sh -c '
    mount --bind "$1" "$1" && cd "$1" || exit
    for dir in dev proc sys; do
        [ ! -d "$dir" ] || mount --rbind "/$dir" "$dir" || exit
    done
    # Locks and logs are written wherever packages are asked for.
    for dir in run tmp var/tmp var/log var/cache var/lock; do
        [ ! -d "$dir" ] || [ -L "$dir" ] || mount -t tmpfs tmpfs "$dir" || exit
    done
    # An older dnf writes into its history when it opens it.
    if [ -d var/lib/dnf ] && [ -d run ]; then
        mkdir run/dnf && cp -a var/lib/dnf/. run/dnf/ && mount --bind run/dnf var/lib/dnf || exit
    fi
    mount -o remount,bind,ro "$1" || exit
    exec chroot "$1" /bin/sh -c "$2"
' sh "$root" "$2"
status=$?
podman umount "$1" >/dev/null
exit "$status"
