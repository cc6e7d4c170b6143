#!/bin/sh
# Makes dist/headcount_VERSION_amd64.deb from dist/headcount.
#   packaging/linux/make_deb.sh VERSION
# HEADCOUNT_DEB_COMPRESSION=gzip makes a larger package in a fraction of the time, for trying things out.
set -eu
cd "$(dirname "$0")/../.."
version=$1
root=build/deb
share=packaging/linux/share
. packaging/publisher.sh
rm -rf "$root"
install -d "$root/DEBIAN" "$root/usr/lib" "$root/usr/bin" "$root/usr/share/doc/headcount" "$root/usr/share/man/man1"
cp -r dist/headcount "$root/usr/lib/headcount"
rm -rf "$root/usr/lib/headcount/share"
ln -s ../lib/headcount/headcount "$root/usr/bin/headcount"
install -Dm644 "$share/applications/headcount.desktop" "$root/usr/share/applications/headcount.desktop"
# That of the build: with the homepage, if one is set.
install -Dm644 "dist/headcount/share/metainfo/org.headcount.Headcount.metainfo.xml" \
    "$root/usr/share/metainfo/org.headcount.Headcount.metainfo.xml"
for size in 16 22 24 32 48 64 128 256 512; do
    install -Dm644 "build/icons/headcount-$size.png" "$root/usr/share/icons/hicolor/${size}x$size/apps/headcount.png"
done
install -Dm644 resources/icons/headcount.svg "$root/usr/share/icons/hicolor/scalable/apps/headcount.svg"
gzip -9nc "$share/man/headcount.1" > "$root/usr/share/man/man1/headcount.1.gz"
gzip -9nc CHANGELOG.md > "$root/usr/share/doc/headcount/changelog.gz"
cat > "$root/usr/share/doc/headcount/copyright" <<COPYRIGHT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Headcount

Files: *
Copyright: The makers of Headcount
License: Apache-2.0
 On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/headcount/lib/*
Copyright: their makers
License: various
 Each bundled component, its licence and its text are listed in
 /usr/lib/headcount/lib/resources/licences/third-party/THIRD-PARTY.md.
 Qt, PySide6 and FFmpeg are replaceable shared libraries under the LGPL; see
 /usr/lib/headcount/lib/resources/licences/SOURCE-OFFER.md.
COPYRIGHT
find "$root/usr" -type d -exec chmod 755 {} +
find "$root/usr" -type f -exec chmod 644 {} +
chmod 755 "$root/usr/lib/headcount/headcount"
find "$root/usr/lib/headcount/lib" -name '*.so*' -type f -exec chmod 755 {} +

libc=$(packaging/linux/needed_libc.sh "$root/usr/lib/headcount")
size=$(du -sk "$root/usr" | cut -f1)
# Qt loads these by name at run time; they belong to the system's graphics drivers and settings, so they are not bundled.
depends="libc6 (>= $libc), libegl1, libgl1, libx11-6, libx11-xcb1, libxcb1, libfontconfig1, libfreetype6, libdbus-1-3"
depends="$depends, libglib2.0-0 | libglib2.0-0t64, libstdc++6, zlib1g, libwayland-client0, libwayland-cursor0, libwayland-egl1"
depends="$depends, libcups2 | libcups2t64"
cat > "$root/DEBIAN/control" <<CONTROL
Package: headcount
Version: $version
Section: video
Priority: optional
Architecture: amd64
Maintainer: $HEADCOUNT_MAINTAINER
Installed-Size: $size
Depends: $depends
${HEADCOUNT_HOMEPAGE:+Homepage: $HEADCOUNT_HOMEPAGE
}Recommends: fonts-dejavu-core | fonts-liberation, libxkbcommon-x11-0, desktop-file-utils, hicolor-icon-theme
Description: count the people who pass a camera, by apparent gender and age
 Headcount counts the people who pass a camera: how many there were, how many
 appear female, how many appear male, and of which age. It runs live on one
 ordinary computer, from a webcam, a network camera, a video file or a stream,
 and keeps no picture of anyone.
CONTROL
# No maintainer scripts: nothing is configured, nothing is left behind, and no home folder is touched.
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
rm -f dist/headcount_*_amd64.deb
dpkg-deb --root-owner-group "-Z${HEADCOUNT_DEB_COMPRESSION:-xz}" --build "$root" "dist/headcount_${version}_amd64.deb" >/dev/null
rm -rf "$root"
