"""Shows the live count on phones: the server beside the window, and the dialog with its address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from desktop_app.errors import HeadcountError
from desktop_app.session.manager import SessionManager
from desktop_app.ui.phones.phones_dialog import PhonesDialog
from desktop_app.ui.widgets.background_task import BackgroundTask
from desktop_app.ui.widgets.texts import tr

if TYPE_CHECKING:
    from desktop_app.web.background import BackgroundServer

Start = Callable[[SessionManager], "BackgroundServer"]


def start_server(manager: SessionManager) -> BackgroundServer:
    """Serve the live count in the local network. Raises HeadcountError where that cannot be."""
    try:
        from desktop_app.web.background import start_in_thread
    except ImportError as error:
        raise HeadcountError(
            "The web part of Headcount is not installed.", "Install it with: pip install 'headcount[web]'"
        ) from error
    return start_in_thread(manager)


class PhoneCommands(QObject):
    """Starting and ending take a moment, so both are done on a thread of their own."""

    def __init__(self, window: QWidget, manager: SessionManager, start: Start = start_server) -> None:
        super().__init__(window)
        self._window = window
        self._manager = manager
        self._start = start
        self._dialog: PhonesDialog | None = None
        self._server: BackgroundServer | None = None
        self._task: BackgroundTask | None = None

    @property
    def is_on(self) -> bool:
        return self._server is not None

    def show(self) -> None:
        """Show the dialog; it stays beside the window, and the count goes on."""
        if self._dialog is None:
            self._dialog = PhonesDialog(self._window)
            self._dialog.switched.connect(self.switch)
            self._show_state()
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    @Slot(bool)
    def switch(self, on: bool) -> None:
        """Begin or end to show the count; nothing while one of both is under way, or where it is so already."""
        if self._task is not None or on == self.is_on:
            return
        server = self._server
        if on:
            self._busy(tr("Starting…"))
            self._begin(BackgroundTask("phones-start", lambda: self._start(self._manager)))
        elif server is not None:
            self._busy(tr("Stopping…"))
            self._begin(BackgroundTask("phones-stop", server.stop))

    def _begin(self, task: BackgroundTask) -> None:
        self._task = task
        task.finished.connect(self._finished)
        task.start()

    @Slot()
    def _finished(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.wait()  # a QThread collected while it ends aborts the process
        if task.error is not None:
            if self._dialog is not None:
                self._dialog.show_off(f"{task.error.message} {task.error.remedy}")
            return
        was_on = self.is_on
        self._server = None if was_on else task.result  # type: ignore[assignment]  # what `start` returned
        self._show_state()

    def _busy(self, sentence: str) -> None:
        if self._dialog is not None:
            self._dialog.show_busy(sentence)

    def _show_state(self) -> None:
        if self._dialog is None:
            return
        if self._server is None:
            self._dialog.show_off()
            return
        invitation = self._server.invitation
        is_reachable = "//127." not in invitation.shown
        self._dialog.show_on(invitation.address, invitation.shown, is_reachable)

    def shut_down(self) -> bool:
        """End the server; return False where it would not end in time."""
        task, self._task = self._task, None
        if task is not None:
            task.abandon()
            if not task.wait(12_000):
                return False
            if self._server is None and task.error is None:
                self._server = task.result  # type: ignore[assignment]  # it had just been started
        server, self._server = self._server, None
        return server is None or server.stop(3.0)
