#!/bin/sh
# Prints the newest version of glibc that any binary under FOLDER asks for.
#   packaging/linux/needed_libc.sh FOLDER
find "$1" -type f \( -name '*.so*' -o -name headcount \) -exec objdump -T {} + 2>/dev/null \
    | grep -o 'GLIBC_2\.[0-9]*' | sort -t. -k2 -n -u | tail -1 | sed 's/GLIBC_//'
