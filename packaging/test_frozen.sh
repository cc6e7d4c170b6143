#!/bin/sh
# The smoke test of the frozen folder: the command line, then the window under Xvfb.
#   packaging/test_frozen.sh dist/headcount
set -eu
cd "$(dirname "$0")/.."
case "$1" in /*) folder=$1 ;; *) folder=$PWD/$1 ;; esac
[ -x "$folder/headcount" ] || { echo "$folder has no program; run make package first" >&2; exit 1; }
python3 packaging/smoke_test.py "$folder/headcount" --truth "$folder/lib/resources/demo/demo.truth.json"
packaging/test_window.sh "$folder/headcount" "$folder/lib/resources/demo/demo.mp4" out/test-frozen
