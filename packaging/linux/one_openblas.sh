#!/bin/sh
# Leaves one OpenBLAS in the frozen program: OpenCV's is replaced by a library of 20 KB that hands its calls to numpy's.
# Where anything is not as expected, both stay and the program is 42 MB larger.
#   packaging/linux/one_openblas.sh PYTHON dist/headcount/lib
set -eu
cd "$(dirname "$0")"
python=$1
case "$2" in /*) lib=$2 ;; *) lib=$OLDPWD/$2 ;; esac
theirs=$(find "$lib/opencv_python_headless.libs" -name 'libopenblas*.so*' 2>/dev/null | head -1)
numpys=$(find "$lib/numpy.libs" -name 'libscipy_openblas64_*.so*' 2>/dev/null | head -1)
if [ -z "$theirs" ] || [ -z "$numpys" ] || ! command -v cc >/dev/null; then
    echo "one_openblas: nothing to replace, or no C compiler; both libraries stay"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O2 -Wall -Wextra -Werror -fPIC -shared -o "$work/forward.so" openblas_forward.c "$numpys" \
    -Wl,-soname,"$(basename "$theirs")" -Wl,-rpath,'$ORIGIN/../numpy.libs' -s

# Every call that any bundled library makes into the one we replace must be in ours, under its own name.
nm -D --defined-only "$theirs" | awk '{print $NF}' | sort -u > "$work/offered"
nm -D --defined-only "$work/forward.so" | awk '{print $NF}' | sort -u > "$work/ours"
find "$lib" -name '*.so*' -type f | while read -r file; do
    if readelf -d "$file" 2>/dev/null | grep -q "NEEDED.*$(basename "$theirs")"; then
        nm -D --undefined-only "$file" | awk '{print $NF}'
    fi
done | sed 's/@.*//' | sort -u > "$work/called"
missing=$(comm -12 "$work/called" "$work/offered" | comm -23 - "$work/ours" | tr '\n' ' ')
if [ -n "$missing" ]; then
    echo "one_openblas: OpenCV also calls $missing; both libraries stay"
    exit 0
fi
cp "$work/forward.so" "$theirs"
chmod 755 "$theirs"
# Only OpenCV's OpenBLAS needed these.
for orphan in "$lib"/opencv_python_headless.libs/libgfortran-* "$lib"/opencv_python_headless.libs/libquadmath-*; do
    [ -e "$orphan" ] || continue
    if ! find "$lib" -name '*.so*' -type f ! -path "$orphan" -exec readelf -d {} + 2>/dev/null \
        | grep -q "NEEDED.*$(basename "$orphan")"; then rm "$orphan"; fi
done
"$python" check_openblas.py "$lib"
