"""The models and their cards: which one counts, what it can do, and models of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from desktop_app.errors import HeadcountError
from desktop_app.ui.models.model_words import card_html
from desktop_app.ui.widgets.background_task import BackgroundTask
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme, repolish
from desktop_app.vision.attributes.model_store import (
    ModelEntry,
    bring_back,
    forget_removed,
    list_models,
    remove,
    take_in,
)

FILE_FILTER = (
    "Models (*.tflite *.keras *.h5 *.npz *.prototxt *.caffemodel model.json);;"
    "LiteRT (*.tflite);;Keras (*.keras *.h5);;Caffe, both files (*.prototxt *.caffemodel);;All files (*)"
)
WELCOME = "Models of your own can be dropped here: a model folder, or the files of a model."


def try_model(folder: Path) -> None:
    """Load a model as the count would. Raises ModelError saying why it cannot be used."""
    from desktop_app.vision.attributes.classifier import load_classifier

    load_classifier(folder)


class ModelChooser(QDialog):
    """Lists the models with their cards. `chosen(key)` is emitted for a model that was tried and works.

    `in_use` is the key of the model that counts. Nothing here changes settings: the receiver of `chosen` does. Work
    that is under way when the dialog closes is handed to `keep`, which waits for its end.
    """

    chosen = Signal(str)

    def __init__(
        self,
        own_models: Path,
        in_use: str,
        theme: Theme,
        keep: Callable[[BackgroundTask], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Models"))
        self.setMinimumSize(620, 400)
        resize_to_fit(self, 900, 620)
        self.setAcceptDrops(True)
        self._own_models = own_models
        self._in_use = in_use
        self._theme = theme
        self._keep = keep
        self._entries: tuple[ModelEntry, ...] = ()
        self._task: BackgroundTask | None = None
        self._removed = ""
        self._build()
        self.reload(in_use)

    # --- building ------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Models"))
        self.list.setFixedWidth(250)
        self.list.setIconSize(QSize(18, 18))
        self.list.setSpacing(2)
        self.list.setStyleSheet("QListWidget { outline: none; } QListWidget::item { padding: 6px 4px; border: none; }")
        self.list.currentRowChanged.connect(lambda _row: self._show())
        self.card = QTextBrowser()
        self.card.setAccessibleName(tr("Card of the chosen model"))
        self.card.setOpenExternalLinks(True)
        self.add = QPushButton(tr("&Add a model…"))
        self.add.setToolTip(tr("Add a model of your own from its files; it is tested first, then copied"))
        self.add.clicked.connect(self._ask_for_files)
        self.add_folder = QPushButton(tr("Add a &folder…"))
        self.add_folder.setToolTip(tr("Add a model folder, or a SavedModel, with its model.json"))
        self.add_folder.clicked.connect(self._ask_for_folder)
        self.remove = QPushButton("&Remove")
        self.remove.setToolTip(tr("Remove this model of your own; it can be undone while this page is open"))
        self.remove.clicked.connect(self._remove)
        self.use = QPushButton(tr("&Use this model"))
        self.use.setProperty("primary", "true")
        self.use.setDefault(True)
        self.use.clicked.connect(self._use)
        self.list.itemActivated.connect(lambda _item: self.use.click())
        close = QPushButton("&Close")
        close.clicked.connect(self.reject)
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self.list)
        middle.addWidget(self.card, 1)
        bottom = QHBoxLayout()
        for button in (self.add, self.add_folder, self.remove):
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(self.use)
        bottom.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(middle, 1)
        layout.addWidget(self._message_strip())
        layout.addLayout(bottom)
        self.setTabOrder(self.list, self.card)
        self.setTabOrder(self.card, self.add)

    def _message_strip(self) -> QFrame:
        self._strip = QFrame()
        self._strip.setObjectName("banner")
        self._words = QLabel(tr(WELCOME))
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setFixedWidth(120)
        self._progress.setVisible(False)
        self.strip_button = QPushButton()
        self.strip_button.setVisible(False)
        self._strip_call: Callable[[], object] = lambda: None
        self.strip_button.clicked.connect(lambda: self._strip_call())
        row = QHBoxLayout(self._strip)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self._words, 1)
        row.addWidget(self._progress)
        row.addWidget(self.strip_button)
        return self._strip

    # --- what is shown -------------------------------------------------------------------------------------------

    @property
    def message(self) -> str:
        return self._words.text()

    @property
    def message_kind(self) -> str:
        return str(self._strip.property("kind") or "")

    @property
    def busy(self) -> bool:
        return self._task is not None

    def current(self) -> ModelEntry | None:
        row = self.list.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def select(self, key: str) -> None:
        """Show the card of a model."""
        for row, entry in enumerate(self._entries):
            if entry.key == key:
                self.list.setCurrentRow(row)

    def set_in_use(self, key: str) -> None:
        """Mark the model that counts."""
        self._in_use = key
        self.reload(key)

    def reload(self, key: str) -> None:
        """Look at the folders again, and show the card of `key`."""
        self._entries = list_models(self._own_models)
        self.list.blockSignals(True)
        self.list.clear()
        for entry in self._entries:
            notes = ["in use"] if entry.key == self._in_use else []
            notes.append("your own" if entry.own else "comes with Headcount")
            if entry.card is None:
                notes.append("cannot be used")
            item = QListWidgetItem(f"{entry.name}\n{', '.join(notes)}")
            colour = self._theme.good if entry.key == self._in_use else "transparent"
            item.setIcon(action_icon("check", self._theme, colour))
            if entry.card is None:
                item.setIcon(action_icon("warning", self._theme, self._theme.warning))
            item.setToolTip(tr("Chosen by the name “{key}” on the command line", key=entry.key))
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.select(key)
        if self.list.currentRow() < 0 and self._entries:
            self.list.setCurrentRow(0)
        self._show()

    def _show(self) -> None:
        entry = self.current()
        self.card.setHtml(card_html(entry.folder) if entry else "")
        idle = self._task is None
        in_use = entry is not None and entry.key == self._in_use
        self.use.setEnabled(idle and entry is not None and entry.card is not None and not in_use)
        self.use.setText(tr("In use") if in_use else tr("&Use this model"))
        self.remove.setEnabled(idle and entry is not None and entry.own and not in_use)
        self.remove.setVisible(any(e.own for e in self._entries))
        self.add.setEnabled(idle)
        self.add_folder.setEnabled(idle)

    def _tell(self, kind: str, words: str, button: str = "", call: Callable[[], object] | None = None) -> None:
        self._words.setText(words)
        self._strip.setProperty("kind", kind)
        repolish(self._strip)
        self._strip.setAccessibleName(words)
        self.strip_button.setText(button)
        self.strip_button.setVisible(bool(button))
        self._strip_call = call or (lambda: None)

    # --- slow work -----------------------------------------------------------------------------------------------

    def _begin(self, words: str, work: Callable[[], object], done: Callable[[object], None]) -> None:
        if self._task is not None:
            return
        task = BackgroundTask("models", work)
        self._task = task
        task.done.connect(done)
        task.failed.connect(self._failed)
        task.finished.connect(self._finished)
        self._tell("info", words, tr("Cancel"), self._cancel)
        self._progress.setVisible(True)
        self._show()
        task.start()

    def _cancel(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.abandon()
        self._keep(task)
        self._progress.setVisible(False)
        self._tell("info", tr("Cancelled. Nothing was changed."))
        self._show()

    def _finished(self) -> None:
        # One that was cancelled may end while another is under way.
        if self._task is not None and self._task.isFinished():
            self._task = None
            self._progress.setVisible(False)
            self._show()

    def _failed(self, error: HeadcountError) -> None:
        in_use = next((e.name for e in self._entries if e.key == self._in_use), self._in_use)
        self._tell(
            "error", f"{error.message} {error.remedy} {tr('{name} stays in use.', name=in_use)}".replace("  ", " ")
        )

    # --- commands ------------------------------------------------------------------------------------------------

    def _use(self) -> None:
        entry = self.current()
        if entry is None or entry.key == self._in_use or entry.card is None:
            return

        def done(_result: object) -> None:
            self._tell("good", tr("{name} is in use now.", name=entry.name))
            self._in_use = entry.key
            self.chosen.emit(entry.key)
            self.reload(entry.key)

        self._begin(tr("Trying {name}…", name=entry.name), lambda: try_model(entry.folder), done)

    def _ask_for_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Add a model", "", FILE_FILTER)
        if names:
            self.take_in([Path(name) for name in names])

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Add a model folder")
        if name:
            self.take_in([Path(name)])

    def take_in(self, paths: Sequence[Path]) -> None:
        """Copy a model into the user's folder after trying it; a broken one is reported and leaves nothing behind."""
        own = self._own_models
        task_holder: list[BackgroundTask] = []

        def work() -> object:
            key = take_in(paths, own)
            if task_holder and task_holder[0].abandoned:
                # Cancelled while it was being tried: it must not appear after all.
                remove(key, own)
            return key

        def done(key: object) -> None:
            self.reload(str(key))
            entry = self.current()
            name = entry.name if entry else str(key)
            self._tell("good", tr("{name} was added. It works; press “Use this model” to count with it.", name=name))
            self.list.setFocus()

        self._begin(tr("Trying the model… One that needs TensorFlow takes a while."), work, done)
        if self._task is not None:
            task_holder.append(self._task)

    def _remove(self) -> None:
        entry = self.current()
        if entry is None or not entry.own or entry.key == self._in_use:
            return
        try:
            remove(entry.key, self._own_models)
        except HeadcountError as error:
            self._failed(error)
            return
        self._removed = entry.key
        self.reload(self._in_use)
        self._tell("info", tr("{name} was removed.", name=entry.name), tr("Undo"), self._undo)
        # The button that was pressed is hidden or disabled now, so Undo gets the keyboard focus.
        self.strip_button.setFocus()

    def _undo(self) -> None:
        try:
            bring_back(self._removed, self._own_models)
        except HeadcountError as error:
            self._failed(error)
            return
        self.reload(self._removed)
        self._tell("good", tr("It is back."))
        self._removed = ""

    # --- drag and drop, closing ----------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._task is None and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._tell("info", tr("Drop to add this model."))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._tell("", tr(WELCOME))
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            # After the drop is over, so that the file manager is not kept waiting.
            QTimer.singleShot(0, lambda: self.take_in(paths))

    def done(self, result: int) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            task.abandon()
            self._keep(task)
        else:
            forget_removed(self._own_models)
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.done(0)
        event.accept()
