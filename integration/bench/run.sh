#!/bin/sh
# Runs the benchmarks on the release executable; `make bench` builds what they need.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
export PYTHONDONTWRITEBYTECODE=1
exec /bin/python3 "$here/bench.py" "$root/target/x86_64-unknown-linux-gnu/release/charmwright" "$("$here/../pebble.sh")"
