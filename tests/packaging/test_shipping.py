"""What ships: the table that decides it, the icons, and the installers' own files."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.scripts import PACKAGING, ROOT, load, needs

shipping = load("shipping")
smoke_test = load("smoke_test")


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/QtCore.abi3.so",
        "PySide6/QtWidgets.pyd",
        "PySide6/QtOpenGL.py",
        "PySide6/Qt/lib/libQt6Core.so.6",
        "PySide6\\Qt6Gui.dll",
        "PySide6/Qt/lib/QtWidgets.framework/Versions/A/QtWidgets",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6\\plugins\\platforms\\qwindows.dll",
        "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
        "PySide6\\plugins\\styles\\qmodernwindowsstyle.dll",
        "PySide6/Qt/lib/QtWidgets.framework/Versions/A/Resources/Info.plist",
        "PySide6/Qt/lib/QtWidgets.framework/Versions/Current",
        "PySide6/Qt/plugins/printsupport/libcupsprintersupport.so",
        "PySide6/Qt/plugins/imageformats/libqjpeg.so",
        "PySide6/Qt/plugins/iconengines/libqsvgicon.so",
        "cv2/data/haarcascade_frontalface_default.xml",
        "cv2\\opencv_videoio_ffmpeg4140_64.dll",
        "ai_edge_litert/libpywrap_litert_common.so",
        "resources/demo/demo.mp4",
        "models/headcount/model.tflite",
        "libpython3.11.so.1.0",
    ],
)
def test_what_the_program_needs_ships(place: str) -> None:
    assert shipping.keep((place, "", "BINARY"))


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/Qt/lib/libQt6Qml.so.6",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "PySide6/Qt/lib/libQt6Pdf.so.6",
        "PySide6/Qt/lib/QtQml.framework/Versions/A/QtQml",
        "PySide6/Qt/lib/QtQml.framework/Versions/A/Resources/Info.plist",
        "PySide6/Qt/lib/QtQml.framework/Versions/Current",
        "PySide6\\Qt6Quick.dll",
        "PySide6/Qt/plugins/platforms/libqeglfs.so",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/plugins/tls/libqopensslbackend.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/qmltooling/libqmldbg_server.so",
        "PySide6/Qt/plugins/imageformats/libqtiff.so",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6\\opengl32sw.dll",
        "cv2/data/haarcascade_frontalcatface.xml",
        "ai_edge_litert/libLiteRtWebGpuAccelerator.so",
        "pyqtgraph/examples/Plotting.py",
        "pyqtgraph/icons/peegee/peegee_512px@2x.png",
    ],
)
def test_what_it_does_not_need_stays_out(place: str) -> None:
    assert not shipping.keep((place, "", "BINARY"))


def test_every_cascade_that_the_detector_offers_ships() -> None:
    from desktop_app.vision.faces.detectors import HAAR_CASCADES

    assert set(HAAR_CASCADES.values()) <= set(shipping.CASCADES)


def test_training_and_tensorflow_are_excluded() -> None:
    assert {"desktop_app.training", "tensorflow", "keras", "pytest", "readline"} <= set(shipping.EXCLUDED_MODULES)


def test_the_store_ships_with_its_database_and_its_migrations() -> None:
    assert not {"sqlite3", "_sqlite3"} & set(shipping.EXCLUDED_MODULES)
    spec = (PACKAGING / "headcount.spec").read_text("utf-8")
    assert '(str(ROOT / "desktop_app" / "store" / "migrations"), "desktop_app/store/migrations")' in spec
    assert shipping.keep(("desktop_app/store/migrations/0001_log.sql", "", "DATA"))


def test_libraries_nothing_asks_for_and_the_systems_own_stay_out() -> None:
    asked = {
        "xcb": {"libxcb-cursor.so.0", "libX11.so.6", "libc.so.6"},
        "cursor": {"libxcb-util.so.1"},
        "util": set(),
        "gtk": {"libcairo.so.2"},
        "cairo": set(),
        "x11": set(),
        "cups": {"libgnutls.so.30"},
        "gnutls": set(),
        "python": {"libm.so.6"},
    }
    binaries = [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "xcb", "BINARY"),
        ("libxcb-cursor.so.0", "cursor", "BINARY"),
        ("libxcb-util.so.1", "util", "BINARY"),
        ("libgtk-3.so.0", "gtk", "BINARY"),
        ("libcairo.so.2", "cairo", "BINARY"),
        ("libX11.so.6", "x11", "BINARY"),
        ("libcups.so.2", "cups", "BINARY"),
        ("libgnutls.so.30", "gnutls", "BINARY"),
        ("libpython3.11.so.1.0", "python", "BINARY"),
    ]
    kept = [place for place, _, _ in shipping.without_orphans(binaries, asked.__getitem__)]
    assert kept == [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "libxcb-cursor.so.0",
        "libxcb-util.so.1",
        "libpython3.11.so.1.0",
    ]


def test_the_smoke_test_can_fail() -> None:
    truth = {"appearances": 10, "appearances_female": 5, "appearances_male": 5}
    smoke_test.check_totals({"people": 10, "female": 4, "male": 5, "undecided": 1}, truth)
    smoke_test.check_totals({"people": 10, "female": 2, "male": 6, "undecided": 2}, truth)
    for totals in (
        {"people": 12, "female": 6, "male": 6, "undecided": 0},
        {"people": 8, "female": 4, "male": 4, "undecided": 0},
        {"people": 10, "female": 2, "male": 8, "undecided": 0},
        {"people": 10, "female": 1, "male": 7, "undecided": 1},
    ):
        with pytest.raises(SystemExit):
            smoke_test.check_totals(totals, truth)


def test_a_comparison_that_did_not_judge_everybody_fails_the_smoke_test() -> None:
    listing = "headcount         Our own.\nhog               Another.\nYour own models go to a folder.\n"
    assert smoke_test.model_names(listing) == ["headcount", "hog"]

    def report(**changes: object) -> dict[str, object]:
        judged = {"faces": 9, "totals": {"female": 1, "male": 1, "undecided": 0}}
        models = [{"model": "a", **judged}, {"model": "b", **judged, **changes}]
        return {"complete": True, "people": [{}, {}], "models": models}

    smoke_test.check_comparison(report(), ["a", "b"], 2)
    for wrong, names, people in (
        (report(), ["a", "c"], 2),
        (report(), ["a", "b"], 3),
        ({**report(), "complete": False}, ["a", "b"], 2),
        (report(faces=0), ["a", "b"], 2),
        (report(totals={"female": 0, "male": 0, "undecided": 2}), ["a", "b"], 2),
    ):
        with pytest.raises(SystemExit):
            smoke_test.check_comparison(wrong, names, people)


def test_icons_of_all_sizes_for_all_systems(tmp_path: Path) -> None:
    command = [sys.executable, str(PACKAGING / "icons.py"), str(tmp_path)]
    done = subprocess.run(
        command, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for size in (16, 22, 24, 32, 48, 64, 128, 256, 512):
        data = (tmp_path / f"headcount-{size}.png").read_bytes()
        assert data.startswith(b"\x89PNG")
        assert struct.unpack(">II", data[16:24]) == (size, size)
    ico = (tmp_path / "headcount.ico").read_bytes()
    assert struct.unpack("<HHH", ico[:6]) == (0, 1, 7)
    length, offset = struct.unpack("<II", ico[14:22])
    assert ico[offset : offset + 4] == b"\x89PNG"
    assert offset + length <= len(ico)
    icns = (tmp_path / "headcount.icns").read_bytes()
    assert icns[:4] == b"icns"
    assert struct.unpack(">I", icns[4:8]) == (len(icns),)


def test_the_menu_entry_is_valid() -> None:
    entry = PACKAGING / "linux" / "share" / "applications" / "headcount.desktop"
    text = entry.read_text(encoding="utf-8")
    assert "Exec=headcount %U" in text
    assert "video/mp4" in text
    done = subprocess.run([needs("desktop-file-validate"), str(entry)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_manual_page_names_every_command_with_what_it_does() -> None:
    import argparse

    from desktop_app.cli.main import COMMANDS, parser

    page = (PACKAGING / "linux" / "share" / "man" / "headcount.1").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\.B headcount (\w+)\n(.+)\.$", page, re.MULTILINE))
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    helps = {choice.dest: str(choice.help) for choice in commands._choices_actions}
    assert tuple(helps) == COMMANDS
    assert told == {name: text[0].upper() + text[1:] for name, text in helps.items()}


def test_the_manual_page_is_well_formed() -> None:
    page = PACKAGING / "linux" / "share" / "man" / "headcount.1"
    done = subprocess.run(
        [needs("groff"), "-man", "-Tutf8", "-ww", "-z", str(page)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_appstream_metadata_is_valid() -> None:
    metadata = PACKAGING / "linux" / "share" / "metainfo" / "org.headcount.Headcount.metainfo.xml"
    command = [needs("appstreamcli"), "validate", "--no-net", str(metadata)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_appstream_metadata_names_the_kinds_of_files_that_the_menu_entry_opens() -> None:
    share = PACKAGING / "linux" / "share"
    entry = (share / "applications" / "headcount.desktop").read_text(encoding="utf-8")
    (kinds,) = re.findall(r"^MimeType=(.+);$", entry, re.MULTILINE)
    text = (share / "metainfo" / "org.headcount.Headcount.metainfo.xml").read_text(encoding="utf-8")
    assert re.findall(r"<mediatype>(.+)</mediatype>", text) == kinds.split(";")


def test_the_windows_installer_script_compiles(tmp_path: Path) -> None:
    folder = tmp_path / "headcount"
    (folder / "lib").mkdir(parents=True)
    (folder / "headcount.exe").write_bytes(b"MZ")
    icon = tmp_path / "headcount.ico"
    makensis = needs("makensis")
    subprocess.run(
        [sys.executable, str(PACKAGING / "icons.py"), str(tmp_path)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=True,
    )
    defines = {
        "VERSION": "1.2.3",
        "SOURCE": str(folder),
        "ICON": str(icon),
        "OUTFILE": str(tmp_path / "headcount-setup.exe"),
    }
    command = [makensis, "-V2", "-WX", "-DQUICK", *(f"-D{key}={value}" for key, value in defines.items())]
    done = subprocess.run(
        [*command, "headcount.nsi"], cwd=PACKAGING / "windows", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "headcount-setup.exe").read_bytes().startswith(b"MZ")


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("HEADCOUNT_MAINTAINER", "Jo Doe <jo@example.org>", "Jo Doe <jo@example.org>|"),
        ("HEADCOUNT_HOMEPAGE", "https://example.org/headcount", "|https://example.org/headcount"),
        ("HEADCOUNT_MAINTAINER", "Jo Doe", None),
        ("HEADCOUNT_HOMEPAGE", "example.org", None),
        ("HEADCOUNT_HOMEPAGE", 'https://example.org/"><x', None),
    ],
)
def test_who_offers_the_installers_is_one_setting(setting: str, value: str, told: str | None) -> None:
    script = '. packaging/publisher.sh; echo "$HEADCOUNT_MAINTAINER|$HEADCOUNT_HOMEPAGE"'
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], setting: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (told is not None), done.stderr
    assert told is None or told in done.stdout


def test_the_package_leaves_homes_alone() -> None:
    script = (PACKAGING / "linux" / "make_deb.sh").read_text(encoding="utf-8")
    for name in ("postinst", "prerm", "postrm", "preinst"):
        assert f"DEBIAN/{name}" not in script


def test_the_pages_ship_and_reports_can_be_written() -> None:
    spec = (PACKAGING / "headcount.spec").read_text("utf-8")
    assert 'for name in ("static", "templates")' in spec
    assert 'collect_submodules("desktop_app.web")' in spec
    # Reportlab cannot be imported without it.
    assert "PIL" not in shipping.EXCLUDED_MODULES


def test_the_container_leaves_out_the_window_and_keeps_what_counts() -> None:
    keep = shipping.keep_for_service
    assert {"PySide6", "desktop_app.ui"} <= set(shipping.WINDOW_MODULES)
    for place in ("models/headcount/model.tflite", "models\\yunet\\model.json", "desktop_app/web/templates/live.html"):
        assert keep((place, "", "DATA"))
    for place in ("models/headcount/explain.tflite", "resources/demo/demo.mp4", "cv2/data/haarcascade_eye.xml"):
        assert not keep((place, "", "DATA"))


def test_the_lock_for_the_container_keeps_its_hashes() -> None:
    packages = load("container/packages")
    lock = (ROOT / "requirements" / "package.txt").read_text("utf-8")
    kept = packages.without_unused(lock)
    names = {line.split("==")[0] for line in kept.splitlines() if "==" in line and not line.startswith(" ")}
    assert {"fastapi", "uvicorn", "ai-edge-litert", "reportlab", "pillow", "pyinstaller"} <= names
    assert not {"pyside6-essentials", "pyqtgraph", "yt-dlp", "keyring", "cryptography"} & names
    assert kept.count("--hash=sha256:") > len(names)  # every package has at least one, most have many
    assert set(kept.splitlines()) <= set(lock.splitlines())
    for unused in packages.UNUSED:
        assert f"\n{unused}==" in lock, f"{unused} is no longer in the lock"


def test_the_container_runs_as_nobody_in_particular() -> None:
    lines = (PACKAGING / "container" / "Containerfile").read_text("utf-8").splitlines()
    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["headcount"]' in lines
    for copied in (line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line):
        for name in copied:
            assert (ROOT / name).exists(), name
