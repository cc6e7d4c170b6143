#!/bin/sh
# Leaves of ICU's data what Qt asks ICU for: the sorting of every language, time zones with their English names, and the
# character sets of files and of the web. The names of languages, regions, currencies and units, word breaks, transliteration
# and the character sets of mainframes go, 24 MB of 31; Qt's own tables, which the window uses, are not touched.
# Where its data is not laid out as expected, all of it stays and the program is 24 MB larger; where ICU answers
# otherwise with less of it, the build stops.
#   packaging/linux/less_icu.sh PYTHON dist/headcount/lib
set -eu
cd "$(dirname "$0")"
python=$1
case "$2" in /*) lib=$2 ;; *) lib=$OLDPWD/$2 ;; esac
theirs=$(find "$lib/PySide6/Qt/lib" -name 'libicudata.so*' -type f 2>/dev/null | head -1)
if [ -z "$theirs" ] || ! command -v cc >/dev/null || ! command -v icupkg >/dev/null; then
    echo "less_icu: nothing to make smaller, or no C compiler or no icupkg; all of its data stays"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
symbol=$(nm -D --defined-only "$theirs" | awk '$NF ~ /^icudt[0-9]+_dat$/ {print $NF}')
soname=$(readelf -d "$theirs" | sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p')
package=$work/${symbol%_dat}l.dat
objcopy -O binary --only-section=.rodata "$theirs" "$package"
if [ -z "$symbol" ] || [ -z "$soname" ] || ! icupkg -l "$package" >"$work/all" 2>/dev/null; then
    echo "less_icu: its data is not laid out as expected; all of it stays"
    exit 0
fi
mainframe='37|27[378]|28[045]|290|297|42[04]|500|803|838|87[015]|918|93[0-9]|964|971|1025|1026|1047|1097|1112|112[23]|113[027]|114[0-9]'
mainframe="$mainframe|115[3-8]|116[04]|1364|1371|1388|1390|1399|4517|4899|4971|5123|8482|9067|12712|16684|16804"
{
    grep -E '^(brkitr|curr|lang|rbnf|region|translit|unit)/' "$work/all"
    grep -E '^zone/' "$work/all" | grep -vE '/(root|pool|res_index|tzdbNames|en(_001|_GB)?)\.res$'
    # Formats of dates and numbers, one file a language: Qt has its own.
    grep -E '^[a-z]{2,3}(_[A-Za-z0-9_]+)?\.res$' "$work/all" | grep -vE '^en(_|\.)'
    grep -E "^(euc-tw|cns-11643|iso-ir-165|lmb-excp|ebcdic-|icu-internal-|ibm-($mainframe)_).*\.cnv$" "$work/all"
} >"$work/unused.txt"
mkdir "$work/less"
small=$work/less/$(basename "$package")
icupkg -r "$work/unused.txt" "$package" "$small"
printf '.section .rodata\n.balign 16\n.globl %s\n.type %s, @object\n%s:\n.incbin "%s"\n.size %s, . - %s\n' \
    "$symbol" "$symbol" "$symbol" "$small" "$symbol" "$symbol" >"$work/data.s"
echo '.section .note.GNU-stack,"",@progbits' >>"$work/data.s"
cc -shared -nostdlib -s -o "$work/data.so" "$work/data.s" "-Wl,-soname,$soname"
"$python" check_icu.py "$(dirname "$theirs")" >"$work/before"
cp "$theirs" "$work/theirs.so"
cp "$work/data.so" "$theirs"
chmod 755 "$theirs"
if ! "$python" check_icu.py "$(dirname "$theirs")" >"$work/after" || ! cmp -s "$work/before" "$work/after"; then
    cp "$work/theirs.so" "$theirs"
    echo "less_icu: ICU answers otherwise with less data than with all of it:" >&2
    diff "$work/before" "$work/after" >&2 || true
    exit 1
fi
echo "less_icu: $(wc -l <"$work/after") answers of ICU are the same with less data"
