#!/bin/sh
# Makes the pictures of the README and of the manual from the real program counting the demo clip.
#   tools/screenshots.sh PYTHON
set -eu
cd "$(dirname "$0")/.."
python=$1
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
# In a folder for settings of its own: the user's settings are neither shown nor changed.
export XDG_CONFIG_HOME="$home/config" XDG_DATA_HOME="$home/data" XDG_STATE_HOME="$home/state" XDG_CACHE_HOME="$home/cache"
if [ -z "${DISPLAY:-}" ] && command -v xvfb-run >/dev/null; then
    exec xvfb-run -a -s "-screen 0 1600x1000x24" "$python" tools/screenshots.py docs/pictures
fi
exec "$python" tools/screenshots.py docs/pictures
