#!/bin/sh
# Builds the Pebble that pebble/go.mod pins into .build/pebble, when it is missing or the pin is newer,
# and prints its path.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/.build/pebble

if [ ! -x "$out" ] || [ "$here/pebble/go.mod" -nt "$out" ]; then
    # From 1.21 on Go fetches the toolchain that go.mod names by itself.
    found=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || found=
    if [ "$(printf '%s\n1.21\n' "$found" | sort -V | head -n 1)" != 1.21 ]; then
        echo "cannot build Pebble: Go is ${found:-missing}, 1.21 or newer is needed; install it as https://go.dev/doc/install says" >&2
        exit 1
    fi
    mkdir -p "$here/.build"
    version=$(sed -n 's|^require github.com/canonical/pebble ||p' "$here/pebble/go.mod")
    # Built beside and renamed, so that tests that run it meanwhile are not disturbed.
    (cd "$here/pebble" && CGO_ENABLED=0 go build -trimpath \
        -ldflags "-s -w -X github.com/canonical/pebble/cmd.Version=$version" \
        -o "$out.$$" github.com/canonical/pebble/cmd/pebble) >&2
    mv "$out.$$" "$out"
fi
echo "$out"
