#!/bin/sh
# Builds Headcount.app and its .dmg on macOS 13 or later (arm64), with Python 3.11 to 3.13.
#   packaging/macos/build.sh
# Signs if HEADCOUNT_SIGN names a "Developer ID Application" identity, and notarises if HEADCOUNT_NOTARY names a keychain profile
# made with `xcrun notarytool store-credentials`. Not run on macOS yet by the people who wrote it.
set -eu
cd "$(dirname "$0")/../.."
python3 -m venv .venv-package
python=.venv-package/bin/python
"$python" -m pip install --quiet --require-hashes -r requirements/package.txt
version=$("$python" -c 'from desktop_app import __version__; print(__version__)')
rm -rf dist build/icons
"$python" packaging/icons.py build/icons
"$python" -m PyInstaller --noconfirm --log-level WARN --workpath build/pyinstaller --distpath dist packaging/headcount.spec
app=dist/Headcount.app
"$python" packaging/components.py build/frozen/shipped.json "$app/Contents/Resources"
# PyInstaller signed the libraries and programs (headcount.spec), for nobody in particular if HEADCOUNT_SIGN is not set. The
# licences came after that, so the bundle around them is signed once more: what changed since does not start when downloaded.
set -- --force --sign "${HEADCOUNT_SIGN:--}" --entitlements packaging/macos/entitlements.plist
if [ -n "${HEADCOUNT_SIGN:-}" ]; then set -- "$@" --timestamp --options runtime; fi
codesign "$@" "$app"
codesign --verify --deep --strict "$app"
# After the signing, since the hardened runtime forbids what the entitlements do not name.
"$python" packaging/smoke_test.py "$app/Contents/MacOS/headcount"

dmg="dist/headcount-$version-macos-arm64.dmg"
stage=$(mktemp -d)
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
hdiutil create -quiet -volname "Headcount $version" -srcfolder "$stage" -format ULFO -ov "$dmg"
rm -rf "$stage"
if [ -n "${HEADCOUNT_SIGN:-}" ]; then codesign --force --timestamp --sign "$HEADCOUNT_SIGN" "$dmg"; fi
if [ -n "${HEADCOUNT_NOTARY:-}" ]; then
    xcrun notarytool submit "$dmg" --keychain-profile "$HEADCOUNT_NOTARY" --wait
    xcrun stapler staple "$dmg"
fi
ls -l "$dmg"
