"""The tab on which the program is set up: five pages, and what is changed on them holds at once."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.errors import SettingsError
from desktop_app.settings import Settings
from desktop_app.settings.presets import with_preset
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.setup.advanced_page import AdvancedPage
from desktop_app.ui.setup.doors_page import DoorsPage
from desktop_app.ui.setup.form import SettingsForm
from desktop_app.ui.setup.other_pages import looks_page, saving_page, visitors_page
from desktop_app.ui.sources.source_choice import SourceChoice
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme, text_px
from desktop_app.ui.window.actions import Actions


class SetupTab(QWidget):
    """Signals: `entered(Settings)` when the operator chose other settings, `problem(sentence)`, and `turned(source,
    degrees, is mirrored)` where they turned the picture of the door looked at."""

    entered = Signal(object)
    turned = Signal(str, int, bool)
    problem = Signal(str)

    def __init__(
        self,
        actions: Actions,
        theme: Theme,
        settings: Settings,
        choice: SourceChoice,
        editor: PlaceEditor,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._door = ""
        """The source of the door whose turn the form shows, "" where it is that of the next count."""
        self.form = SettingsForm(settings, self)
        self.doors = DoorsPage(actions, theme, self.form, choice, editor)
        self.advanced = AdvancedPage(actions, self.form)
        self.pages_ = {
            "doors": (tr("Doors"), self.doors),
            "saving": (tr("Saving and privacy"), saving_page(actions, self.form)),
            "visitors": (tr("Screen for visitors"), visitors_page(actions, self.form)),
            "looks": (tr("Look and language"), looks_page(self.form)),
            "advanced": (tr("Advanced"), self.advanced),
        }
        self._stack = QStackedWidget()
        self._list = QListWidget()
        self._list.setObjectName("setup_pages")
        self._list.setAccessibleName(tr("Pages of settings"))
        for words, page in self.pages_.values():
            item = QListWidgetItem(words, self._list)
            item.setSizeHint(QSize(self._list.fontMetrics().horizontalAdvance(words) + 46, text_px(38)))
            self._stack.addWidget(page)
        self._list.setFixedWidth(max(186, self._list.sizeHintForColumn(0)))
        self._list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._list.setCurrentRow(0)
        self._wrong = QLabel()
        self._wrong.setObjectName("problem")
        self._wrong.setWordWrap(True)
        self._wrong.setVisible(False)
        card = QFrame()
        card.setObjectName("card")
        right = QVBoxLayout(card)
        right.setContentsMargins(4, 4, 4, 4)
        right.setSpacing(0)
        right.addWidget(self._stack, 1)
        right.addWidget(self._wrong)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 10, 10, 10)
        row.setSpacing(8)
        row.addWidget(self._list)
        row.addWidget(card, 1)
        self.form.edited.connect(self._edited)
        self.doors.list.chosen.connect(self._look_at)
        self.doors.preset_chosen.connect(self._preset)
        self.doors.places.problem.connect(self.problem)
        self.advanced.defaults.clicked.connect(self._defaults)
        self.show_settings(settings)

    def show_page(self, name: str) -> None:
        """Show a page: "doors", "saving", "visitors", "looks" or "advanced"."""
        self._list.setCurrentRow(list(self.pages_).index(name))

    def show_settings(self, settings: Settings) -> None:
        """Show the settings in force."""
        self._settings = settings
        self._door = self.doors.list.current
        self.form.fill(replace(settings, source=settings.at_source(self._door).source))
        self.doors.show_settings(settings)
        self._wrong.setVisible(False)

    @Slot()
    def _edited(self) -> None:
        try:
            settings = self.form.read()
        except SettingsError as error:
            self._wrong.setText(f"{error.message} {error.remedy}")
            self._wrong.setVisible(True)
            return
        self._wrong.setVisible(False)
        self._enter(settings)

    def _enter(self, shown: Settings) -> None:
        """Tell of settings as the form shows them: in place of the usual turn with that of the door looked at."""
        door, usual = self._settings.door_at(self._door), self._settings.source
        settings = shown
        if door is not None:
            settings = replace(shown, source=replace(shown.source, turn=usual.turn, mirror=usual.mirror))
        if settings != self._settings:
            self.entered.emit(settings)
        if door is not None and (shown.source.turn, shown.source.mirror) != (door.turn, door.mirror):
            self.turned.emit(door.source, shown.source.turn, shown.source.mirror)

    @Slot(str)
    def _look_at(self, _source: str) -> None:
        """Show how the picture of another door is turned; what was entered a moment ago is for the one before."""
        self.form.settle()
        self.show_settings(self._settings)

    @Slot(str)
    def _preset(self, name: str) -> None:
        settings = with_preset(self._settings, name)
        if settings != self._settings:
            self.entered.emit(settings)

    @Slot()
    def _defaults(self) -> None:
        """Set everything that has an editor here to its default; sources, lines and zones stay."""
        self._enter(self.form.defaults())

    def leave(self) -> None:
        """Take over what was changed a moment ago."""
        self.form.settle()

    def apply_theme(self, theme: Theme) -> None:
        self.doors.apply_theme(theme)
