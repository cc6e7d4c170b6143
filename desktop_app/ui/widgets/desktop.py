"""Shows a file or a folder with the desktop's own program, and tells where this computer has none for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop_app.ui.widgets.texts import tr

Cannot = Callable[[str, str], object]
"""Is told in a sentence that something cannot be shown, and what to do."""

_LOOK_MS = 200
_LOOKS = 100
"""A viewer that was found may run in the place of `xdg-open` for hours; one that is missing is known within seconds."""


def open_path(owner: QObject | None, path: Path, cannot: Cannot | None = None) -> None:
    """Show a file or a folder. Without `cannot` a small window over `owner` tells why that is not possible."""
    if cannot is None:
        cannot = _box_over(owner)
    if not path.exists():
        cannot(tr("{name} is not there any more.", name=path.name), tr("It was in {folder}.", folder=path.parent))
        return
    # Qt takes it for done as soon as xdg-open has started, which finds out only then that there is no program.
    opener = shutil.which("xdg-open") if sys.platform.startswith("linux") else None
    if opener is not None:
        try:
            _Started(owner, opener, path, cannot)
        except OSError:
            _tell(path, cannot)
    elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        _tell(path, cannot)


class _Started(QObject):
    """`xdg-open` under way; goes by itself. Raises OSError where it cannot be started."""

    def __init__(self, owner: QObject | None, opener: str, path: Path, cannot: Cannot) -> None:
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(
            [opener, str(path)],
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            start_new_session=True,
            env=environment_of_others(os.environ, getattr(sys, "_MEIPASS", None)),
        )
        super().__init__(owner)
        self._process, self._path, self._cannot = process, path, cannot
        self._looks = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_MS)

    @Slot()
    def _look(self) -> None:
        code = self._process.poll()
        self._looks += 1
        if code is None and self._looks < _LOOKS:
            return
        self._timer.stop()
        self.deleteLater()
        if code:
            _tell(self._path, self._cannot)


def environment_of_others(own: Mapping[str, str], bundle: str | None) -> dict[str, str]:
    """Return the environment for another program: without what leads it to the libraries of our frozen one.

    `bundle` is the folder of those, None where Python runs as usual. PyInstaller keeps what it changed as `…_ORIG`.
    """
    if bundle is None:
        return dict(own)
    others = {name: value for name, value in own.items() if not value.startswith(bundle)}
    before = others.pop("LD_LIBRARY_PATH_ORIG", None)
    return others if before is None else {**others, "LD_LIBRARY_PATH": before}


def _tell(path: Path, cannot: Cannot) -> None:
    if path.is_dir():
        cannot(
            tr("This computer has no program that shows folders."),
            tr("The folder is {folder}. Install a file manager, or look into it in a terminal.", folder=path),
        )
    else:
        cannot(
            tr("This computer has no program that opens {name}.", name=path.name),
            tr(
                "It is saved all the same, in {folder}. Install a program for {kind} files, or open it on another "
                "computer.",
                folder=path.parent,
                kind=path.suffix.lstrip(".").upper(),
            ),
        )


def _box_over(owner: QObject | None) -> Cannot:
    def cannot(title: str, detail: str) -> None:
        box = QMessageBox(owner if isinstance(owner, QWidget) else None)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(title)
        box.setInformativeText(detail)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    return cannot
