"""Pause, a new count, undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtGui import QGuiApplication

from desktop_app.ui.figures.totals import summary
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.sessions.told_door import Plan
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.window.actions import Actions


class CountCommands:
    """What the operator does with the count as a whole."""

    def __init__(
        self,
        controller: Controller,
        settings: CurrentSettings,
        editor: PlaceEditor,
        banner: Banner,
        actions: Actions,
        show_kept: Callable[[], object],
    ) -> None:
        self._controller = controller
        self._settings = settings
        self._editor = editor
        self._banner = banner
        self._actions = actions
        self._show_kept = show_kept
        self.elsewhere: Callable[[], tuple[str, str] | None] = lambda: None
        """What Undo and Redo would do on another tab than Count, None while that one is shown."""

    def pause(self, paused: bool) -> None:
        """Hold the count, or go on."""
        self._controller.pause(paused)

    def rename(self, name: str) -> None:
        """Give the occasion another name."""
        self._controller.rename(name)
        self.enable_undo()

    def plan(self, name: str, place: str) -> None:
        """Call the next count so; a count that is shown keeps its name."""
        self._controller.plan = Plan(name, place)
        self._controller.count_changed.emit()

    def choose_main_number(self, wanted: str) -> None:
        """Show another number largest: "people" or "entering"."""
        s = self._settings.value
        self._settings.change(replace(s, ui=replace(s.ui, main_number=wanted)))

    def new_count(self) -> None:
        """Count from zero; the count so far is kept, and Undo joins both."""
        people = self._controller.counts.people
        if self._controller.new_count():
            self._banner.show_message(
                "info",
                tr("A new count begins. Before: {people}, kept.", people=people_words(people)),
                "",
                ((tr("Undo"), self.undo), (tr("Show"), self._show_kept)),
                12,
            )
        else:
            self._banner.show_message("info", tr("The count is at zero already."), seconds=4)
        self.enable_undo()

    def undo(self) -> None:
        """Take back the last point of a place being drawn, else the newest step."""
        if self._editor.has_points:
            self._editor.take_point_back()
        elif self._editor.drawing:
            self._editor.start("")
        elif name := self._controller.undo():
            self._banner.show_message("info", tr("Taken back: {name}.", name=name), seconds=5)
        self.enable_undo()

    def redo(self) -> None:
        """Do the step again that was taken back last."""
        if name := self._controller.redo():
            self._banner.show_message("info", tr("Done again: {name}.", name=name), seconds=5)
        self.enable_undo()

    def enable_undo(self) -> None:
        """Let Undo and Redo say what they would do, and be chosen where there is something."""
        stack = self._controller.undo_stack
        elsewhere = self.elsewhere()
        undo, redo = elsewhere if elsewhere is not None else (stack.undo_name, stack.redo_name)
        if self._editor.drawing and elsewhere is None:
            undo = tr("last point") if self._editor.has_points else tr("drawing")
        for key, text, name in (("undo", tr("&Undo"), undo), ("redo", tr("Re&do"), redo)):
            words = f"{text}: {name.replace('&', '&&')}" if name else text
            action = self._actions[key]
            if action.text() != words:
                action.setText(words)
            action.setEnabled(bool(name))

    def copy_totals(self) -> None:
        """Copy the totals as one sentence."""
        QGuiApplication.clipboard().setText(summary(self._controller.counts))
        self._banner.show_message("good", tr("The totals are copied."), seconds=3)
