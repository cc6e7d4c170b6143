"""Counts the file of a kept count again: with which settings, how far it is, and what came out differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.events import Entry
from desktop_app.errors import HeadcountError, SettingsError
from desktop_app.reports.recount import FIELDS, recount_rows
from desktop_app.settings import Settings
from desktop_app.settings.counted_with import differences, with_lines
from desktop_app.ui.recount.recount_work import (
    Recountable,
    Recounted,
    RecountWork,
    person_row,
    summary_words,
    totals_rows,
)
from desktop_app.ui.setup.advanced_page import (
    counting_page,
    counting_rows,
    finding_page,
    finding_rows,
    model_page,
    model_row,
)
from desktop_app.ui.setup.form import Row, SettingsForm
from desktop_app.ui.setup.other_pages import returns_row
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.file_saver import TABLE_KINDS, FileSaver
from desktop_app.ui.widgets.row_table import RowTable, TextModel
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import Theme

LOOK_MS = 200
BAR_STEPS = 1000


class RecountDialog(QDialog):
    """Three pages: the settings, the progress, and the difference.

    `kept(session_id)` tells that the new count was kept. `keep` writes entries, None where nothing can be kept.
    """

    kept = Signal(str)

    def __init__(
        self,
        what: Recountable,
        settings: Settings,
        keep: Callable[[Sequence[Entry]], object] | None,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Count again with other settings"))
        resize_to_fit(self, 980, 640)
        self._what = what
        self._settings = settings
        self._keep = keep
        self._work: RecountWork | None = None
        self.result_: Recounted | None = None
        """What came out, None before."""
        self.banner = Banner(theme)
        self.tasks = Tasks(self._failed, self)
        self.saver = FileSaver(self, self.tasks, self.banner)
        self.form = SettingsForm(settings, self)
        self.pages = QStackedWidget()
        for page in (self._settings_page(), self._progress_page(), self._result_page()):
            self.pages.addWidget(page)
        about = QLabel(
            tr(
                "“{name}”: {people}, found by {detector} and judged by {model}. The kept count stays as it is.",
                name=what.title,
                people=people_words(sum(p.is_automatic for p in what.people)),
                detector=what.started.detector or tr("an unknown detector"),
                model=what.started.model or tr("an unknown model"),
            )
        )
        about.setWordWrap(True)
        about.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.banner)
        column.addWidget(about)
        column.addWidget(self.pages, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.form.edited.connect(self._show_differences)
        self.form.fill(settings)
        self._show_differences()

    # --- with which settings -------------------------------------------------------------------------------------

    def _settings_page(self) -> QWidget:
        tabs = QTabWidget()
        tabs.setAccessibleName(tr("Settings to count with"))
        tabs.addTab(finding_page(self.form), tr("Finding faces"))
        tabs.addTab(counting_page(self.form), tr("Counting"))
        tabs.addTab(model_page(self.form), tr("Model"))
        self._model = TextModel((tr("What changes"), tr("Then"), tr("Now")))
        self.changes = RowTable(self._model, tr("What changes"), tr("Choose every setting"), (196, 80))
        self.says = QLabel()
        self.says.setWordWrap(True)
        self.says.setProperty("role", "muted")
        self.start = QPushButton(tr("Count again"))
        self.start.setProperty("primary", "true")
        self.start.setDefault(True)
        self.start.setToolTip(tr("Count the file with these settings"))
        self.as_it_was = QPushButton(tr("As it was"))
        self.as_it_was.setToolTip(tr("Take the settings of the kept count, to change only one of them"))
        self.as_it_was.setEnabled(bool(self._what.started.settings))
        close = QPushButton(tr("Close"))
        self.start.clicked.connect(self.begin)
        self.as_it_was.clicked.connect(self._take_old)
        close.clicked.connect(self.reject)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.changes, 1)
        right.addWidget(self.says)
        both = QHBoxLayout()
        both.setSpacing(12)
        both.addWidget(tabs, 3)
        both.addLayout(right, 2)
        return _page(both, (self.start, self.as_it_was), close)

    @Slot()
    def _take_old(self) -> None:
        self.form.fill(with_lines(self._settings, self._what.started.settings))
        self._show_differences()

    @Slot()
    def _show_differences(self) -> None:
        settings = self._chosen()
        if settings is None:
            return
        rows = {(row.section, row.name): row for row in _known_rows()}
        lines = self._what.started.settings
        shown = []
        for found in differences(lines, settings):
            row = rows.get((found.section, found.name))
            if row is not None:
                shown.append((row.words, row.value_words(found.before), row.value_words(found.now)))
        self._model.show(shown)
        if not lines:
            self._say(tr("The kept count is of an earlier version and does not say more of its settings."))
        elif not shown:
            self._say(tr("Nothing differs: the same will come out. Change something on the left."))
        else:
            self._say("")

    def _say(self, text: str) -> None:
        self.says.setText(text)
        self.says.setVisible(bool(text))

    def _chosen(self) -> Settings | None:
        """Return the settings as entered, None while one of them cannot be."""
        try:
            return self.form.read()
        except SettingsError as error:
            self._say(f"{error.message} {error.remedy}")
            return None

    # --- counting ------------------------------------------------------------------------------------------------

    def _progress_page(self) -> QWidget:
        self.progress = QLabel()
        self.progress.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("How much of the file is counted"))
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setToolTip(tr("End this; nothing is changed"))
        self.cancel.clicked.connect(self.stop)
        middle = QVBoxLayout()
        middle.setContentsMargins(60, 0, 60, 0)
        middle.setSpacing(12)
        middle.addStretch(1)
        middle.addWidget(self.progress)
        middle.addWidget(self.bar)
        middle.addStretch(1)
        return _page(middle, (), self.cancel)

    @property
    def busy(self) -> bool:
        return self._work is not None or self.tasks.busy

    @Slot()
    def begin(self) -> None:
        """Count the file with the settings as entered."""
        self.form.settle()
        settings = self._chosen()
        if settings is None or self._work is not None:
            return
        self.banner.dismiss()
        self._work = RecountWork(self._what, settings)
        self.bar.setRange(0, 0)
        self.progress.setText(tr("Loading the models…"))
        self.pages.setCurrentIndex(1)
        self.cancel.setFocus()
        self.tasks.begin("recount", self._work.run, self._done)
        self._timer.start()

    @Slot()
    def stop(self) -> None:
        """End the counting; nothing is changed."""
        if self._work is not None:
            self._work.stop()

    @Slot()
    def _look(self) -> None:
        if self._work is None or not self._work.progress.seconds:
            return
        now = self._work.progress
        words = people_words(now.people)
        if now.length_s:
            share = min(1.0, now.seconds / now.length_s)
            self.bar.setRange(0, BAR_STEPS)
            self.bar.setValue(round(BAR_STEPS * share))
            words = f"{words} · {100 * share:.0f}%"
        self.progress.setText(words)

    def _ended(self) -> None:
        self._timer.stop()
        self._work = None

    def _failed(self, error: HeadcountError) -> None:
        if self._work is not None and not self.tasks.is_busy("recount"):
            self._ended()
            self.pages.setCurrentIndex(0)
        self.banner.show_message("warning", error.message, error.remedy)

    def _done(self, result: Recounted | None) -> None:
        self._ended()
        if result is None:
            self.pages.setCurrentIndex(0)
            return
        self.result_ = result
        self._totals.show(totals_rows(result.recount))
        self.keep_.setEnabled(self._keep is not None)
        self.keep_.setText(tr("Keep as a new count"))
        if result.count.omissions:
            self.banner.show_message("warning", " ".join(result.count.omissions))
        self._show_people()
        self.pages.setCurrentIndex(2)
        self.people.setFocus()

    # --- what came out -------------------------------------------------------------------------------------------

    def _result_page(self) -> QWidget:
        self._totals = TextModel((tr("The program alone"), tr("Then"), tr("Now"), tr("Difference"), ""), (1, 2, 3))
        self.totals = RowTable(self._totals, tr("Totals"), tr("Choose every figure"), (200, 90, 90, 110))
        self.totals.setFixedHeight(156)
        self.totals.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._people = TextModel((tr("Time"), tr("Change"), tr("Then"), tr("Corrected to"), tr("Now")))
        self.people = RowTable(self._people, tr("Person by person"), tr("Choose everybody"), (70, 130, 210, 150))
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.everybody = QCheckBox(tr("List those of whom nothing changed, too"))
        self.everybody.toggled.connect(self._show_people)
        self.keep_ = QPushButton(tr("Keep as a new count"))
        self.keep_.setProperty("primary", "true")
        self.keep_.setToolTip(tr("Keep what came out now beside the earlier count, under Results"))
        self.save = QPushButton(tr("Save table…"))
        self.save.setToolTip(tr("Save one row a person, for a spreadsheet"))
        again = QPushButton(tr("Other settings"))
        again.setToolTip(tr("Go back to the settings and try others"))
        close = QPushButton(tr("Close"))
        self.keep_.clicked.connect(self.keep_new)
        self.save.clicked.connect(self._save_table)
        again.clicked.connect(self._go_back)
        close.clicked.connect(self.reject)
        middle = QVBoxLayout()
        middle.setSpacing(8)
        for widget in (self.totals, self.summary, self.everybody):
            middle.addWidget(widget)
        middle.addWidget(self.people, 1)
        return _page(middle, (self.keep_, self.save, again), close)

    @Slot()
    def _show_people(self) -> None:
        if self.result_ is None:
            return
        recount = self.result_.recount
        self.summary.setText(summary_words(recount))
        pairs = [pair for pair in recount.pairs if pair.change or self.everybody.isChecked()]
        self._people.show([person_row(pair) for pair in pairs])

    @Slot()
    def keep_new(self) -> None:
        """Keep what came out as a count of its own."""
        if self.result_ is not None and self._keep is not None:
            self._keep(self.result_.count.entries)
            self.keep_.setEnabled(False)
            self.keep_.setText(tr("Kept"))
            self.banner.show_message("good", tr("The new count is kept under Results, beside the earlier one."))
            self.kept.emit(self.result_.count.session)

    @Slot()
    def _save_table(self) -> None:
        from desktop_app.reports.export import save_table

        result = self.result_
        if result is not None:

            def write(path: Path) -> None:
                save_table(path, tr("Recount"), FIELDS, recount_rows(result.recount))

            self.saver.save_as(tr("Save table"), f"{Path(self._what.source).stem}-recount.xlsx", TABLE_KINDS, write)

    @Slot()
    def _go_back(self) -> None:
        self.banner.dismiss()
        self.pages.setCurrentIndex(0)

    def done(self, result: int) -> None:
        """Close; what is being counted ends."""
        self.stop()
        super().done(result)

    def apply_theme(self, theme: Theme) -> None:
        """Draw in another theme."""
        self.banner.apply_theme(theme)


def _known_rows() -> tuple[Row, ...]:
    return (*finding_rows(), *counting_rows(), model_row(), returns_row())


def _page(content: QHBoxLayout | QVBoxLayout, buttons: Sequence[QPushButton], last: QPushButton) -> QWidget:
    """Return a page with its buttons at the foot, `last` on the right."""
    row = QHBoxLayout()
    row.setSpacing(6)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    row.addWidget(last)
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(10)
    column.addLayout(content, 1)
    column.addLayout(row)
    return page
