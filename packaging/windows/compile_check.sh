#!/bin/sh
# Compiles the Windows installer script on Linux, against the Linux program: proof that the script compiles, no installer for anyone.
#   packaging/windows/compile_check.sh VERSION
set -eu
cd "$(dirname "$0")"
version=$1
if ! command -v makensis >/dev/null; then
    echo "makensis is not installed (Debian package nsis); the Windows installer script was not compiled" >&2
    exit 1
fi
mkdir -p ../../build/windows
makensis -V2 -WX -DVERSION="$version" -DQUICK -DSOURCE=../../dist/headcount -DICON=../../build/icons/headcount.ico \
    -DOUTFILE=../../build/windows/compile-check.exe headcount.nsi
ls -l ../../build/windows/compile-check.exe
rm ../../build/windows/compile-check.exe
