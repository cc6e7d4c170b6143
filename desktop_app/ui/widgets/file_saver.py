"""Saves what a page or a dialog shows: asks where to, writes on a thread, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import platformdirs
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.desktop import open_path
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr

PDF_KIND = ("PDF", "pdf")
TABLE_KINDS = (("Spreadsheet", "xlsx"), ("CSV for Excel", "csv"))


def reports_folder() -> Path:
    """Return where reports are saved: "Headcount" in the user's documents."""
    return Path(platformdirs.user_documents_dir()) / "Headcount"


def ask_where(window: QWidget, title: str, proposed: Path, kinds: Sequence[tuple[str, str]]) -> Path | None:
    """Ask for the name of a file of one of these kinds, (words, ending); None if the operator thinks better of it.

    The dialog itself asks about a file that is there. A name without one of the endings gets that of the kind chosen.
    """
    folder = proposed.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    filters = [f"{tr(words)} (*.{ending})" for words, ending in kinds]
    name, chosen = QFileDialog.getSaveFileName(window, title, str(folder / proposed.name), ";;".join(filters))
    if not name:
        return None
    path = Path(name)
    if path.suffix.lower().lstrip(".") in {ending for _, ending in kinds}:
        return path
    ending = kinds[filters.index(chosen)][1] if chosen in filters else kinds[0][1]
    return path.with_name(f"{path.name}.{ending}")


class FileSaver(QObject):
    """`folder` is where to save, None for the user's documents; it follows what the operator chooses."""

    def __init__(self, window: QWidget, tasks: Tasks, banner: Banner) -> None:
        super().__init__(window)
        self._window = window
        self._tasks = tasks
        self._banner = banner
        self.folder: Path | None = None
        self.ask_where: Callable[..., Path | None] = ask_where

    @property
    def target(self) -> Path:
        """The folder to save in."""
        return self.folder or reports_folder()

    def ask(self, title: str, name: str, kinds: Sequence[tuple[str, str]]) -> Path | None:
        """Ask where to save and remember the folder; None if the operator thinks better of it."""
        path = self.ask_where(self._window, title, self.target / name, kinds)
        if path is not None:
            self.folder = path.parent
        return path

    def save_as(self, title: str, name: str, kinds: Sequence[tuple[str, str]], write: Callable[[Path], object]) -> None:
        """Ask where to save, and have `write` make the file there; it raises HeadcountError where it cannot."""
        path = self.ask(title, name, kinds)
        if path is None:
            return

        def work() -> Path:
            write(path)
            return path

        self._tasks.begin("save", work, self.say_saved)

    def say_saved(self, path: Path) -> None:
        """Say that a file was saved, and offer to open it."""
        words = tr("Saved: {name}", name=path.name)
        actions = ((tr("Open"), partial(self._open, path)), (tr("Show folder"), partial(self._open, path.parent)))
        self._banner.show_message("good", words, str(path.parent), actions, 15)

    def _open(self, path: Path) -> None:
        open_path(self, path, lambda title, detail: self._banner.show_message("warning", title, detail))
