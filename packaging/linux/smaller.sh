#!/bin/sh
# Takes out of the frozen program what only a debugger reads, and the second OpenBLAS.
#   packaging/linux/smaller.sh PYTHON dist/headcount/lib
set -eu
here=$(dirname "$0")
python=$1 lib=$2
# Symbol tables of the interpreter and of LiteRT. What auditwheel rewrote is left alone: strip damages it.
strip --strip-unneeded "$lib"/libpython3*.so* "$lib"/python3*/lib-dynload/*.so "$lib/ai_edge_litert/libpywrap_litert_common.so"
"$here/one_openblas.sh" "$python" "$lib"
find "$lib" -xtype l -delete
