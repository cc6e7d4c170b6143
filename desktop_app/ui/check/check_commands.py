"""Opens the check by eye: at the door that is counted now, or along the clip of a kept count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_app.domain.events import DoorStarted
from desktop_app.errors import HeadcountError
from desktop_app.session.session import Session
from desktop_app.ui.check.check_window import CheckWindow
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import ThemeManager

DEMO = "demo"


@dataclass(frozen=True, slots=True)
class _Clip:
    """A kept count, one of its doors, and the file that was counted there."""

    session: Session
    door: str
    source: str


class CheckCommands(QObject):
    """One check at a time. `was_kept(session_id)` when its tallies were written into a count."""

    was_kept = Signal(str)

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        banner: Banner,
        themes: ThemeManager,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._banner = banner
        self._themes = themes
        self._tasks = Tasks(self._failed, self)
        self._replay: Controller | None = None
        self.check: CheckWindow | None = None
        """The check that is open, None without one."""

    def start_live(self) -> None:
        """Check the door that is counted now."""
        session, door = self._controller.session, self._controller.door
        if session is None or door is None or not door.active:
            words = tr("Start counting first: the check looks at people who pass.")
            self._banner.show_message("info", words, tr("A film can be checked in Results, too."), seconds=8)
            return
        self._open(self._controller, session, door.run.door.id)

    @Slot(object)
    def start_for(self, session: Session) -> None:
        """Check a kept count along its clip, which is played again for that; one under way is checked live."""
        if session is self._controller.session and self._controller.active:
            self.start_live()
        else:
            self._tasks.begin("look", lambda: _clip_of(session), self._play)

    def _play(self, clip: _Clip) -> None:
        if self.check is not None:
            self._raise()
            return
        settings = self._controller.settings
        slow = replace(settings, source=replace(settings.source, speed=1.0, loop=False))
        self._replay = Controller(self._controller.services, slow, None, self)
        self._open(self._replay, clip.session, clip.door)
        self._replay.start(clip.source)

    def _open(self, controller: Controller, session: Session, door: str) -> None:
        if self.check is None:
            self.check = CheckWindow(controller, session, door, self._themes.theme, self._window)
            self.check.was_kept.connect(self.was_kept)
            self.check.finished.connect(self._closed)
            self._themes.changed.connect(self.check.apply_theme)
            self.check.show()
        self._raise()

    def _raise(self) -> None:
        if self.check is not None:
            self.check.raise_()
            self.check.activateWindow()

    def _closed(self, _result: int) -> None:
        check, self.check = self.check, None
        if check is not None:
            self._themes.changed.disconnect(check.apply_theme)
            check.end()
            check.deleteLater()
        replay, self._replay = self._replay, None
        if replay is not None:
            self._ended = replay.shut_down()
            replay.deleteLater()

    def _failed(self, error: HeadcountError) -> None:
        self._banner.show_message("warning", error.message, error.remedy)

    def shut_down(self) -> bool:
        """Keep what was found and end the clip; return False where a thread would not end in time."""
        self._ended = True
        if self.check is not None:
            self.check.close()
        return self._tasks.shut_down(2.0) and self._ended


def _clip_of(session: Session) -> _Clip:
    """Return what is to be played again. Raises HeadcountError where there is nothing to play."""
    for entry in session.log.all_entries():
        event = entry.event
        if isinstance(event, DoorStarted) and (event.source == DEMO or Path(event.source).is_file()):
            return _Clip(session, entry.door, event.source)
    raise HeadcountError(
        tr("Only the count of a film that is still there can be checked afterwards."),
        tr("At a door, choose Count, Check by eye while it is counting."),
    )
