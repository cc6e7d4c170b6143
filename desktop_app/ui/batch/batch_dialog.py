"""Counts many files: which ones, how far each has come, and the table of what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.batch.batch import BatchFile, BatchOptions, find_files, missing
from desktop_app.batch.table import FIELDS, rows
from desktop_app.errors import HeadcountError
from desktop_app.reports.times import duration
from desktop_app.settings import Settings
from desktop_app.ui.batch.batch_table import BatchTable
from desktop_app.ui.batch.batch_work import BatchWork, FileState, seconds_left
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.sources.opening import VIDEO_TYPES, dropped_files
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.file_saver import TABLE_KINDS, FileSaver
from desktop_app.ui.widgets.question import is_agreed
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import Theme

LOOK_MS = 200
"""How often the window asks how far the files have come."""
BAR_STEPS = 1000


class BatchDialog(QDialog):
    """Stays beside the window, which can be used meanwhile.

    `counted()` tells that further counts are kept, `show_asked(session_id)` that one of them is to be shown.
    """

    counted = Signal()
    show_asked = Signal(str)

    def __init__(
        self,
        settings: Callable[[], Settings],
        store: CountStore | None,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        """`settings` gives those that the next files are counted with."""
        super().__init__(parent)
        self.setWindowTitle(tr("Count many files"))
        self.setAcceptDrops(True)
        resize_to_fit(self, 980, 560)
        self.setMinimumSize(640, 380)
        self._settings = settings
        self._store = store
        self._paths: list[Path] = []
        self._known: dict[Path, BatchFile] = {}
        self._people_seen = 0
        self.work: BatchWork | None = None
        """What is under way, None while nothing is counted."""
        self.banner = Banner(theme)
        self.tasks = Tasks(self._failed, self)
        self.saver = FileSaver(self, self.tasks, self.banner)
        self.table = BatchTable(theme)
        self.place = QLineEdit()
        self._make_buttons()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        remove = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        remove.setContext(Qt.ShortcutContext.WidgetShortcut)
        remove.activated.connect(self._remove)
        self.table.selectionModel().selectionChanged.connect(self._fit)
        self.table.doubleClicked.connect(self._show_in_results)
        self._fit()

    # --- building ------------------------------------------------------------------------------------------------

    def _make_buttons(self) -> None:
        self.add_folder = _button(tr("Add a folder…"), tr("Every video in a folder and in those inside"))
        self.add_files = _button(tr("Add files…"), tr("One or several videos"))
        self.remove = _button(tr("Remove"), tr("Take the chosen files off this list (Delete); nothing is deleted"))
        self.start = _button(tr("Start"), tr("Count every file of the list"))
        self.start.setProperty("primary", "true")
        self.start.setDefault(True)
        self.stop = _button(tr("Stop"), tr("End soon; what is done is kept, and Start goes on from there"))
        self.save = _button(tr("Save table…"), tr("Save one row a file, for a spreadsheet"))
        self.show_ = _button(tr("Show in Results"), tr("Show the count of the chosen file, to correct or print it"))
        self.close_ = _button(tr("Close"), "")
        for button, call in (
            (self.add_folder, self._ask_folder),
            (self.add_files, self._ask_files),
            (self.remove, self._remove),
            (self.start, self.begin),
            (self.stop, self.end),
            (self.save, self._save_table),
            (self.show_, self._show_in_results),
            (self.close_, self.close),
        ):
            button.clicked.connect(call)

    def _lay_out(self) -> None:
        about = QLabel(
            tr(
                "Every video becomes a count of its own under Results, with the settings of Set up. A file that was "
                "counted so before is not counted again."
            )
        )
        about.setWordWrap(True)
        about.setProperty("role", "muted")
        self.place.setPlaceholderText(tr("Place (optional)"))
        self.place.setAccessibleName(tr("Place of all these counts"))
        self.place.setToolTip(tr("Where these films were taken; it stands in every count"))
        self.place.setMaximumWidth(260)
        above = QHBoxLayout()
        above.setSpacing(6)
        for widget in (self.add_folder, self.add_files, self.remove):
            above.addWidget(widget)
        above.addStretch(1)
        above.addWidget(self.place, 1)
        empty = QLabel(tr("Drop a folder or videos here, or add them above."))
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setProperty("role", "muted")
        self._body = QStackedWidget()
        self._body.addWidget(empty)
        self._body.addWidget(self.table)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("All files"))
        self.says = QLabel()
        below = QHBoxLayout()
        below.setSpacing(6)
        for widget in (self.start, self.stop, self.save, self.show_):
            below.addWidget(widget)
        below.addStretch(1)
        below.addWidget(self.close_)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.banner)
        column.addWidget(about)
        column.addLayout(above)
        column.addWidget(self._body, 1)
        column.addWidget(self.says)
        column.addWidget(self.bar)
        column.addLayout(below)

    # --- which files ---------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether files are counted, looked for or saved."""
        return self.work is not None or self.tasks.busy

    @property
    def paths(self) -> list[Path]:
        """The files of the list."""
        return list(self._paths)

    @Slot()
    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Count every video in a folder"))
        if folder:
            self.add([Path(folder)])

    @Slot()
    def _ask_files(self) -> None:
        patterns = " ".join(f"*.{ending}" for ending in VIDEO_TYPES)
        kinds = f"{tr('Videos')} ({patterns});;{tr('All files')} (*)"
        names, _ = QFileDialog.getOpenFileNames(self, tr("Count several videos"), "", kinds)
        if names:
            self.add([Path(name) for name in names])

    def add(self, paths: Sequence[Path]) -> None:
        """Add videos, and those in folders. Large folders are looked through on a thread."""
        if self.work is None and paths:
            self.tasks.begin("find", partial(_look_for, list(paths)), self._found)

    def _found(self, found: tuple[list[Path], list[BatchFile]]) -> None:
        paths, gone = found
        self._paths = list(dict.fromkeys((*self._paths, *paths)))
        # A file that failed and is added again may be another one by now, or back.
        for path in paths:
            if path in self._known and self._known[path].error is not None:
                del self._known[path]
        self._known.update({file.path: file for file in gone})
        self._show_waiting()

    def _show_waiting(self) -> None:
        self._show_states([FileState(path, file=self._known.get(path)) for path in self._paths])
        self._fit()

    @Slot()
    def _remove(self) -> None:
        if self.work is None:
            gone = {state.path for state in self.table.chosen}
            self._paths = [path for path in self._paths if path not in gone]
            self._show_waiting()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.work is None and dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.add(dropped_files(event.mimeData()))

    # --- counting ------------------------------------------------------------------------------------------------

    @Slot()
    def begin(self) -> None:
        """Count every file of the list."""
        if self.work is not None or not self._paths:
            return
        self.banner.dismiss()
        self.work = BatchWork(self._paths, BatchOptions(self._settings(), self.place.text().strip()), self._store)
        self._people_seen = 0
        self.tasks.begin("batch", self.work.run, self._done)
        self._timer.start()
        self._look()
        self._fit()

    @Slot()
    def end(self) -> None:
        """Stop soon."""
        if self.work is not None:
            self.work.stop()
            self.stop.setEnabled(False)
            self.says.setText(tr("Stopping…"))

    @Slot()
    def _look(self) -> None:
        work = self.work
        if work is None:
            return
        states = work.states()
        self._show_states(states)
        done = [s for s in states if s.file is not None]
        if len(done) != self._people_seen:
            self._people_seen = len(done)
            self.counted.emit()
        if work.is_stopping:
            return
        words = [
            tr("{done} of {all} files", done=len(done), all=len(states)),
            people_words(sum(s.people for s in states)),
        ]
        left = seconds_left(states, time.monotonic() - work.began)
        if left is not None:
            words.append(tr("about {time} left", time=duration(left)))
        elif work.looking_at:
            words.append(tr("reading {name}", name=work.looking_at))
        self.says.setText(" · ".join(words))

    def _show_states(self, states: Sequence[FileState]) -> None:
        self.table.files.show_states(states)
        parts = sum(s.part for s in states)
        self.bar.setRange(0, BAR_STEPS * max(1, len(states)))
        self.bar.setValue(round(BAR_STEPS * parts))
        self._body.setCurrentIndex(1 if states else 0)

    def _done(self, files: list[BatchFile]) -> None:
        self._ended(files)
        failed = sum(f.error is not None for f in files)
        left = sum(not f.is_done for f in files)
        people = people_words(sum(f.result.people for f in files if f.result is not None))
        if left:
            words = tr("Stopped. One file is left.") if left == 1 else tr("Stopped. {n} files are left.", n=left)
            self.banner.show_message("info", words, tr("What is done is kept. Start goes on from here."))
        elif failed:
            words = tr("{people} counted. {failed} of {all} failed.", people=people, failed=failed, all=len(files))
            self.banner.show_message("warning", words, tr("The row of each says why."))
        else:
            words = tr("{people} counted in {all} files.", people=people, all=len(files))
            self.banner.show_message("good", words, tr("Each is kept under Results."))

    def _ended(self, files: Sequence[BatchFile] = ()) -> None:
        self._timer.stop()
        self.work = None
        self._known.update({f.path: f for f in files if f.is_done})
        self._show_waiting()
        done = sum(path in self._known for path in self._paths)
        self.says.setText(tr("{done} of {all} files", done=done, all=len(self._paths)))
        self.counted.emit()
        self._fit()

    def _failed(self, error: HeadcountError) -> None:
        if self.work is not None and not self.tasks.is_busy("batch"):
            self._ended()
        self.banner.show_message("warning", error.message, error.remedy)

    # --- what came out -------------------------------------------------------------------------------------------

    @Slot()
    def _save_table(self) -> None:
        from desktop_app.reports.export import save_table

        states = self.table.files.states
        files = [s.file or BatchFile(s.path) for s in states]

        def write(path: Path) -> None:
            save_table(path, tr("Files"), FIELDS, rows(files))

        self.saver.save_as(tr("Save table"), "counts.xlsx", TABLE_KINDS, write)

    @property
    def _chosen_session(self) -> str:
        """The count of the one chosen file, "" without one."""
        found = [s.file.result for s in self.table.chosen if s.file is not None and s.file.result is not None]
        return found[0].session if len(found) == 1 else ""

    @Slot()
    def _show_in_results(self) -> None:
        if session := self._chosen_session:
            self.show_asked.emit(session)

    @Slot()
    def _fit(self) -> None:
        """Let those buttons be pressed that make sense."""
        is_idle, has_files = self.work is None, bool(self._paths)
        for widget in (self.add_folder, self.add_files, self.place):
            widget.setEnabled(is_idle)
        self.remove.setEnabled(is_idle and bool(self.table.chosen))
        self.start.setVisible(is_idle)
        self.start.setEnabled(has_files)
        self.stop.setVisible(not is_idle)
        self.stop.setEnabled(not is_idle)
        self.save.setEnabled(is_idle and bool(self._known))
        self.show_.setEnabled(bool(self._chosen_session))
        self.bar.setVisible(has_files)
        self.says.setVisible(has_files)

    # --- ending --------------------------------------------------------------------------------------------------

    def may_end(self) -> bool:
        """Ask, where files are being counted, whether to stop."""
        if self.work is None:
            return True
        return is_agreed(
            self,
            tr("Stop counting?"),
            tr("Files are still being counted."),
            tr("What is done is kept. The same files go on from there the next time."),
            tr("Stop"),
            tr("Go on counting"),
            QMessageBox.Icon.Question,
        )

    def reject(self) -> None:
        """Close; files that are being counted are stopped if the operator agrees."""
        if self.may_end():
            self.end()
            super().reject()

    def shut_down(self, seconds: float) -> bool:
        """Stop counting; return False where a thread would not end in time."""
        if self.work is not None:
            self.work.stop()
        self._timer.stop()
        return self.tasks.shut_down(seconds)

    def apply_theme(self, theme: Theme) -> None:
        """Draw in another theme."""
        self.banner.apply_theme(theme)
        self.table.apply_theme(theme)


def _button(words: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button


def _look_for(paths: Sequence[Path]) -> tuple[list[Path], list[BatchFile]]:
    """Return the files to count, and those of them that are not there with the reason."""
    found = find_files(paths)
    return found, missing(found)
