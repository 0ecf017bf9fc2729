# What the scripts of ci/ share; each reads it first. They run at a forge and on your own machine alike, and take what they
# need from the environment: README.md has the list.
# shellcheck shell=sh
set -eu

TOP=$(cd "$(dirname "$0")/.." && pwd)
cd "$TOP"
# What one script leaves to the next: out/bin, out/*.digest, out/release-notes.md.
OUT=$TOP/out
PATH=$OUT/bin:$PATH

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# OWNER and NAME are this repository's at the forge, where nothing else is said. Image names have no capitals.
repository=${GITHUB_REPOSITORY:-${CI_PROJECT_PATH:-}}
OWNER=$(printf %s "${OWNER:-${repository%/*}}" | tr '[:upper:]' '[:lower:]')
NAME=$(printf %s "${NAME:-${repository##*/}}" | tr '[:upper:]' '[:lower:]')
REGISTRY=${REGISTRY:-${CI_REGISTRY:-}}

# An image as it was built here, before it has a place.
built() { # NAME
    printf 'localhost/%s:build\n' "$1"
}

# Where an image of this repository is published, without a tag.
published() { # NAME
    [ -n "$REGISTRY" ] || die "REGISTRY is not set. Set it to the registry that images go to, such as registry.example."
    [ -n "$OWNER" ] || die "OWNER is not set. Set it to whose images these are at $REGISTRY."
    printf '%s/%s/%s\n' "$REGISTRY" "$OWNER" "$1"
}

need_name() { [ -n "$NAME" ] || die "NAME is not set. Set it to the name that the image is to have."; }

# The images that are built: what each is for, its name, its Containerfile.
images() {
    need_name
    printf '%s %s %s\n' host "$NAME" Containerfile toolbox "$NAME/toolbox" toolbox/Containerfile
}

# The base image that a Containerfile names: its first ARG.
base_of() { # FILE
    base=$(sed -n 's/^ARG BASE_IMAGE=//p' "$1" | head -n 1)
    [ -n "$base" ] || die "$1 names no base image: it takes a line ARG BASE_IMAGE=… before FROM."
    printf '%s\n' "$base"
}

# An image's name without its tag and digest.
bare() { # IMAGE
    image=${1%@*}
    case ${image##*/} in
        *:*) printf '%s\n' "${image%:*}" ;;
        *) printf '%s\n' "$image" ;;
    esac
}

# Gets an image as it is now. One that was made on this machine is nowhere else.
fetch() { # IMAGE
    case $1 in
        localhost/*) ;;
        *) podman pull --quiet "$1" >/dev/null ;;
    esac
}

# Signs in to the registry, until the script ends, where there is something to sign in with.
sign_in() {
    user=${REGISTRY_USER:-${CI_REGISTRY_USER:-}}
    password=${REGISTRY_PASSWORD:-${CI_REGISTRY_PASSWORD:-}}
    [ -n "$user" ] && [ -n "$password" ] || return 0
    # One file for podman and for cosign, and not among what is kept.
    DOCKER_CONFIG=$(mktemp -d)
    trap 'rm -rf "$DOCKER_CONFIG"' EXIT
    REGISTRY_AUTH_FILE=$DOCKER_CONFIG/config.json
    export DOCKER_CONFIG REGISTRY_AUTH_FILE
    printf %s "$password" | podman login --username "$user" --password-stdin "$REGISTRY" >&2
}

# The newest version of the changelog; nothing where there is none yet.
version() {
    grep -o '"version" *: *"[0-9][0-9.]*"' changelog.json | sed 's/.*"\([0-9.]*\)"$/\1/' | sort -V | tail -n 1
}
