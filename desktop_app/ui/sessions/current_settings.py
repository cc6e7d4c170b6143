"""The settings in force, and keeping them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace

from PySide6.QtCore import QObject, Signal

from desktop_app.errors import OutputError
from desktop_app.session.undo import Step, UndoStack
from desktop_app.settings import Settings


class CurrentSettings(QObject):
    """`changed(Settings)` tells of other settings, `not_saved(OutputError)` that they could not be written."""

    changed = Signal(object)
    not_saved = Signal(object)

    def __init__(self, settings: Settings, save: Callable[[Settings], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.value = settings
        self._save: Callable[[Settings], None] | None = save

    def change(self, settings: Settings) -> None:
        """Take over and keep other settings."""
        self.value = settings
        self.changed.emit(settings)
        try:
            self.save(settings)
        except OutputError as error:
            self.not_saved.emit(error)

    def enter(self, settings: Settings, undo: UndoStack, name: str) -> None:
        """Take over what the operator entered as one step of undo, which later leaves everything else alone."""
        sections = [s.name for s in fields(Settings) if is_dataclass(getattr(settings, s.name))]
        changes = [
            (section, spec.name, was, wanted)
            for section in sections
            for spec in fields(getattr(settings, section))
            if (was := getattr(getattr(self.value, section), spec.name))
            != (wanted := getattr(getattr(settings, section), spec.name))
        ]
        if not changes:
            return

        def put(which: int) -> None:
            value = self.value
            for section, field, *values in changes:
                part = replace(getattr(value, section), **{field: values[which]})
                value = replace(value, **{section: part})
            self.change(value)

        put(1)
        undo.push(Step(name, lambda: put(0), lambda: put(1)))

    def save(self, settings: Settings) -> None:
        """Write settings for the next start. Raises OutputError."""
        if self._save is not None:
            self._save(settings)

    def forget(self) -> None:
        """Go back to the defaults and write nothing any more."""
        self._save = None
        self.value = Settings()
