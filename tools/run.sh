#!/bin/sh
# Starts the window from the source tree; without a display it does the same job on the command line.
#   tools/run.sh VENV [SOURCE]
set -eu
cd "$(dirname "$0")/.."
venv=$1
shift
tools/setup.sh run "$venv"
if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    [ "$#" -gt 0 ] || set -- demo
    echo "headcount: there is no display here, so the count runs without the window."
    exec "$venv/bin/python" main.py count "$@"
fi
tools/setup.sh system window
exec "$venv/bin/python" main.py "$@"
