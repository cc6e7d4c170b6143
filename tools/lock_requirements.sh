#!/bin/sh
# Writes requirements/*.txt from pyproject.toml. Needs `uv` (pip install uv).
#
#   tools/lock_requirements.sh              keeps every version that still fits
#   tools/lock_requirements.sh --upgrade    takes the newest of each
#
# The files name no index: whoever installs from them uses the one pip is set up for.
set -eu
cd "$(dirname "$0")/.."
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
# 1.3 declares Python < 3.11, an upper bound that uv does not look at and pip obeys.
echo "backports.strenum<1.3" > "$parts/pins.txt"
compile() { # OUT SOURCE [OPTION...]
    out=$1
    source=$2
    shift 2
    part="$parts/$(basename "$out")"
    [ ! -f "$out" ] || cp "$out" "$part"
    uv pip compile "$source" --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header --quiet -c "$parts/pins.txt" "$@" -o "$part"
    { echo "# Made by tools/lock_requirements.sh from pyproject.toml; do not edit."; cat "$part"; } > "$out"
}
# One version of each package over all the files, so that one environment can serve `make run`, `check` and `test`.
compile requirements/run.txt pyproject.toml --extra web "$@"
compile requirements/train.txt pyproject.toml --extra web --extra train --extra test -c requirements/run.txt "$@"
compile requirements/test.txt pyproject.toml --extra web --extra test -c requirements/train.txt "$@"
compile requirements/fuzz.txt pyproject.toml --extra web --extra fuzz -c requirements/test.txt "$@"
compile requirements/package.txt pyproject.toml --extra web --extra package -c requirements/run.txt "$@"
# What installs the project itself into an environment: the build backend that pyproject.toml names.
sed -n 's/^requires = \["\(.*\)"\]$/\1/p' pyproject.toml > "$parts/build.in"
compile requirements/build.txt "$parts/build.in" -c requirements/train.txt "$@"
