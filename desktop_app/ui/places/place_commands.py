"""Lines, zones and the menu of a person on the picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QMenu

from desktop_app.ui.places.place_editor import MAX_PLACES
from desktop_app.ui.widgets.icons import action_icon

if TYPE_CHECKING:
    from desktop_app.ui.models.why import WhyThread
    from desktop_app.ui.window.main_window import MainWindow


class PlaceCommands:
    """Lines, zones and the menu of a person on the picture. Acts on the parts of the window."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window
        self.why_threads: list[WhyThread] = []

    def draw(self, kind: str) -> None:
        """Begin to draw a "line" or a "zone" on the picture."""
        if self._w.view.frame is None:
            self._w.banner.show_message(
                "info", "Start a count first: lines and zones are drawn on the picture.", seconds=6
            )
            return
        if len(self._w.view.editor.places) >= MAX_PLACES:
            self._w.banner.show_message(
                "info", f"There are {MAX_PLACES} lines and zones already.", "Delete one to draw another.", seconds=6
            )
            return
        self._w.show_start_page(False)
        self._w.view.editor.start(kind)
        self._w.view.setFocus()

    def drawing(self, mode: str) -> None:
        """Say what to do while something is drawn; `mode` is "" once it is not."""
        self._w.view.setCursor(Qt.CursorShape.CrossCursor if mode else Qt.CursorShape.ArrowCursor)
        if mode:
            text = (
                "Click where the line starts, then where it ends. The arrow shows which way is in."
                if mode == "line"
                else "Click the corners of the zone; click the first one again, or press Enter, to close it."
            )
            self._w.banner.show_message(
                "info", text, "Esc cancels.", (("Cancel", lambda: self._w.view.editor.start("")),)
            )
        elif self._w.banner.kind == "info":
            self._w.banner.clear()
        self._w.count.enable_undo()

    def places_changed(self) -> None:
        """Keep the places and count at them."""
        self._w.change_settings(replace(self._w.settings, places=self._w.view.editor.places))
        self._w.controller.set_places(self._w.view.editor.places)
        self._w.count.enable_undo()

    def places_wait(self) -> None:
        """Say that the places take a new start."""
        self._w.banner.show_message(
            "info",
            "The lines and zones count from the next start.",
            "",
            (("Start again now", self._w.sources.start),),
            12,
        )

    def person_menu(self, track_id: int, at: QPointF) -> None:
        """Show what is known of a person and what can be done."""
        menu = QMenu(self._w)
        title = menu.addAction(self._w.presenter.person_words(track_id))
        title.setEnabled(False)
        menu.addSeparator()
        staff = menu.addAction(action_icon("staff", self._w.themes.theme), "Mark as staff: do not count")
        staff.triggered.connect(lambda: self.mark_staff(track_id))
        why = menu.addAction(action_icon("why", self._w.themes.theme), "Why does it say so?")
        why.triggered.connect(lambda: self.why(track_id))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at.toPoint())

    def why(self, track_id: int) -> None:
        """Show, live and beside the window, what supported the network's answer on a person."""
        from desktop_app.resources import model_path
        from desktop_app.settings import data_dir
        from desktop_app.ui.models.why import WhyDialog, WhyThread, load_explainer

        # The model of the running count, which may be another than the one chosen for the next.
        session = self._w.controller.session
        name = (session.settings if session else self._w.settings).count.model
        thread = WhyThread(track_id, lambda: load_explainer(model_path(name, data_dir() / "models")))
        dialog = WhyDialog(thread, self._w.presenter.person_words, self._w)
        dialog.closing.connect(self._why_closed)
        self._w.controller.listeners.append(thread.offer)
        self.why_threads.append(thread)
        if self._w.view.result is not None:
            thread.offer(self._w.view.result)
        thread.start()
        dialog.show()

    def _why_closed(self, thread: WhyThread) -> None:
        if thread in self.why_threads:
            self.why_threads.remove(thread)
            self._w.controller.listeners.remove(thread.offer)
            thread.stop()

    def shut_down(self) -> bool:
        """End every explanation; return False where one does not end in time."""
        done = True
        for thread in self.why_threads:
            done = thread.stop() and done
        self.why_threads.clear()
        return done

    def mark_staff(self, track_id: int) -> None:
        """Take a person out of this count."""
        self._w.controller.mark_staff(track_id)
        self._w.banner.show_message(
            "good", f"Person {track_id} is staff until the end of this count and is not counted.", seconds=5
        )

    def show_places(self, shown: bool) -> None:
        """Show or hide the places on the picture; they count all the same."""
        self._w.view.editor.visible = shown
        self._w.view.update()
