#!/bin/sh
# Builds the judge of packed charms that charmreader/go.mod pins, Juju's own reader, into .build/charmreader, when it is
# missing or older than its source, and prints its path.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/.build/charmreader

if [ ! -x "$out" ] || [ "$here/charmreader/go.mod" -nt "$out" ] || [ "$here/charmreader/main.go" -nt "$out" ]; then
    command -v go >/dev/null || {
        echo "cannot build charmreader: \`go\` is missing; install it with: apt-get install golang-go" >&2
        exit 1
    }
    mkdir -p "$here/.build"
    # Built beside and renamed, so that tests that run it meanwhile are not disturbed.
    (cd "$here/charmreader" && CGO_ENABLED=0 go build -trimpath -o "$out.$$" .) >&2
    mv "$out.$$" "$out"
fi
echo "$out"
