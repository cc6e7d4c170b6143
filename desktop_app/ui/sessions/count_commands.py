"""Pause, reset and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from desktop_app.ui.figures.totals import summary

if TYPE_CHECKING:
    from desktop_app.ui.window.main_window import MainWindow


class CountCommands:
    """Pause, reset and the way back. Acts on the parts of the window."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window

    def loop(self, wanted: bool) -> None:
        """Play files over and over, or once."""
        self._w.sources.loop(wanted)

    def pause(self, paused: bool) -> None:
        """Hold the count, or go on."""
        self._w.controller.pause(paused)

    def reset(self) -> None:
        """Set the totals to zero, with a way back."""
        people = self._w.controller.counts.people
        self._w.controller.reset()
        self._w.presenter.show_figures()
        if people:
            word = "person" if people == 1 else "people"
            self._w.banner.show_message(
                "info",
                f"The count starts again from zero. {people:,} {word} put aside.",
                "",
                (("Undo", self.undo),),
                12,
            )
        self.enable_undo()

    def undo(self) -> None:
        """Take back the last reset, else the last change of a line or zone."""
        if self._w.controller.can_undo_reset:
            self._w.controller.undo_reset()
            self._w.banner.clear()
            self._w.presenter.show_figures()
        elif self._w.view.editor.can_undo or self._w.view.editor.drawing:
            self._w.view.editor.undo()
        self.enable_undo()

    def enable_undo(self) -> None:
        """Let Undo be chosen where there is something to take back."""
        editor = self._w.view.editor
        self._w.actions_["undo"].setEnabled(self._w.controller.can_undo_reset or editor.can_undo or editor.drawing)

    def copy_totals(self) -> None:
        """Copy the totals as one sentence."""
        QGuiApplication.clipboard().setText(summary(self._w.controller.counts))
        self._w.banner.show_message("good", "The totals are copied.", seconds=3)
