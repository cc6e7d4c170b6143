#!/bin/sh
# Builds the program on Linux, from a virtual environment with requirements/package.txt.
#   packaging/build.sh frozen VENV    dist/headcount, the frozen program
#   packaging/build.sh all VENV       that, and dist/*.deb, dist/*.tar.gz and the compiled Windows installer script
set -eu
cd "$(dirname "$0")/.."
what=$1
python=$2/bin/python
case "$python" in /*) ;; *) python=$PWD/$python ;; esac

. packaging/publisher.sh
version=$("$python" -c 'from desktop_app import __version__; print(__version__)')
# Two builds of the same source are the same: times inside archives are those of the last commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)}
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1

echo "== icons"
rm -rf build/icons
"$python" packaging/icons.py build/icons
echo "== frozen program"
rm -rf dist/headcount build/pyinstaller
"$python" -m PyInstaller --noconfirm --log-level WARN --workpath build/pyinstaller --distpath dist packaging/headcount.spec
packaging/linux/less_icu.sh "$python" dist/headcount/lib
packaging/linux/smaller.sh "$python" dist/headcount/lib
echo "== licences and list of components"
"$python" packaging/components.py build/frozen/shipped.json dist/headcount/lib
cp -r packaging/linux/share dist/headcount/share
metainfo=dist/headcount/share/metainfo/org.headcount.Headcount.metainfo.xml
if [ -n "$HEADCOUNT_HOMEPAGE" ]; then
    sed -i "s|^  <content_rating|  <url type=\"homepage\">$HEADCOUNT_HOMEPAGE</url>\n&|" "$metainfo"
fi
appstreamcli validate --no-net "$metainfo"
du -s -BMB dist/headcount | sed 's/MB\t.*/ MB unpacked/'
[ "$what" = all ] || exit 0

echo "== portable archive"
# Gzip's own best is 2% larger.
squeeze() { if command -v libdeflate-gzip >/dev/null; then libdeflate-gzip -12; else gzip -9n; fi; }
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C dist -cf - headcount \
    | squeeze > "dist/headcount-$version-linux-x64.tar.gz"
echo "== Debian package"
packaging/linux/make_deb.sh "$version"
echo "== Windows installer script, compiled against this folder to prove that it compiles"
packaging/windows/compile_check.sh "$version"
ls -l dist/*.deb dist/*.tar.gz
