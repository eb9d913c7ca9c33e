#!/bin/bash
# Ends what demo.sh left running and removes its directory: demo-down.sh [DIRECTORY]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
directory=${1:-demo}
charmwright=$root/target/x86_64-unknown-linux-gnu/release/charmwright

[ -e "$directory" ] || exit 0
if [ ! -e "$directory/.demo" ]; then
    if [ -z "$(ls -A "$directory")" ]; then
        exit 0
    fi
    echo "\`$directory\` is not a demo's directory; name another one: make demo DEMO=DIRECTORY" >&2
    exit 1
fi
if [ -d "$directory/fastapi-hello-world/.charmwright" ]; then
    (cd "$directory/fastapi-hello-world" && "$charmwright" local destroy)
fi
rm -r "$directory"
