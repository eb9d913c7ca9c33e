#!/bin/sh
# Installs or builds what the tests, the demo and the benchmarks need. Does nothing, quickly, when all is there.
# Python packages of the apps are only fetched into pip's cache; the local model installs them where it wants them.
# What Maven needs goes into the user's own repository, where every build finds it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/.build

say() {
    printf '%s\n' "$*" >&2
}

# wants PACKAGE COMMAND…: the Debian package is missing unless the command succeeds.
missing=
wants() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has_postgresql() {
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$program" ] && return
    done
    command -v initdb
}

has_mariadb() {
    command -v mariadb-install-db && { command -v mariadbd || [ -x /usr/sbin/mariadbd ]; }
}

has_static_libc() {
    [ -e "$(cc -print-file-name=libc.a)" ]
}

# At least MAJOR.MINOR: at_least 1.89 1.95.0
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

system_packages() {
    wants ca-certificates test -s /etc/ssl/certs/ca-certificates.crt
    wants curl command -v curl
    wants gcc command -v cc
    wants libc6-dev has_static_libc
    # Without `mariadb-server`, which makes a service of it.
    wants mariadb-client-core command -v mariadb
    wants mariadb-server-core has_mariadb
    wants maven command -v mvn
    wants openjdk-17-jdk-headless command -v javac
    wants postgresql has_postgresql
    wants prometheus command -v promtool
    wants python3 test -x /bin/python3
    wants python3-pip /bin/python3 -m pip --version
    wants util-linux command -v setpriv
    [ -n "$missing" ] || return 0
    # Words of the list are packages.
    # shellcheck disable=SC2086
    set -- $missing
    if ! command -v apt-get >/dev/null; then
        say "not installed: $*; these are Debian's names, install them with the tool of this system"
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "not installed: $*; run this, and then the same again:"
        say "    sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends $*'"
        exit 1
    fi
    say "installing $*"
    # Our standard output is nobody's business but ours.
    apt-get update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        install --yes --no-install-recommends "$@" >&2
}

rust() {
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/../Cargo.toml")
    if ! command -v cargo >/dev/null || ! found=$(cargo --version); then
        say "\`cargo\` is missing; install Rust $wanted or newer as https://rustup.rs says"
        exit 1
    fi
    found=$(printf '%s' "$found" | cut -d ' ' -f 2)
    if ! at_least "$wanted" "$found"; then
        say "cargo is $found, Charmwright needs $wanted or newer; run: rustup update stable"
        exit 1
    fi
}

wheels() {
    mkdir -p "$build"
    key=$( (/bin/python3 --version && cat "$here"/apps/*/*/requirements.txt "$here"/gunicorn/*.txt) | sha256sum)
    if [ "$(cat "$build/wheels" 2>/dev/null)" = "$key" ]; then
        return
    fi
    say "fetching the Python packages of the apps"
    directory=$(mktemp -d)
    trap 'rm -rf "$directory"' EXIT
    for requirements in "$here"/apps/*/*/requirements.txt; do
        # The extensions add these to the image.
        /bin/python3 -m pip download --quiet --disable-pip-version-check --dest "$directory" \
            --requirement "$requirements" 'gunicorn~=23.0' uvicorn >&2
    done
    # Of gunicorn, the tests want several versions.
    for requirements in "$here"/gunicorn/*.txt; do
        /bin/python3 -m pip download --quiet --disable-pip-version-check --dest "$(mktemp -d -p "$directory")" \
            --requirement "$requirements" >&2
    done
    rm -rf "$directory"
    printf '%s\n' "$key" >"$build/wheels"
}

# A build is what fetches all that a build needs, plugins and their dependencies too.
jars() {
    mkdir -p "$build"
    key=$( (mvn --version 2>/dev/null && cat "$here"/apps/*/app/pom.xml) | sha256sum)
    if [ "$(cat "$build/jars" 2>/dev/null)" = "$key" ]; then
        return
    fi
    say "fetching the Java packages of the apps"
    directory=$(mktemp -d)
    trap 'rm -rf "$directory"' EXIT
    for pom in "$here"/apps/*/app/pom.xml; do
        cp -R "$(dirname "$pom")" "$directory/app"
        mvn --batch-mode --quiet --no-transfer-progress -Dstyle.color=never \
            --file "$directory/app/pom.xml" package >&2
        rm -rf "$directory/app"
    done
    rm -rf "$directory"
    printf '%s\n' "$key" >"$build/jars"
}

system_packages
rust
"$here/pebble.sh" >/dev/null
wheels
jars
