#!/bin/bash
# Runs the tutorial of README.md, command by command, in a directory that it makes: demo.sh [DIRECTORY]
# The model that it ends with stays; demo-down.sh ends it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
directory=${1:-demo}
release=$root/target/x86_64-unknown-linux-gnu/release

[ -x "$release/charmwright" ] || make -C "$root" build
"$here/pebble.sh" >/dev/null
"$here/demo-down.sh" "$directory"
mkdir -p "$directory"
cd "$directory"
touch .demo
here_it_is=$PWD
# The answers without a progress meter, also where the output goes to a file.
printf 'silent\nshow-error\n' >.curlrc
export CURL_HOME=$PWD

PATH=$release:$here/.build:$PATH
apps=$here/apps/fastapi
export PATH apps

bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' plain=$'\e[0m'
fi

started=$SECONDS
command=

run() {
    [ -n "$command" ] || return 0
    printf '%s$ %s%s\n' "$bold" "$command" "$plain"
    # Standard input is README.md.
    eval "$command" </dev/null
    # curl ends its answer with no line feed.
    case $command in
    curl*) echo ;;
    esac
    command=
}

section= block= paragraph= ended=
while IFS= read -r line <&3; do
    case $section$block$line in
    '## The tutorial') section=1 ;;
    '1## '*) break ;;
    '1```console')
        block=2
        printf '\n# %s\n' "$paragraph"
        ;;
    '1```sh') block=3 ;;
    '12```')
        run
        block=
        ;;
    '13```') block= ;;
    '12$ '*)
        run
        command=${line#'$ '}
        ;;
    '12> '*) command+=$'\n'${line#'> '} ;;
    12* | 13*) ;; # What the command prints, and what this script does itself.
    1) ended=1 ;;
    1*)
        [ -z "$ended" ] || paragraph=
        paragraph+="${paragraph:+ }$line"
        ended=
        ;;
    esac
done 3<"$root/README.md"

cat <<END

The tutorial took $((SECONDS - started)) s. The model is still there: in $here_it_is/fastapi-hello-world,

    charmwright local status

describes it, with this on PATH: $release
\`make demo-down\` ends it.
END
