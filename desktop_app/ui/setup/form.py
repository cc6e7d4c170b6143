"""Editors of single settings, and the form that reads and fills them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop_app.settings import Settings
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import text_px

WIDEST_PX = 1080
"""A page is not wider than this, in logical pixels: lines would become too long to read."""

SETTLE_MS = 500
"""So long after the last change the settings are taken over: somebody who turns a number goes through many."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, each with its words."""

    words: Mapping[Any, str]


@dataclass(frozen=True, slots=True)
class Number:
    """A number of these bounds; `none` is shown for the lowest one."""

    low: float
    high: float
    step: float
    suffix: str = ""
    none: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of 0 to 1, edited in per cent."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number; `none` is shown for the lowest one."""

    low: int
    high: int
    none: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A box to tick, with its own words beside it."""

    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `hint` is shown while it is empty."""

    longest: int = 4096
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting on a page: which one, what it is called, what it does, and how it is edited."""

    section: str
    name: str
    title: str
    tip: str
    editor: Choice | Number | Share | Whole | Tick | Line

    @property
    def words(self) -> str:
        """What the setting is called: its title, or what stands beside its box."""
        return self.editor.words if isinstance(self.editor, Tick) else self.title

    def value_words(self, value: object) -> str:
        """Return a value as its editor shows it."""
        match self.editor:
            case Choice(words):
                return words.get(value, str(value))
            case Tick():
                return tr("yes") if value else tr("no")
            case Share() if isinstance(value, int | float):
                return f"{100 * value:.1f} %"
            case Number(none=none, suffix=suffix, low=low):
                return (
                    none if none and value == low else f"{value:g}{suffix}" if isinstance(value, float) else str(value)
                )
            case Whole(none=none, low=low, suffix=suffix):
                return none if none and value == low else f"{value}{suffix}"
            case _:
                return str(value)


class SettingsForm(QObject):
    """Makes the editors of settings. `edited()` tells, a moment after the last of several, that something was changed.

    A value that is shown rounded and left alone keeps its exact form.
    """

    edited = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._original = settings
        self._readers: dict[tuple[str, str], Callable[[], Any]] = {}
        self._writers: dict[tuple[str, str], Callable[[Any], None]] = {}
        self._steps: dict[tuple[str, str], float] = {}
        self._filling = False
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.edited)

    # --- editors -------------------------------------------------------------------------------------------------

    def add_rows(self, layout: QFormLayout, rows: Iterable[Row]) -> dict[str, Any]:
        """Add an editor for each setting; return the editors by the settings' names."""
        editors = {}
        for row in rows:
            editor = self._editor(row)
            setting_row(layout, row.title, editor, row.tip)
            editors[row.name] = editor
        return editors

    def _editor(self, row: Row) -> QWidget:
        key = (row.section, row.name)
        match row.editor:
            case Choice(words):
                return self.choice(*key, words)
            case Number(low, high, step, suffix, none):
                return self.number(*key, low, high, step, suffix, none)
            case Share(low, high):
                return self.share(*key, low, high)
            case Whole(low, high, none, suffix):
                return self.whole(*key, low, high, none, suffix)
            case Tick(words):
                return self.check(*key, words)
            case Line(longest, hint):
                line = self.line(*key, longest)
                line.setPlaceholderText(hint)
                return line

    def choice(self, section: str, name: str, words: Mapping[Any, str]) -> QComboBox:
        """Return a list of values by their words; one that is not among them is added when it is shown."""
        box = QComboBox()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(16)
        box.setMaximumWidth(420)
        for value, text in words.items():
            box.addItem(text, value)

        def write(value: Any) -> None:
            index = box.findData(value)
            if index < 0:
                box.addItem(tr("{value} (not found)", value=value), value)
                index = box.count() - 1
            box.setCurrentIndex(index)

        box.currentIndexChanged.connect(self._touched)
        self._readers[section, name] = box.currentData
        self._writers[section, name] = write
        return box

    def number(
        self, section: str, name: str, low: float, high: float, step: float, suffix: str = "", none: str = ""
    ) -> QDoubleSpinBox:
        """Return an editor for a number of these bounds; `none` is shown for the lowest one."""
        box = QDoubleSpinBox()
        box.setDecimals(2 if step < 1 else 0)
        box.setRange(low, high)
        box.setSingleStep(step)
        box.setSuffix(suffix)
        box.setSpecialValueText(none)
        box.setMaximumWidth(150)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        box.valueChanged.connect(self._touched)
        self._steps[section, name] = 10.0 ** -box.decimals()
        self._readers[section, name] = lambda: round(box.value(), 4)
        self._writers[section, name] = box.setValue
        return box

    def share(self, section: str, name: str, low: float, high: float) -> QDoubleSpinBox:
        """Return an editor in per cent for a share of 0 to 1."""
        box = QDoubleSpinBox()
        box.setDecimals(1)
        box.setRange(low, high)
        box.setSingleStep(0.5)
        box.setSuffix(" %")
        box.setMaximumWidth(150)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        box.valueChanged.connect(self._touched)
        self._steps[section, name] = 0.001
        self._readers[section, name] = lambda: round(box.value() / 100, 5)
        self._writers[section, name] = lambda value: box.setValue(value * 100)
        return box

    def whole(self, section: str, name: str, low: int, high: int, none: str = "", suffix: str = "") -> QSpinBox:
        """Return an editor for a whole number; `none` is shown for the lowest one."""
        box = QSpinBox()
        box.setRange(low, high)
        box.setSuffix(suffix)
        box.setMaximumWidth(150)
        box.setSpecialValueText(none)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        box.valueChanged.connect(self._touched)
        self._readers[section, name] = box.value
        self._writers[section, name] = box.setValue
        return box

    def check(self, section: str, name: str, text: str) -> QCheckBox:
        """Return a box to tick."""
        box = QCheckBox(text)
        box.toggled.connect(self._touched)
        self._readers[section, name] = box.isChecked
        self._writers[section, name] = box.setChecked
        return box

    def line(self, section: str, name: str, longest: int = 4096) -> QLineEdit:
        """Return an editor for a line of text."""
        edit = QLineEdit()
        edit.setMaxLength(longest)
        edit.setMinimumWidth(200)
        edit.textChanged.connect(self._touched)
        self._readers[section, name] = lambda: edit.text().strip()

        def write(text: str) -> None:
            if edit.text().strip() != text:  # somebody may be typing a blank
                edit.setText(text)

        self._writers[section, name] = write
        return edit

    def _touched(self, *_value: object) -> None:
        if not self._filling:
            self._settle.start()

    # --- values --------------------------------------------------------------------------------------------------

    def fill(self, settings: Settings) -> None:
        """Show these settings; this is no change."""
        self._original = settings
        self._filling = True
        for (section, name), write in self._writers.items():
            write(getattr(getattr(settings, section), name))
        self._filling = False

    def settle(self) -> None:
        """Take over now what was changed a moment ago."""
        if self._settle.isActive():
            self._settle.stop()
            self.edited.emit()

    def defaults(self) -> Settings:
        """Return the settings shown, with the default of everything that has an editor here."""
        settings, usual = self._original, Settings()
        for section in {section for section, _ in self._readers}:
            values = {n: getattr(getattr(usual, section), n) for s, n in self._readers if s == section}
            settings = replace(settings, **{section: replace(getattr(settings, section), **values)})
        return settings

    def read(self) -> Settings:
        """Return the settings as shown. Raises SettingsError for a value the program cannot work with."""
        settings = self._original
        for section in {section for section, _ in self._readers}:
            values = {name: read() for (s, name), read in self._readers.items() if s == section}
            old = getattr(settings, section)
            for n, value in values.items():
                step = self._steps.get((section, n))
                if step is not None and abs(getattr(old, n) - value) < step * 0.51:
                    values[n] = getattr(old, n)
            settings = replace(settings, **{section: replace(old, **values)})
        return settings


def settings_page(intro: str) -> tuple[QScrollArea, QVBoxLayout, QFormLayout]:
    """Return a page that scrolls where it is too high, the column of its contents, and a form at its top."""
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(18, 14, 18, 14)
    column.setSpacing(12)
    if intro:
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
    body.setMaximumWidth(WIDEST_PX)
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(body, 1000)
    row.addStretch(1)
    page = QScrollArea()
    page.setWidgetResizable(True)
    page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page.setWidget(whole)
    return page, column, form


def setting_row(form: QFormLayout, text: str, editor: QWidget, tip: str) -> None:
    """Add an editor with its name and its explanation."""
    label = QLabel(text)
    label.setToolTip(tip)
    editor.setToolTip(tip)
    editor.setAccessibleName(text or editor.property("text") or "")
    editor.setAccessibleDescription(tip)
    label.setBuddy(editor)
    label.setMinimumHeight(28)  # as high as the editors, so that both stand on one line
    form.addRow(label, editor)


def left(widget: QWidget) -> QWidget:
    """Return a widget that keeps to the left instead of growing with the form."""
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(widget)
    row.addStretch(1)
    return box


def heading(text: str) -> QLabel:
    """Return the title of a part of a page, with room above it."""
    label = QLabel(text)
    label.setContentsMargins(0, 12, 0, 0)
    label.setStyleSheet(f"font-size: {text_px(15)}px; font-weight: 600;")
    return label


def note(text: str) -> QLabel:
    """Return an explanation below an editor."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setProperty("role", "muted")
    return label
