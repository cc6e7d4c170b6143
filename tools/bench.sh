#!/bin/sh
# Runs the measurements one after the other: two at once would measure each other.
#   tools/bench.sh PYTHON
set -eu
cd "$(dirname "$0")/.."
python=$1
export QT_QPA_PLATFORM="${QT_QPA_PLATFORM:-$([ -n "${DISPLAY:-}" ] || echo offscreen)}"
[ -n "$QT_QPA_PLATFORM" ] || unset QT_QPA_PLATFORM

measure() {
    echo "== python -m benchmarks.$*"
    "$python" -m "benchmarks.$@"
}
measure speed
measure files
measure networks
measure gui
measure crossings
measure web load --seconds 30
measure web predict --seconds 10
if [ -d ../shared/clips ]; then
    measure detectors ../shared/clips
    measure counting ../shared/clips --jobs 2
    measure causes ../shared/clips
    measure naming ../shared/clips --half confirm --seconds 8
    if "$python" -c "import trackeval" 2>/dev/null; then
        measure identities ../shared/clips
    else
        echo "== TrackEval is not installed: identities is left out (the head of benchmarks/identities.py says how)"
    fi
else
    echo "== the labelled clips are not beside this checkout: detectors, counting, causes, naming and identities are left out"
fi
if [ -x dist/headcount/headcount ]; then
    measure start_frozen
else
    echo "== there is no frozen program: start_frozen is left out (make frozen makes one)"
fi
