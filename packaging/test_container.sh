#!/bin/sh
# Builds packaging/container/Containerfile and uses the image: a stand-in for a container runtime, where none runs.
#
# buildah builds with chroot for isolation, on a base made with debootstrap and made small as Debian's slim images are. What
# comes out is then run by container/try_image.py with what compose.yaml asks for: its user, no capabilities, a
# read-only root, memory for temporary files. Needs root, and Debian's and Python's package archives.
#   packaging/test_container.sh [SUITE]
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}
[ "$(id -u)" = 0 ] || { echo "make test-container needs root for chroot; try: sudo make test-container" >&2; exit 1; }
[ "${HEADCOUNT_IN_NAMESPACE:-}" = 1 ] || exec env HEADCOUNT_IN_NAMESPACE=1 unshare --mount --pid --fork "$0" "$@"
mount --make-rprivate /
mount -t proc proc /proc

base=$PWD/build/container-base-$suite.tar out=$PWD/out/test-container
mkdir -p build "$out"
work=$(mktemp -d)
trap 'umount -R "$work"/* 2>/dev/null || true; rm -rf "$work"' EXIT
image() { buildah --storage-driver vfs --root "$work/images" --runroot "$work/run" "$@"; }

if [ ! -f "$base" ]; then
    echo "== a Debian base as small as the slim images"
    # The archive this machine itself installs from.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
    debootstrap --variant=minbase "$suite" "$work/base" "$mirror" >"$out/debootstrap.log" 2>&1 \
        || { tail -5 "$out/debootstrap.log" >&2; exit 1; }
    rm -rf "$work"/base/var/lib/apt/lists/* "$work"/base/var/cache/apt/* "$work"/base/var/log/* \
        "$work"/base/usr/share/man/* "$work"/base/usr/share/locale/* "$work"/base/usr/share/info/*
    find "$work/base/usr/share/doc" -mindepth 2 -type f ! -name copyright -delete
    tar -C "$work/base" -cf "$base" .
    rm -rf "$work/base"
fi

echo "== build"
container=$(image from scratch)
tar -C "$(image mount "$container")" -xf "$base"
image commit --quiet --rm "$container" headcount-base >/dev/null
# How this machine reaches its archives, its settings and certificates: lent to the build, no part of the image.
lent="--volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/lent.crt:ro"
for place in /etc/apt/apt.conf.d /etc/apt/sources.list /etc/apt/sources.list.d /etc/hosts; do
    [ ! -e "$place" ] || lent="$lent --volume $place:$place:ro"
done
pip_settings=$(mktemp -p "$work")
{
    echo "[global]"
    { python3 -m pip config list 2>/dev/null || true; } | sed -nE "s/^global\.(index-url|trusted-host)='(.*)'$/\1 = \2/p"
    echo "cert = /etc/ssl/certs/lent.crt"
} >"$pip_settings"
# shellcheck disable=SC2086  # a list of words
image build --isolation chroot --format docker --layers=false $lent --volume "$pip_settings:/etc/pip.conf:ro" \
    --build-arg DEBIAN=localhost/headcount-base -f packaging/container/Containerfile -t headcount . >"$out/build.log" 2>&1 \
    || { tail -30 "$out/build.log" >&2; exit 1; }
image inspect --type image headcount >"$out/image.json"
container=$(image from headcount)
root=$(image mount "$container")
size=$(du -sx --block-size=1000000 --apparent-size "$root" | cut -f1)
echo "   $size MB; the largest parts:"
(cd "$root" && du -x --block-size=1000000 --apparent-size --max-depth=6 opt usr 2>/dev/null | sort -rn | sed -n '2,12s/^/   /p') | tee "$out/size.txt"
most=${HEADCOUNT_MOST_IMAGE_MB:-350}
[ "$size" -le "$most" ] || { echo "test-container: FAILED: the image has $size MB, more than $most" >&2; exit 1; }
mkdir "$work/container"
python3 packaging/container/try_image.py "$root" "$out/image.json" "$work/container" || { cp "$work"/container/*.log "$out/"; exit 1; }
cp "$work"/container/*.log "$out/"
echo "test-container: built, started, counted, ended and started again; $size MB ($suite)"
