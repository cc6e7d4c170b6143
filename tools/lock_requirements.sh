#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml. Needs `uv` (pip install uv). The files name no index: whoever
# installs from them uses the one pip is set up for.
set -eu
cd "$(dirname "$0")/.."
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
# 1.3 declares Python < 3.11, an upper bound that uv does not look at and pip obeys.
echo "backports.strenum<1.3" > "$pins"
compile() {
    out=$1
    shift
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header --quiet -c "$pins" "$@" -o "$out.part"
    { echo "# Made by tools/lock_requirements.sh from pyproject.toml; do not edit."; cat "$out.part"; } > "$out"
    rm "$out.part"
}
compile requirements/run.txt "$@"
compile requirements/test.txt --extra test -c requirements/run.txt
compile requirements/train.txt --extra train --extra test -c requirements/run.txt
compile requirements/package.txt --extra package -c requirements/run.txt
