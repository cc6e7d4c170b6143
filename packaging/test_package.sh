#!/bin/sh
# Installs the .deb into a clean Debian root made with debootstrap, uses it there as an ordinary user, upgrades it over itself,
# removes it, and looks for what it left. Needs root (chroot, mounts in a namespace of its own) and Debian's package archive.
#   packaging/test_package.sh [SUITE]
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}
deb=$(ls dist/headcount_*_amd64.deb 2>/dev/null | head -1)
[ -n "$deb" ] || { echo "There is no .deb under dist/; run make package first." >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "make test-package needs root for chroot; try: sudo make test-package" >&2; exit 1; }
[ "${HEADCOUNT_IN_NAMESPACE:-}" = 1 ] || exec env HEADCOUNT_IN_NAMESPACE=1 unshare --mount --pid --fork "$0" "$@"

base=$PWD/build/test-root.tar root=$PWD/build/test-root out=$PWD/out/test-package
mkdir -p build "$out"
mount --make-rprivate /
rm -rf "$root"
mkdir -p "$root"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_visitor() { inside setpriv --reuid visitor --regid visitor --init-groups env HOME=/home/visitor "$@"; }
mount_system() {
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    chmod 1777 "$root/tmp"
}

if [ -f "$base" ]; then
    tar -C "$root" -xf "$base"
    mount_system
else
    # The archive this machine itself installs from.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
    debootstrap --variant=minbase --include=ca-certificates,util-linux "$suite" "$root" "$mirror" >"$out/debootstrap.log" 2>&1 \
        || { tail -5 "$out/debootstrap.log" >&2; exit 1; }
    rm -f "$root/etc/apt/sources.list"
    # How this machine reaches its archive, settings and certificates included.
    for file in /etc/apt/apt.conf.d /etc/apt/sources.list /etc/apt/sources.list.d /etc/resolv.conf /etc/hosts; do
        [ ! -e "$file" ] || { rm -rf "${root:?}$file"; cp -a "$(realpath "$file")" "$root$file"; }
    done
    rm -f "$root/etc/ssl/certs/ca-certificates.crt"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    mount_system
    # What a desktop has anyway, and what this test looks with.
    inside apt-get -qq update
    inside apt-get -qq install -y --no-install-recommends xvfb xdotool imagemagick python3-minimal python3 bc file procps \
        xdg-utils desktop-file-utils shared-mime-info fonts-dejavu-core >"$out/prepare.log" 2>&1
    inside useradd --create-home visitor
    tar -C "$root" --one-file-system -cf "$base" .
fi

leave() {
    status=$?
    [ $status = 0 ] || echo "test-package: FAILED; logs and pictures are in $out" >&2
    exit $status
}
trap leave EXIT
listing() { (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./home -o -path ./var/cache \
    -o -path ./var/log -o -path ./var/lib/dpkg -o -path ./var/lib/apt \) -prune -o -print | sort); }

echo "== install"
inside apt-get -qq update
cp "$deb" "$root/var/cache/headcount.deb"
# The libraries it depends on stay when it goes; only what it brings itself is looked for afterwards.
depends=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')
# shellcheck disable=SC2086  # a list of words
inside apt-get -qq install -y --no-install-recommends $depends >"$out/depends.log" 2>&1
listing >"$out/before"
inside apt-get install -y --no-install-recommends /var/cache/headcount.deb >"$out/install.log" 2>&1
inside headcount --version
inside desktop-file-validate /usr/share/applications/headcount.desktop
for size in 16 22 24 32 48 64 128 256 512; do
    test -s "$root/usr/share/icons/hicolor/${size}x$size/apps/headcount.png"
done
# Every library that the window needs is there: in the package, or through its dependencies.
missing=$(inside env LD_LIBRARY_PATH=/usr/lib/headcount/lib sh -c 'find /usr/lib/headcount -name "*.so*" -exec ldd {} + 2>/dev/null' \
    | awk '/not found/ {print $1}' | sort -u)
[ -z "$missing" ] || { echo "libraries that are nowhere after installing: $missing" >&2; exit 1; }

echo "== use, as an ordinary user"
cp packaging/smoke_test.py packaging/test_window.sh "$root/tmp/"
cp dist/headcount/lib/resources/demo/demo.truth.json dist/headcount/lib/resources/demo/demo.mp4 "$root/tmp/"
as_visitor python3 /tmp/smoke_test.py headcount --truth /tmp/demo.truth.json
as_visitor cp /usr/lib/headcount/lib/resources/demo/demo.mp4 /home/visitor/visitors.mp4
as_visitor sh /tmp/test_window.sh headcount /home/visitor/visitors.mp4 /tmp/pictures
cp "$root"/tmp/pictures/*.png "$out/"

echo "== open a video by its MIME handler"
[ "$(as_visitor xdg-mime query filetype /home/visitor/visitors.mp4)" = video/mp4 ]
[ "$(as_visitor xdg-mime query default video/mp4)" = headcount.desktop ]
cat >"$root/tmp/handler.sh" <<'HANDLER'
set -eu
Xvfb :77 -screen 0 1366x820x24 -nolisten tcp -noreset >/dev/null 2>&1 &
server=$!
export DISPLAY=:77
sleep 1
xdg-open /home/visitor/visitors.mp4 >/tmp/pictures/handler.log 2>&1 &
for _ in $(seq 100); do xdotool search --onlyvisible --name Headcount >/dev/null 2>&1 && break; sleep 0.1; done
sleep 8
import -window root /tmp/pictures/handler.png
pgrep -f 'headcount.*/home/visitor/visitors.mp4' >/dev/null || { echo "the MIME handler did not start Headcount with the file" >&2; exit 1; }
pkill -TERM -f 'headcount.*/home/visitor/visitors.mp4'
sleep 2
kill $server
HANDLER
as_visitor sh /tmp/handler.sh
cp "$root/tmp/pictures/handler.png" "$out/"

echo "== upgrade over itself, remove, purge"
as_visitor sh -c 'mkdir -p ~/.config/headcount && echo kept > ~/.config/headcount/kept'
inside dpkg -i /var/cache/headcount.deb >"$out/upgrade.log" 2>&1
inside headcount --version >/dev/null
inside apt-get -qq remove -y headcount >"$out/remove.log" 2>&1
inside dpkg -i /var/cache/headcount.deb >>"$out/remove.log" 2>&1
inside apt-get -qq purge -y headcount >>"$out/remove.log" 2>&1
listing >"$out/after"
# Caches that other packages' triggers write are theirs.
left=$(comm -13 "$out/before" "$out/after" | grep -vE 'mimeinfo.cache|icon-theme.cache|/var/lib/(apt|dpkg|systemd)|__pycache__' || true)
[ -z "$left" ] || { echo "left behind after removal:" >&2; echo "$left" >&2; exit 1; }
[ "$(cat "$root/home/visitor/.config/headcount/kept")" = kept ] || { echo "the user's own files were touched" >&2; exit 1; }
echo "test-package: installed, counted, opened, upgraded and removed without a trace ($suite)"
