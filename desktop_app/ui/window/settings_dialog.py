"""The settings, in plain words, checked before they are taken over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.errors import SettingsError
from desktop_app.resources import model_names
from desktop_app.settings import Settings, data_dir
from desktop_app.ui.models.model_words import ModelCardView

TURN_WORDS = {0: "Not turned", 90: "A quarter to the right", 180: "Upside down", 270: "A quarter to the left"}
THEME_WORDS = {"system": "Same as the system", "light": "Light", "dark": "Dark"}
DETECTOR_WORDS = {
    "yunet": "YuNet (neural network; finds most faces)",
    "haar": "Haar cascade (classic; upright faces)",
}
CASCADE_WORDS = {
    "frontal": "Frontal (OpenCV's default)",
    "alt2": "Frontal, alternative 2",
    "profile": "Frontal and both profiles (slower)",
}


class SettingsDialog(QDialog):
    """Edits a copy of the settings; `settings()` returns the new ones after it was accepted."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setMinimumSize(480, 340)
        self.resize(600, 560)
        self._original = settings
        self._result = settings
        self._readers: dict[tuple[str, str], Callable[[], Any]] = {}
        self._writers: dict[tuple[str, str], Callable[[Any], None]] = {}
        self._steps: dict[tuple[str, str], float] = {}
        self.tabs = QTabWidget()
        self.tabs.addTab(self._finding(), "Finding faces")
        self.tabs.addTab(self._counting(), "Counting")
        self.tabs.addTab(self._models(), "Model")
        self.tabs.addTab(self._sources(), "Sources")
        self.tabs.addTab(self._saving(), "Saving")
        self.tabs.addTab(self._looks(), "Look")
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setVisible(False)
        self._problem.setObjectName("problem")
        buttons = QDialogButtonBox()
        save = buttons.addButton("Save", QDialogButtonBox.ButtonRole.AcceptRole)
        save.setProperty("primary", "true")
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        defaults = buttons.addButton("Defaults", QDialogButtonBox.ButtonRole.ResetRole)
        defaults.setToolTip("Set every setting to its default; nothing is saved until you press Save")
        defaults.clicked.connect(lambda: self.fill(Settings()))
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self._problem)
        layout.addWidget(buttons)
        self.fill(settings)

    # --- pages ---------------------------------------------------------------------------------------------------

    def _finding(self) -> QWidget:
        page, form = _page("What counts as a face.")
        kind = self._choice("detector", "kind", DETECTOR_WORDS)
        _row(form, "Detector", kind, "What looks for faces. YuNet finds more; Haar is the classic method.")
        _row(
            form,
            "Smallest face",
            self._share("detector", "min_face_share", 1, 90),
            "Width of the smallest face that is looked for, as a share of the picture's shorter side. "
            "Smaller finds people farther away and takes longer.",
        )
        score = self._number("detector", "score_threshold", 0.05, 0.99, 0.05)
        _row(
            form,
            "Minimum face score",
            score,
            "YuNet: how sure it must be, 0 to 1. Lower finds more faces and more things that are none.",
        )
        cascade = self._choice("detector", "cascade", CASCADE_WORDS)
        _row(
            form,
            "Haar: cascade",
            cascade,
            "Which of OpenCV's cascades looks. The second one raises fewer false alarms; "
            "the third also finds heads turned to a side.",
        )
        scale = self._number("detector", "scale_factor", 1.01, 2.0, 0.05)
        _row(form, "Haar: size step", scale, "From one size it looks for to the next. Nearer to 1 is finer and slower.")
        neighbours = self._whole("detector", "min_neighbors", 0, 50)
        _row(
            form,
            "Haar: agreement",
            neighbours,
            "How many overlapping finds make a face. Higher means fewer false faces and fewer faces.",
        )
        _row(
            form,
            "Search every",
            self._number("detector", "interval_s", 0.0, 2.0, 0.02, " s"),
            "Time between two searches of the picture; in between, faces are followed. 0 searches every frame.",
        )
        _row(
            form,
            "",
            self._check("detector", "reject_non_faces", "Reject what is not a face"),
            "Our own network checks each find again and rejects patterns that only look like a face.",
        )

        def fit() -> None:
            is_haar = kind.currentData() == "haar"
            score.setEnabled(not is_haar)
            cascade.setEnabled(is_haar)
            scale.setEnabled(is_haar)
            neighbours.setEnabled(is_haar)

        kind.currentIndexChanged.connect(lambda _i: fit())
        fit()
        return page

    def _counting(self) -> QWidget:
        page, form = _page("When someone is counted, and as whom.")
        _row(
            form,
            "Count after",
            self._number("count", "confirm_s", 0.0, 10.0, 0.1, " s"),
            "How long a face must be seen before the person is counted.",
        )
        _row(
            form,
            "Smallest face counted",
            self._number("count", "min_face_px", 4.0, 500.0, 1.0, " pixels"),
            "A smaller face is followed but not counted: below about 11 pixels nobody can say who it is.",
        )
        _row(
            form,
            "Gone after",
            self._number("count", "lost_s", 0.1, 30.0, 0.5, " s"),
            "How long someone may be out of sight and still be the same person. Somebody hidden in the middle of the "
            "picture is expected back for 15 seconds wherever they look alike.",
        )
        _row(
            form,
            "Minimum gender confidence",
            self._number("count", "decide_threshold", 0.5, 0.99, 0.01),
            "How sure the estimate of the gender must be, 0.5 to 0.99. Below it a person stays undecided.",
        )
        _row(
            form,
            "Minimum for children",
            self._number("count", "child_threshold", 0.5, 0.99, 0.01),
            "The same for those who appear younger than ten. Genders of children are estimated less well, so more is "
            "asked: a child below it is counted as a person without a gender.",
        )
        _row(
            form,
            "Pictures per person",
            self._whole("count", "max_glimpses", 1, 200),
            "How many good pictures of a person are judged at most. More is surer and takes longer.",
        )
        minutes = self._number("count", "returns_minutes", 0.0, 120.0, 1.0, " min")
        minutes.setSpecialValueText("off")
        _row(
            form,
            "Recognise returns within",
            minutes,
            "Someone who leaves and comes back within this time is counted once. For this a description of each face "
            "is held in memory. It is never written, never exported, and gone when its time or the program ends.",
        )
        note = QLabel(
            "While returns are recognised, a description of each face is held in memory until its time is over. "
            "It is never saved. A light in the status line shows that it is on."
        )
        note.setWordWrap(True)
        note.setProperty("role", "muted")
        form.addRow("", note)
        note.setVisible(False)
        minutes.valueChanged.connect(lambda v: note.setVisible(v > 0))
        return page

    def _models(self) -> QWidget:
        page, form = _page("The network that estimates how old someone appears, and as which gender.")
        names = model_names(data_dir() / "models")
        chooser = self._choice("count", "model", {n: n for n in names})
        _row(form, "Model", chooser, "Which network judges the faces. A model of your own goes into the models folder.")
        card = ModelCardView()
        form.addRow(card)
        folder = QPushButton("Open the folder for models of your own")
        folder.setToolTip("Put a folder with a model and its model.json there, then open the settings again")
        folder.clicked.connect(_open_models_folder)
        form.addRow(folder)
        chooser.currentIndexChanged.connect(lambda _i: card.show_model(chooser.currentData()))
        card.show_model(chooser.currentData())
        return page

    def _sources(self) -> QWidget:
        page, form = _page("Cameras, files and streams.")
        _row(
            form,
            "Give up opening after",
            self._number("source", "open_timeout_s", 1, 120, 1, " s"),
            "How long a stream may take to answer at first.",
        )
        _row(
            form,
            "Silent for",
            self._number("source", "read_timeout_s", 1, 120, 1, " s"),
            "How long a stream may send nothing before it counts as lost.",
        )
        _row(
            form,
            "",
            self._check("source", "reconnect", "Reconnect by itself"),
            "A camera or stream that was lost is opened again and again, a little later each time; the count goes on.",
        )
        _row(
            form,
            "Turn the picture",
            self._choice("source", "turn", TURN_WORDS),
            "For a camera or stream that hangs upside down or on its side. Files are shown as they are.",
        )
        _row(
            form,
            "",
            self._check("source", "mirror", "Exchange left and right"),
            "For a camera that looks into a mirror, or gives a mirrored picture.",
        )
        return page

    def _saving(self) -> QWidget:
        page, form = _page("Nothing is saved unless you ask for a snapshot or a recording.")
        edit = QLineEdit()
        edit.setPlaceholderText("Headcount in your videos folder")
        edit.setMinimumWidth(220)
        pick = QPushButton("Choose…")
        pick.clicked.connect(lambda: self._pick_folder(edit))
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(edit, 1)
        line.addWidget(pick)
        self._readers["recording", "folder"] = lambda: edit.text().strip()
        self._writers["recording", "folder"] = edit.setText
        _row(form, "Folder", both, "Where snapshots and recordings go.")
        _row(
            form,
            "Recording",
            self._number("recording", "fps", 1, 60, 1, " fps"),
            "Pictures a second in a recording.",
        )
        return page

    def _pick_folder(self, edit: QLineEdit) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for snapshots and recordings", edit.text())
        if folder:
            edit.setText(folder)

    def _looks(self) -> QWidget:
        page, form = _page("How the window looks.")
        _row(form, "Theme", self._choice("ui", "theme", THEME_WORDS), "Light, dark, or the same as the system.")
        _row(
            form,
            "",
            self._check("ui", "show_labels", "Show boxes and labels on the picture"),
            "A box with gender, confidence, age band and number on each person.",
        )
        return page

    # --- editors -------------------------------------------------------------------------------------------------

    def _choice(self, section: str, name: str, words: Mapping[Any, str]) -> QComboBox:
        box = QComboBox()
        for value, text in words.items():
            box.addItem(text, value)

        def write(value: Any) -> None:
            index = box.findData(value)
            if index < 0:
                box.addItem(f"{value} (not found)", value)
                index = box.count() - 1
            box.setCurrentIndex(index)

        self._readers[section, name] = box.currentData
        self._writers[section, name] = write
        return box

    def _number(
        self, section: str, name: str, low: float, high: float, step: float, suffix: str = ""
    ) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setDecimals(2 if step < 1 else 0)
        box.setRange(low, high)
        box.setSingleStep(step)
        box.setSuffix(suffix)
        box.setMaximumWidth(150)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        self._steps[section, name] = 10.0 ** -box.decimals()
        self._readers[section, name] = lambda: round(box.value(), 4)
        self._writers[section, name] = box.setValue
        return box

    def _share(self, section: str, name: str, low: float, high: float) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setDecimals(1)
        box.setRange(low, high)
        box.setSingleStep(0.5)
        box.setSuffix(" %")
        box.setMaximumWidth(150)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        self._steps[section, name] = 0.001
        self._readers[section, name] = lambda: round(box.value() / 100, 5)
        self._writers[section, name] = lambda value: box.setValue(value * 100)
        return box

    def _whole(self, section: str, name: str, low: int, high: int) -> QSpinBox:
        box = QSpinBox()
        box.setRange(low, high)
        box.setMaximumWidth(150)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        self._readers[section, name] = box.value
        self._writers[section, name] = box.setValue
        return box

    def _check(self, section: str, name: str, text: str) -> QCheckBox:
        box = QCheckBox(text)
        self._readers[section, name] = box.isChecked
        self._writers[section, name] = box.setChecked
        return box

    # --- values --------------------------------------------------------------------------------------------------

    def fill(self, settings: Settings) -> None:
        """Show these settings; nothing is taken over."""
        for (section, name), write in self._writers.items():
            write(getattr(getattr(settings, section), name))
        self._problem.setVisible(False)

    def read(self) -> Settings:
        """Return the settings as shown. Raises SettingsError for a value the program cannot work with."""
        settings = self._original
        for section in {section for section, _ in self._readers}:
            values = {name: read() for (s, name), read in self._readers.items() if s == section}
            # A value shown rounded and left alone keeps its exact form.
            old = getattr(settings, section)
            for n, value in values.items():
                step = self._steps.get((section, n))
                if step is not None and abs(getattr(old, n) - value) < step * 0.51:
                    values[n] = getattr(old, n)
            settings = replace(settings, **{section: replace(old, **values)})
        return settings

    def settings(self) -> Settings:
        """The settings that were saved, or those it was opened with."""
        return self._result

    def _accept(self) -> None:
        try:
            self._result = self.read()
        except SettingsError as error:
            self._problem.setText(f"{error.message} {error.remedy}")
            self._problem.setVisible(True)
            return
        self.accept()


def _open_models_folder() -> None:
    folder = data_dir() / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = data_dir()  # which the desktop then says it cannot show
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _page(intro: str) -> tuple[QWidget, QFormLayout]:
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(18, 14, 18, 14)
    column.setSpacing(12)
    label = QLabel(intro)
    label.setProperty("role", "muted")
    label.setWordWrap(True)
    column.addWidget(label)
    form = QFormLayout()
    form.setHorizontalSpacing(18)
    form.setVerticalSpacing(10)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    column.addLayout(form)
    column.addStretch(1)
    # On a small screen the page scrolls, and the buttons below stay in reach.
    page = QScrollArea()
    page.setWidgetResizable(True)
    page.setWidget(body)
    return page, form


def _row(form: QFormLayout, text: str, editor: QWidget, tip: str) -> None:
    label = QLabel(text)
    label.setToolTip(tip)
    editor.setToolTip(tip)
    editor.setAccessibleName(text or editor.property("text") or "")
    editor.setAccessibleDescription(tip)
    label.setBuddy(editor)
    form.addRow(label, editor)
