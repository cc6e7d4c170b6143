"""Opens and ends the windows that explain why the network says what it says of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from desktop_app.domain.types import Track
from desktop_app.resources import model_path
from desktop_app.settings import data_dir
from desktop_app.ui.picture.people import person_words
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import Controller

if TYPE_CHECKING:
    from desktop_app.ui.models.why import WhyThread


class WhyCommands(QObject):
    """One window and one thread a person; both follow the running count."""

    def __init__(self, window: QWidget, controller: Controller, view: VideoView) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._view = view
        self.threads: list[WhyThread] = []

    def show(self, track: Track) -> None:
        """Show, live and beside the window, what spoke for the network's answer on a person."""
        from desktop_app.ui.models.why import WhyDialog, WhyThread, load_explainer

        # The model of the running count, which may be another than the one chosen for the next.
        name = self._controller.settings_in_use.count.model
        thread = WhyThread(track, lambda: load_explainer(model_path(name, data_dir() / "models")))
        dialog = WhyDialog(thread, self._words, self._window)
        dialog.closing.connect(self._closed)
        self._controller.listeners.append(thread.offer)
        self.threads.append(thread)
        if self._view.result is not None:
            thread.offer(self._view.result)
        thread.start()
        dialog.show()

    def _words(self, track: Track) -> str:
        return person_words(track, self._view.record_of(track))

    @Slot(object)
    def _closed(self, thread: WhyThread) -> None:
        if thread in self.threads:
            self.threads.remove(thread)
            self._controller.listeners.remove(thread.offer)
            thread.stop()

    def shut_down(self) -> bool:
        """End every explanation; return False where one would not end in time."""
        done = True
        for thread in self.threads:
            done = thread.stop() and done
        self.threads.clear()
        return done
