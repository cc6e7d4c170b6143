"""Two models side by side: the same picture twice, each with one model's labels, and where they disagree.

The other model runs on a thread of its own at the lowest priority and is shown the same glimpses that the counting
model was shown. The pictures are the ones already made for the window, so comparing adds no work on frames.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QColor, QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop_app.engine.state import EngineState, Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.session.door_run import DoorRun
from desktop_app.ui.models.compare_picture import ModelPicture, answer_words, figures_words, table_of, verdict_words
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sources.names import short_name
from desktop_app.ui.widgets.background_task import BackgroundTask
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.file_saver import TABLE_KINDS, FileSaver
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme, repolish
from desktop_app.vision.attributes.model_store import list_models
from desktop_app.vision.compare import Comparison
from desktop_app.vision.compare_votes import ComparedPerson, ComparisonSnapshot

PICTURE_MS = 40
FIGURES_MS = 400


class CompareView(QDialog):
    """The window of the comparison. It counts nothing itself and closing it ends the comparison, not the count."""

    def __init__(
        self,
        controller: Controller,
        view: VideoView,
        theme: Theme,
        own_models: Path,
        keep: Callable[[BackgroundTask], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Two models side by side"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setMinimumSize(620, 420)
        resize_to_fit(self, 1180, 720)
        self._controller, self._view, self._theme, self._keep = controller, view, theme, keep
        self._own_models = own_models
        self._comparison: Comparison | None = None
        self._loading: BackgroundTask | None = None
        self._snapshot = ComparisonSnapshot((), ())
        self._shown: tuple[ComparedPerson, ...] = ()
        self._filled_for = self._first_name = ""
        self.banner = Banner(theme)
        self.tasks = Tasks(self._cannot_save, self)
        self.saver = FileSaver(self, self.tasks, self.banner)
        self._build()
        self._pictures_timer = QTimer(self)
        self._pictures_timer.setInterval(PICTURE_MS)
        self._pictures_timer.timeout.connect(self._show_pictures)
        self._figures_timer = QTimer(self)
        self._figures_timer.setInterval(FIGURES_MS)
        self._figures_timer.timeout.connect(self._show_figures)
        controller.state_changed.connect(self._state)
        controller.door_shown.connect(self._attach)
        self._pictures_timer.start()
        self._figures_timer.start()
        self._fill()

    # --- building ------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.pictures = (ModelPicture(0), ModelPicture(1))
        self.pictures[0].setAccessibleName(tr("Picture with the labels of the model that counts"))
        self.pictures[1].setAccessibleName(tr("Picture with the labels of the other model"))
        self._first = QLabel()
        self._first.setProperty("role", "title")
        self._first.setToolTip(tr("The model that counts; it is chosen in Models"))
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("The other model"))
        self.choice.setToolTip(tr("Which model is shown the same faces beside it"))
        self.choice.currentIndexChanged.connect(lambda _i: self._chosen())
        self._figures = (QLabel(), QLabel())
        columns = QHBoxLayout()
        columns.setSpacing(10)
        for head, figures, picture in zip((self._first, self.choice), self._figures, self.pictures, strict=True):
            figures.setProperty("role", "muted")
            top = QHBoxLayout()
            top.addWidget(head)
            top.addStretch(1)
            top.addWidget(figures)
            column = QVBoxLayout()
            # A combo box is taller than a label; the two pictures must stand level.
            top.addStrut(self.choice.sizeHint().height())
            column.addLayout(top)
            column.addWidget(picture, 1)
            columns.addLayout(column, 1)
        upper = QWidget()
        upper.setLayout(columns)
        columns.setContentsMargins(0, 0, 0, 0)
        self._verdict = QLabel()
        self._verdict.setProperty("role", "title")
        self._verdict.setWordWrap(True)
        self.table = QTableWidget(0, 4)
        self.table.setAccessibleName(tr("People and what each model says of them"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        fit, stretch = QHeaderView.ResizeMode.ResizeToContents, QHeaderView.ResizeMode.Stretch
        for section, mode in enumerate((fit, stretch, stretch, fit)):
            self.table.horizontalHeader().setSectionResizeMode(section, mode)
        self.table.setStyleSheet(
            "QTableWidget::item { padding: 2px 10px; } QHeaderView::section { padding: 5px 10px; }"
        )
        lower = QWidget()
        rows = QVBoxLayout(lower)
        rows.setContentsMargins(0, 6, 0, 0)
        rows.addWidget(self._verdict)
        rows.addWidget(self.table, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(upper)
        splitter.addWidget(lower)
        splitter.setSizes([460, 200])
        splitter.setStretchFactor(0, 1)
        splitter.setChildrenCollapsible(False)
        self._message = QLabel()
        self._message.setObjectName("banner-text")
        self._message.setWordWrap(True)
        self._message.setVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self._message)
        layout.addWidget(self.banner)
        layout.addWidget(splitter, 1)
        layout.addLayout(self._foot())

    def _foot(self) -> QHBoxLayout:
        self.save = QPushButton(tr("Save table…"))
        self.save.setToolTip(tr("Save one row a person, for a spreadsheet"))
        self.save.setEnabled(False)
        self.save.clicked.connect(self._save_table)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        for button in (self.save, close):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self.save)
        row.addStretch(1)
        row.addWidget(close)
        return row

    @Slot()
    def _save_table(self) -> None:
        from desktop_app.reports.export import save_table, stem_of

        head, rows = table_of(self._snapshot)
        name = f"{stem_of(Path(short_name(self._controller.source_text)).stem)}-two-models.xlsx"
        self.saver.save_as(
            tr("Save table"), name, TABLE_KINDS, lambda path: save_table(path, tr("Two models"), head, rows)
        )

    def _cannot_save(self, error: HeadcountError) -> None:
        self.banner.show_message("error", error.message, error.remedy)

    def _fill(self) -> None:
        """Offer every model but the one that counts, a different kind from it first."""
        in_use = self._filled_for = self._counting_key()
        entries = list_models(self._own_models)
        names = {e.key: e.name for e in entries}
        self._first_name = names.get(in_use, in_use)
        self._first.setText(tr("{model} (counts)", model=self._first_name))
        self.choice.blockSignals(True)
        self.choice.clear()
        for entry in entries:
            if entry.key != in_use and entry.card is not None:
                self.choice.addItem(entry.name, entry.key)
        self.choice.blockSignals(False)
        self.choice.setEnabled(self.choice.count() > 0)
        if self.choice.count():
            self._chosen()
        else:
            self._end_comparison()
            self.choice.addItem("no other model")
            self._tell(tr("There is no other model to compare with. Add one in Count, Models."))
        self._show_figures()

    # --- the comparison ------------------------------------------------------------------------------------------

    @property
    def message(self) -> str:
        return "" if self._message.isHidden() else self._message.text()

    @property
    def comparison(self) -> Comparison | None:
        return self._comparison

    @property
    def verdict(self) -> str:
        return self._verdict.text()

    def _tell(self, words: str, error: bool = False) -> None:
        self._message.setText(words)
        self._message.setVisible(bool(words))
        self._message.setStyleSheet(f"color: {self._theme.danger if error else self._theme.muted}")
        repolish(self._message)

    def _chosen(self) -> None:
        """Load the chosen model on a thread of its own; the comparison there is goes on until it is ready."""
        key = self.choice.currentData()
        if not key:
            return
        if self._loading is not None:
            self._loading.abandon()
            self._keep(self._loading)
        settings = self._controller.settings

        def load() -> object:
            from desktop_app.factory import build_comparison

            return build_comparison(settings, [key], threaded=True)

        task = BackgroundTask("compare", load)
        self._loading = task
        task.done.connect(self._loaded)
        task.failed.connect(self._cannot_load)
        self._tell(f"Loading {self.choice.currentText()}…")
        task.start()

    def _loaded(self, comparison: object) -> None:
        task = self._loading
        if task is None or task.result is not comparison or not isinstance(comparison, Comparison):
            return
        self._loading = None
        self._keep(task)
        self._tell("")
        self._end_comparison()
        self._comparison = comparison
        self._attach()
        self._show_figures()

    def _cannot_load(self, error: HeadcountError) -> None:
        task = self._loading
        if task is not None and task.error is error:
            self._loading = None
            self._keep(task)
            self._tell(f"{error.message} {error.remedy}", error=True)

    def _attach(self) -> None:
        """Have the pipeline of the door shown ask the other model too, from its next frame on, and no other one."""
        comparison = self._comparison

        def attach(pipeline: Pipeline) -> None:
            if comparison is self._comparison:
                pipeline.compare_with(comparison)

        if comparison is not None:
            self._detach(comparison, self._controller.run)
            self._controller.submit(attach)

    def _detach(self, comparison: Comparison, but: DoorRun | None = None) -> None:
        """Have no pipeline ask the other model any more, but that of one door."""

        def detach(pipeline: Pipeline) -> None:
            if pipeline.comparison is comparison:
                pipeline.compare_with(None)

        for run in [door.run for door in self._controller.doors if door.run is not but]:
            run.submit(detach)

    def _end_comparison(self) -> None:
        old, self._comparison = self._comparison, None
        if old is None:
            return
        self._detach(old)
        # Its thread may be in the middle of a slow model; it is closed without being waited for here.
        task = BackgroundTask("compare-end", old.close)
        self._keep(task)
        task.start()

    def _state(self, state: EngineState, _message: str) -> None:
        if state is EngineState.OPENING and self._filled_for != self._counting_key():
            self._fill()
        if state in (EngineState.RUNNING, EngineState.PAUSED, EngineState.BLANK):
            # A new run may have another pipeline.
            self._attach()

    def _counting_key(self) -> str:
        """The model of the count under way, which may be another than the one chosen for the next start."""
        return self._controller.settings_in_use.count.model

    # --- what is shown -------------------------------------------------------------------------------------------

    def _show_pictures(self) -> None:
        if not self.isVisible():
            return
        frame = self._view.frame
        people = {p.track_id: p for p in self._snapshot.people}
        for picture in self.pictures:
            # What is still to be seen of an earlier count was shown to one model only.
            is_new = not self._controller.active and not self._snapshot.people
            picture.note = tr("Start a count: both models are then shown the same faces.") if is_new else ""
            picture.show_frame(frame, people)

    def _show_figures(self) -> None:
        if self._comparison is not None:
            self._snapshot = self._comparison.snapshot(is_over=self._controller.state.is_final)
        for label, figures in zip(self._figures, self._snapshot.models, strict=False):
            label.setText(figures_words(figures))
        if self._snapshot.people != self._shown or not self._shown:
            self._shown = self._snapshot.people
            self._show_table()
        self._verdict.setText(verdict_words(self._snapshot))
        problem = self._snapshot.models[1].problem if len(self._snapshot.models) > 1 else ""
        if problem:
            self._tell(problem, error=True)

    def _show_table(self) -> None:
        other = self.choice.currentText()
        names = [m.name for m in self._snapshot.models] or ["", other]
        self.table.setHorizontalHeaderLabels([tr("Person"), names[0] or self._first_name, names[1] or other, ""])
        self.save.setEnabled(bool(self._shown))
        # People on whom the models differ come first, then the latest.
        people = sorted(self._shown, key=lambda p: (not p.disagree, -p.track_id))[:100]
        self.table.setRowCount(len(people))
        bold = QFont(self.table.font())
        bold.setBold(True)
        for row, person in enumerate(people):
            words = "differ" if person.disagree else "agree" if person.all_decided else "one is undecided"
            cells = [f"#{person.track_id}", *(answer_words(d) for d in person.decisions[:2]), words]
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if person.disagree:
                    item.setFont(bold)
                    if column == 3:
                        item.setForeground(QColor(self._theme.danger))
                if column in (1, 2):
                    item.setForeground(QColor(self._theme.gender(person.decisions[column - 1].gender)))
                self.table.setItem(row, column, item)

    # --- ending --------------------------------------------------------------------------------------------------

    def done(self, result: int) -> None:
        self._pictures_timer.stop()
        self._figures_timer.stop()
        if self._loading is not None:
            self._loading.abandon()
            self._keep(self._loading)
            self._loading = None
        self._end_comparison()
        self.tasks.shut_down(2.0)
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.done(0)
        event.accept()
