"""What ships: the table that decides it, the licences traced from it, the icons, and the installers' own files."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"


def load(name: str) -> ModuleType:
    """Import a script of packaging/, which is no package: its scripts are run, not imported."""
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


shipping = load("shipping")
components = load("components")
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
        "python": {"libm.so.6"},
    }
    binaries = [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "xcb", "BINARY"),
        ("libxcb-cursor.so.0", "cursor", "BINARY"),
        ("libxcb-util.so.1", "util", "BINARY"),
        ("libgtk-3.so.0", "gtk", "BINARY"),
        ("libcairo.so.2", "cairo", "BINARY"),
        ("libX11.so.6", "x11", "BINARY"),
        ("libpython3.11.so.1.0", "python", "BINARY"),
    ]
    kept = [place for place, _, _ in shipping.without_orphans(binaries, asked.__getitem__)]
    assert kept == [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "libxcb-cursor.so.0",
        "libxcb-util.so.1",
        "libpython3.11.so.1.0",
    ]


@pytest.mark.slow
def test_each_shipped_file_is_traced_to_its_package_and_licence(tmp_path: Path) -> None:
    import numpy

    source = Path(numpy.__file__)
    shipped = {"pure": [["numpy", str(source)], ["json", json.__file__]], "binaries": [], "datas": []}
    parts = components.parts_of(shipped, tmp_path, freezer=None)
    assert set(parts) == {"Python", "numpy"}
    assert parts["numpy"].version == numpy.__version__
    assert parts["numpy"].purl == f"pkg:pypi/numpy@{numpy.__version__}"
    assert any("LICENSE" in text.name for text in parts["numpy"].texts)
    components.write_texts(parts, tmp_path / "third-party")
    table = (tmp_path / "third-party" / "THIRD-PARTY.md").read_text(encoding="utf-8")
    assert f"| numpy | {numpy.__version__} |" in table
    assert (tmp_path / "third-party" / "numpy" / "LICENSE.txt").is_file()


@pytest.mark.slow
def test_a_file_of_unknown_origin_stops_the_build(tmp_path: Path) -> None:
    stray = tmp_path / "libmystery.so"
    stray.write_bytes(b"")
    shipped = {"pure": [], "binaries": [["libmystery.so", str(stray)]], "datas": []}
    with pytest.raises(SystemExit, match="libmystery"):
        components.parts_of(shipped, tmp_path, freezer=None)


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


def needs(command: str) -> str:
    path = shutil.which(command)
    if path is None:
        pytest.skip(f"{command} is not installed")
    return path


def test_the_menu_entry_is_valid() -> None:
    entry = PACKAGING / "linux" / "share" / "applications" / "headcount.desktop"
    text = entry.read_text(encoding="utf-8")
    assert "Exec=headcount %U" in text
    assert "video/mp4" in text
    done = subprocess.run([needs("desktop-file-validate"), str(entry)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_appstream_metadata_is_valid() -> None:
    metadata = PACKAGING / "linux" / "share" / "metainfo" / "org.headcount.Headcount.metainfo.xml"
    command = [needs("appstreamcli"), "validate", "--no-net", str(metadata)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


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
