"""What of PyInstaller's collection ships, and what does not. Used by headcount.spec; tested on its own.

An entry is one row of PyInstaller's tables: (place in the bundle, source file, kind).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

Entry = tuple[str, str, str]

CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_frontalface_alt2.xml", "haarcascade_profileface.xml")
"""The cascades that `HaarFaceDetector` offers; PyInstaller collects none of them by itself."""

EXCLUDED_MODULES = (
    "desktop_app.training", "tensorflow", "keras", "sklearn", "scipy", "matplotlib", "pandas", "IPython", "jupyter",
    "tkinter", "_tkinter", "_curses", "curses", "pytest", "_pytest", "pytestqt", "setuptools", "pip", "pkg_resources",
    "cupy", "h5py", "numpy.f2py", "numpy.distutils", "pyqtgraph.examples", "pyqtgraph.opengl",
    "pyqtgraph.flowchart", "pyqtgraph.jupyter", "ai_edge_litert.aot", "ai_edge_litert.tools", "ai_edge_litert.vendors",
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtDesigner", "PySide6.QtHelp",
    "PySide6.QtSql", "PySide6.QtTest", "PySide6.QtUiTools", "PySide6.QtXml", "PySide6.QtConcurrent",
    "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets", "PySide6.scripts",
    "cv2.gapi", "lib2to3", "pydoc_data", "turtledemo", "idlelib", "test",
    # Reportlab needs Pillow's pictures, and none of what draws, shows and packs them otherwise.
    "PIL._avif", "PIL._webp", "PIL._imagingcms", "PIL._imagingft", "PIL._imagingtk", "PIL.ImageTk", "PIL.ImageQt",
    "readline",  # GNU readline is under the GPL
)  # fmt: skip

WINDOW_MODULES = (
    "desktop_app.app", "desktop_app.ui", "PySide6", "shiboken6", "pyqtgraph",
    # Links to video sites, and the keyring of a desktop: a service is given cameras, files and secrets.
    "yt_dlp", "yt_dlp_ejs", "keyring", "secretstorage", "jeepney", "cryptography",
)  # fmt: skip
"""What the container leaves out as well: it serves, and opens no window."""

# OpenGL only because the X11 and Wayland plug-ins link it.
QT_LIBRARIES = frozenset(
    {
        *("Core", "DBus", "Gui", "Network", "PrintSupport", "Svg", "Widgets"),
        *("XcbQpa", "WaylandClient", "WlShellIntegration", "OpenGL"),
    }
)
_QT_PLUGINS = re.compile(
    r"/plugins/(platforms/(libq(xcb|wayland|offscreen|minimal)\.|qwindows|qoffscreen|libqcocoa)"
    r"|(xcbglintegrations|wayland-[a-z-]*client|wayland-shell-integration|styles|iconengines)/"
    r"|platforminputcontexts/lib(compose|ibus)|platformthemes/libqxdgdesktopportal"
    r"|imageformats/(lib)?q(jpeg|svg|ico|webp)\b|printsupport/libcups)"
)
_QT_FRAMEWORK = re.compile(r"/Qt(\w+)\.framework/")
_QT_LIBRARY = re.compile(r"(?:lib)?Qt6?([A-Z]\w*?)(?:\.so|\.dll|\.framework|$)")
_UNWANTED = re.compile(
    r"/((lib)?LiteRtWebGpuAccelerator|opencv_videoio_ffmpeg.*_debug|opengl32sw|d3dcompiler)"
    r"|/translations/|/Qt/qml/|\.pyi$|_pywrap_(tfl_calibration|modify_model|tensorflow_lite_cal)"
    r"|pywrap_genai_ops|_pywrap_litert_converter"
    r"|/pyqtgraph/(examples|icons/peegee/|colors/maps/(?!CET-L1\.|CC-BY|viridis|PAL-relaxed))"
    r"|^/resources/.*\.py$"
)
# Libraries that every desktop has, and whose system version must win: a bundled C++ runtime or X library older than the
# system's own breaks the system's graphics drivers, and a bundled one gets no security updates.
_SYSTEM_LIBRARIES = re.compile(
    r"^lib(stdc\+\+|gcc_s|X11|X11-xcb|xcb|Xau|Xdmcp|Xext|Xrender|glib-2\.0|gobject-2\.0|gio-2\.0|gmodule-2\.0|gthread-2\.0"
    r"|dbus-1|fontconfig|freetype|expat|z|EGL|GL|GLX|OpenGL|wayland-[a-z]+|drm|gbm|selinux|mount|blkid|pcre2-8|systemd|cups)\.so"
)


def keep_for_service(entry: Entry) -> bool:
    """Tell whether an entry ships in the container: what explains an answer and the demo clip are for the window."""
    name = "/" + entry[0].replace("\\", "/")
    return keep(entry) and not name.endswith("/explain.tflite") and not name.startswith("/resources/demo/")


def keep(entry: Entry) -> bool:
    """Tell whether an entry ships."""
    name = "/" + entry[0].replace("\\", "/")
    if _UNWANTED.search(name):
        return False
    if "/PySide6/" in name and "/plugins/" in name:
        return _QT_PLUGINS.search(name) is not None
    file = PurePosixPath(name).name
    if file.startswith("haarcascade_"):
        return file in CASCADES
    # With all that lies in it: what is left of one without its library keeps macOS from signing the whole.
    if framework := _QT_FRAMEWORK.search(name):
        return framework[1] in QT_LIBRARIES
    library = _QT_LIBRARY.match(file)
    if library and ".abi3." not in file and not file.endswith((".pyd", ".py")):
        return library[1] in QT_LIBRARIES
    return True


def asked_for(path: str) -> set[str]:
    """Return the names of the libraries that a Linux binary is linked to."""
    listing = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"NEEDED\s+(\S+)", listing))


def without_orphans(binaries: Iterable[Entry], asked: Callable[[str], set[str]] = asked_for) -> list[Entry]:
    """Return `binaries` without those libraries of the build machine that nothing which ships asks for, and without
    those that the system provides. What came with a wheel lies in a folder of its own and stays.
    """
    entries = [entry for entry in binaries if "/" in entry[0] or not _SYSTEM_LIBRARIES.match(entry[0])]
    needs = {entry[0]: asked(entry[1]) for entry in entries}
    system = {name for name in needs if "/" not in name and not name.startswith("libpython")}
    wanted: set[str] = set()
    todo = [name for name in needs if name not in system]
    while todo:
        for needed in (needs[todo.pop()] & system) - wanted:
            wanted.add(needed)
            todo.append(needed)
    return [entry for entry in entries if entry[0] not in system or entry[0] in wanted]
