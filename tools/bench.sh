#!/bin/sh
# Runs the measurements one after the other: two at once would measure each other.
#   tools/bench.sh PYTHON
set -eu
cd "$(dirname "$0")/.."
python=$1
for script in benchmarks/speed.py benchmarks/counting.py benchmarks/gui.py; do
    [ -f "$script" ] || continue
    echo "== $script"
    case "$script" in
    *counting.py)
        if [ -d ../shared/clips ]; then "$python" "$script" ../shared/clips; else echo "no labelled clips beside this checkout"; fi
        ;;
    *gui.py)
        if [ -n "${DISPLAY:-}" ]; then "$python" "$script"; else
            QT_QPA_PLATFORM=offscreen "$python" "$script"
        fi
        ;;
    *) "$python" "$script" ;;
    esac
done
