#!/bin/sh
# Prepares what a make target needs, from nothing, and does nothing where it is already there.
#
#   tools/setup.sh run|test|train VENV             a virtual environment with the locked packages and Headcount itself
#   tools/setup.sh package VENV                    the same for building installers, without Headcount itself
#   tools/setup.sh system GROUP...                 system packages: window, servers, browser, package, container
#
# System packages are installed with apt where that is possible without asking (root, or sudo without a password);
# otherwise the one line to type is printed and the exit status is 1.
set -eu
cd "$(dirname "$0")/.."

has_library() {
    { /sbin/ldconfig -p 2>/dev/null || ldconfig -p 2>/dev/null; } | grep -q "$1"
}

has_command() {
    command -v "$1" >/dev/null 2>&1
}

has_rtsp_server() {
    /usr/bin/python3 - <<'PYTHON' >/dev/null 2>&1
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
for element in ("videotestsrc", "x264enc", "rtph264pay", "h264parse"):
    assert Gst.ElementFactory.find(element), element
PYTHON
}

wanted=""
need() { # PACKAGE, then a command that succeeds where it is there already
    package=$1
    shift
    "$@" || wanted="$wanted $package"
}

system_window() { # what Qt needs to open a window, and a font to write with
    need libegl1 has_library libEGL.so.1
    need libgl1 has_library libGL.so.1
    need libdbus-1-3 has_library libdbus-1.so.3
    need libfontconfig1 has_library libfontconfig.so.1
    need libxkbcommon-x11-0 has_library libxkbcommon-x11.so.0
    need libxcb-cursor0 has_library libxcb-cursor.so.0
    need libxcb-icccm4 has_library libxcb-icccm.so.4
    need libxcb-image0 has_library libxcb-image.so.0
    need libxcb-keysyms1 has_library libxcb-keysyms.so.1
    need libxcb-render-util0 has_library libxcb-render-util.so.0
    need libxcb-shape0 has_library libxcb-shape.so.0
    need libxcb-xkb1 has_library libxcb-xkb.so.1
    need fonts-dejavu-core test -d /usr/share/fonts/truetype
}

system_servers() { # the real servers on loopback that the tests count from
    need ffmpeg has_command ffmpeg
    need xvfb has_command Xvfb
    if ! has_rtsp_server; then
        wanted="$wanted python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base"
        wanted="$wanted gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
    fi
}

is_debian() {
    grep -q '^ID=debian$' /etc/os-release 2>/dev/null
}

system_browser() { # what the pages are tested in; elsewhere than in Debian its package is another, and those tests skip
    if is_debian; then need chromium has_command chromium; fi
}

system_container() { # builds and tries the container without a runtime
    need buildah has_command buildah
    need debootstrap has_command debootstrap
}

system_package() { # the installers
    need binutils has_command objdump
    need gcc has_command cc
    need libc6-dev test -f /usr/include/stdio.h
    need icu-devtools has_command icupkg
    need libdeflate-tools has_command libdeflate-gzip
    need fakeroot has_command fakeroot
    need nsis has_command makensis
    need appstream has_command appstreamcli
    need desktop-file-utils has_command desktop-file-validate
    need debootstrap has_command debootstrap
    need xvfb has_command Xvfb
    need xauth has_command xauth
    need imagemagick has_command import
    need xdotool has_command xdotool
}

install_wanted() {
    [ -n "$wanted" ] || return 0
    if ! has_command apt-get; then
        echo "headcount: this system has no apt; please install the equivalents of:$wanted" >&2
        exit 1
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root="env"
    elif has_command sudo && sudo -n true 2>/dev/null; then
        as_root="sudo -n env"
    else
        echo "headcount: some system packages are missing. Please type this line, then try again:" >&2
        echo "    sudo apt-get install --no-install-recommends$wanted" >&2
        exit 1
    fi
    echo "headcount: installing with apt:$wanted"
    $as_root apt-get update -q </dev/null
    # shellcheck disable=SC2086  # a list of words
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $wanted </dev/null
}

is_usable_python() {
    "$1" -c 'import sys; sys.exit(not (sys.version_info >= (3, 11)))' 2>/dev/null
}

find_python() { # TensorFlow has no wheels for 3.14 yet, so the versions before it come first
    for name in ${PYTHON:-} python3.12 python3.13 python3.11 python3 python3.14; do
        if has_command "$name" && is_usable_python "$name"; then
            echo "$name"
            return 0
        fi
    done
    return 1
}

make_venv() {
    venv=$1
    if [ -x "$venv/bin/python" ] && is_usable_python "$venv/bin/python"; then
        return 0
    fi
    if ! python=$(find_python); then
        wanted="$wanted python3 python3-venv"
        install_wanted
        wanted=""
        if ! python=$(find_python); then
            echo "headcount: Python 3.11 or newer is needed, and this system's python3 is older." >&2
            echo "    Debian 12, Ubuntu 24.04 and later have it; on Ubuntu 22.04: sudo apt-get install python3.11-venv" >&2
            exit 1
        fi
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        wanted="$wanted $version"
        install_wanted
        wanted=""
    fi
    echo "headcount: making $venv with $("$python" --version)"
    "$python" -m venv "$venv"
}

is_installed() { # VENV NAME: whether this version of the lock file has been installed
    cmp -s "requirements/$2.txt" "$1/.installed-$2"
}

install_locked() { # VENV NAME: once for each version of the lock file
    is_installed "$1" "$2" && return 0
    echo "headcount: installing the packages of requirements/$2.txt (once)"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        --requirement "requirements/$2.txt" </dev/null
    # Another version of another lock file may just have been replaced in part.
    rm -f "$1"/.installed-*
    cp "requirements/$2.txt" "$1/.installed-$2"
}

# The commands `headcount`, `headcount-train` and `headcount-window`, running the code of this folder. Once for each
# place of the folder and each version of what describes them; it asks no package index, so it works offline.
install_project() { # VENV
    stamp="$1/.installed-project"
    described=$(pwd && cat pyproject.toml desktop_app/__init__.py requirements/build.txt)
    if [ -x "$1/bin/headcount" ] && [ -f "$stamp" ] && [ "$described" = "$(cat "$stamp")" ]; then
        return 0
    fi
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        --requirement requirements/build.txt </dev/null
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation \
        --editable . </dev/null
    printf '%s\n' "$described" >"$stamp"
}

case "${1:-}" in
run | test | train)
    make_venv "$2"
    # train.txt holds all of test.txt and that all of run.txt, in the same versions: the larger one serves for the smaller.
    case $1 in
    run) is_installed "$2" train || is_installed "$2" test || install_locked "$2" run ;;
    test) is_installed "$2" train || install_locked "$2" test ;;
    train) install_locked "$2" train ;;
    esac
    install_project "$2"
    ;;
package)
    make_venv "$2"
    install_locked "$2" package
    ;;
system)
    shift
    if [ "$(uname -s)" = Linux ]; then
        for group in "$@"; do "system_$group"; done
        install_wanted
    fi
    ;;
*)
    sed -n '2,9p' "$0" >&2
    exit 2
    ;;
esac
