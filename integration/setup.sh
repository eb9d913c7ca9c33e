#!/bin/sh
# Installs or builds what the tests, the demo and the benchmarks need. Does nothing, quickly, when all is there.
# Python packages of the apps are only fetched into pip's cache; the local model installs them where it wants them.
# What Go, Maven and npm need goes into the user's own caches, where every build finds it.
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
    wants nodejs command -v node
    wants npm command -v npm
    wants openjdk-17-jdk-headless command -v javac
    wants openssl command -v openssl
    wants postgresql has_postgresql
    wants prometheus command -v promtool
    wants python3 test -x /bin/python3
    wants python3-aiosmtpd /usr/bin/python3 -c 'import aiosmtpd'
    wants python3-pip /bin/python3 -m pip --version
    wants rabbitmq-server test -x /usr/lib/rabbitmq/bin/rabbitmq-server
    wants redis-server command -v redis-server
    # Without `tinyproxy`, which makes a service of it.
    wants tinyproxy-bin command -v tinyproxy
    wants util-linux command -v setpriv
    wants xz-utils command -v xz
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

go_and_node() {
    found=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || found=
    # What the providers and the app of Go are made of wants it.
    if ! at_least 1.26 "$found"; then
        say "Go is ${found:-missing}, 1.26 or newer is needed; install it as https://go.dev/doc/install says"
        exit 1
    fi
    found=$(node --version | sed 's/^v//')
    if ! at_least 18 "$found"; then
        say "Node.js is $found, 18 or newer is needed; install it as https://nodejs.org/en/download says"
        exit 1
    fi
}

# The local model looks for it on PATH, and where \`go install\` puts programs.
build_statsd_exporter() {
    for program in prometheus-statsd-exporter statsd_exporter "$(go env GOPATH)/bin/statsd_exporter"; do
        if command -v "$program" >/dev/null; then
            return
        fi
    done
    say "building the statsd exporter"
    CGO_ENABLED=0 GOBIN=$(go env GOPATH)/bin go install github.com/prometheus/statsd_exporter@v0.26.0 >&2
}

# build_server PROVIDER PROGRAM: as the provider says. Hundreds of packages take minutes.
build_server() {
    for program in "$2" "$(go env GOPATH)/bin/$2"; do
        if command -v "$program" >/dev/null; then
            return
        fi
    done
    install=$(sed -n 's/^install: //p' "$here/../metadata/providers/$1.yaml")
    say "building $2"
    # A command of several words.
    # shellcheck disable=SC2086
    CGO_ENABLED=0 GOBIN=$(go env GOPATH)/bin $install >&2
}

# The provider `hydra` looks for it there, and where `npm install --global` puts packages without a prefix.
oidc_provider() {
    for prefix in "$HOME/.local" "$(npm prefix --global)"; do
        if [ -e "$prefix/lib/node_modules/oidc-provider/package.json" ]; then
            return
        fi
    done
    say "installing the OpenID Connect provider"
    npm install --global --prefix "$HOME/.local" --no-audit --no-fund oidc-provider@9 >&2
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
            --requirement "$requirements" 'gunicorn[gevent]~=23.0' uvicorn >&2
    done
    # Of gunicorn, the tests want several versions.
    for requirements in "$here"/gunicorn/*.txt; do
        /bin/python3 -m pip download --quiet --disable-pip-version-check --dest "$(mktemp -d -p "$directory")" \
            --requirement "$requirements" >&2
    done
    rm -rf "$directory"
    printf '%s\n' "$key" >"$build/wheels"
}

# Builds fetch what builds need, and fill Go's cache, for images without a distribution: without cgo.
modules() {
    mkdir -p "$build"
    key=$( (go version && cat "$here"/apps/*/app/go.sum) | sha256sum)
    if [ "$(cat "$build/modules" 2>/dev/null)" = "$key" ]; then
        return
    fi
    say "fetching the Go modules of the apps"
    for mod in "$here"/apps/*/app/go.mod; do
        (cd "$(dirname "$mod")" && CGO_ENABLED=0 go build -o /dev/null ./...) >&2
    done
    printf '%s\n' "$key" >"$build/modules"
}

packages() {
    mkdir -p "$build"
    key=$( (npm --version && cat "$here"/apps/*/app/app/package-lock.json) | sha256sum)
    if [ "$(cat "$build/packages" 2>/dev/null)" = "$key" ]; then
        return
    fi
    say "fetching the Node.js packages of the apps"
    directory=$(mktemp -d)
    trap 'rm -rf "$directory"' EXIT
    for lock in "$here"/apps/*/app/app/package-lock.json; do
        cp "$(dirname "$lock")"/package*.json "$directory/"
        (cd "$directory" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund) >&2
    done
    rm -rf "$directory"
    printf '%s\n' "$key" >"$build/packages"
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
go_and_node
"$here/pebble.sh" >/dev/null
build_statsd_exporter
build_server openfga-k8s openfga
build_server s3-integrator versitygw
oidc_provider
wheels
modules
packages
jars
