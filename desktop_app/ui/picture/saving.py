"""Snapshots and recordings: only when asked for, and never on the GUI thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.errors import HeadcountError, OutputError
from desktop_app.settings import Settings
from desktop_app.ui.picture.people import result_as_decided
from desktop_app.ui.sessions.bridge import ResultListener
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.told_door import ToldDoor
from desktop_app.ui.widgets.desktop import open_path

if TYPE_CHECKING:
    from desktop_app.recording.recorder import VideoRecorder

_LOG = logging.getLogger(__name__)


class Saver(QObject):
    """Writes what the operator asks for.

    `told(kind, title, detail, actions, seconds)` is a message for the banner; `repaired(sentence)` tells of a recording
    that was cut off, one message each; `recording_changed(bool)` when one begins or ends.
    """

    told = Signal(str, str, str, object, float)
    repaired = Signal(str)
    recording_changed = Signal(bool)
    _finished = Signal(object)
    _failed = Signal(object)
    _saved = Signal(object)
    _recovered = Signal(str)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = Settings()
        self._controller = controller
        self._recorder: VideoRecorder | None = None
        self._door = ""
        self._listeners: list[ResultListener] = []
        self._ending: list[VideoRecorder] = []
        self._jobs: list[threading.Thread] = []
        self._finished.connect(self._recording_done)
        self._failed.connect(self._tell_error)
        self._saved.connect(self._tell_saved)
        self._recovered.connect(self.repaired)

    @property
    def recording(self) -> bool:
        return self._recorder is not None

    def records(self, door: ToldDoor | None) -> bool:
        """Whether this door is being recorded: a recording stays with its door when another one is shown."""
        return self.recording and door is not None and door.run.door.id == self._door

    # --- snapshots -----------------------------------------------------------------------------------------------

    def snapshot(self) -> None:
        """Save the newest picture with its boxes, at the size of the source."""
        result = self._controller.bridge.latest
        if result is None:
            self.told.emit("info", "There is no picture to save yet.", "Start a count first.", (), 5.0)
            return
        settings, log, session = self._settings_here(), self._controller.log, self._controller.session

        def save() -> Path:
            from desktop_app.recording.snapshot import media_folder, media_path, save_snapshot

            folder = media_folder(settings.recording.folder)
            folder.mkdir(parents=True, exist_ok=True)
            decided = result_as_decided(result, log)
            path = save_snapshot(media_path(folder, ".png"), self._controller.services.annotate(decided, settings))
            if session is not None:
                session.note_file("snapshot", str(path))
            return path

        self._run("headcount-snapshot", save)

    def _settings_here(self) -> Settings:
        """Return the settings with only the lines and zones of the door shown, for those are on its picture."""
        return self.settings.at_source(self._controller.source_text)

    def _run(self, name: str, job: Callable[[], Path | None]) -> None:
        def work() -> None:
            try:
                path = job()
            except (HeadcountError, OSError) as error:
                self._failed.emit(_as_output_error(error))
                return
            if path is not None:
                self._saved.emit(path)

        self._jobs = [t for t in self._jobs if t.is_alive()]
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._jobs.append(thread)
        thread.start()

    # --- recordings ----------------------------------------------------------------------------------------------

    def start_recording(self) -> None:
        """Record the annotated picture of the door shown until `stop_recording` or the door's end."""
        if self._recorder is not None:
            return
        from desktop_app.recording.recorder import VideoRecorder
        from desktop_app.recording.snapshot import media_folder, media_path

        settings = self._settings_here()
        info = self._controller.info
        annotate = self._controller.services.annotate
        try:
            folder = media_folder(settings.recording.folder)
            folder.mkdir(parents=True, exist_ok=True)
            path = media_path(folder, ".mp4")
            self._recorder = VideoRecorder(
                path,
                lambda result: annotate(result_as_decided(result, self._controller.log), settings),
                settings.recording.fps,
                wait_when_full=info is not None and not info.is_live,
                on_error=self._failed.emit,
                on_done=self._finished.emit,
            )
        except (OutputError, OSError) as error:
            self._tell_error(_as_output_error(error))
            return
        if self._controller.session is not None:
            self._controller.session.note_file("recording", str(path))
        run = self._controller.run
        self._door = run.door.id if run is not None else ""
        self._listeners = self._controller.bridge.door_listeners[self._door]
        self._listeners.append(self._recorder.on_result)
        self.recording_changed.emit(True)

    def stop_recording(self) -> None:
        """End the recording; the file is finished in the background. Does nothing without one."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        self._listeners.remove(recorder.on_result)
        self._ending.append(recorder)
        recorder.request_stop()
        self.recording_changed.emit(False)

    def _recording_done(self, path: Path | None) -> None:
        if self._recorder is not None and not self._recorder.recording:
            # It ended by itself, for example on a full disk.
            self.stop_recording()
        self._ending = [r for r in self._ending if r.recording]
        if path is not None:
            self._tell_saved(path)

    def recover(self) -> None:
        """Repair recordings that a crash cut off, in the background, and tell of them."""
        settings = self.settings

        def repair() -> None:
            from desktop_app.recording.recorder import recover_recordings
            from desktop_app.recording.snapshot import media_folder

            for found in recover_recordings(media_folder(settings.recording.folder)):
                self._recovered.emit(found.message)

        self._run("headcount-recover", repair)

    # --- telling -------------------------------------------------------------------------------------------------

    def open_folder(self) -> None:
        """Show the folder of snapshots and recordings."""
        from desktop_app.recording.snapshot import media_folder

        folder = media_folder(self.settings.recording.folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._tell_error(_as_output_error(error))
            return
        open_path(self, folder, lambda title, detail: self.told.emit("warning", title, detail, (), 0.0))

    def _show_actions(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        return (("Show", self.open_folder),)

    def _tell_saved(self, path: Path) -> None:
        self.told.emit("good", f"Saved: {path.name}", str(path.parent), self._show_actions(), 8.0)

    def _tell_error(self, error: HeadcountError) -> None:
        self.told.emit("error", error.message, error.remedy, (), 0.0)

    def shut_down(self, seconds: float) -> bool:
        """Finish what is being written; return False where that takes longer."""
        self.stop_recording()
        for recorder in self._ending:
            recorder.stop(seconds)
        for thread in self._jobs:
            thread.join(seconds)
        return not any(t.is_alive() for t in self._jobs) and not any(r.recording for r in self._ending)


def _as_output_error(error: Exception) -> HeadcountError:
    if isinstance(error, HeadcountError):
        return error
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"It could not be saved ({reason}).", "Choose another folder under Set up, Saving and privacy.")
