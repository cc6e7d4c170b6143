"""Shows a camera without counting: an engine of its own whose pipeline finds nothing and keeps nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.domain.types import CountEvent, Counts, Frame, FrameResult
from desktop_app.engine.state import EngineOptions, Pipeline
from desktop_app.settings import Settings
from desktop_app.sources.base import FrameSource
from desktop_app.ui.picture.display import DisplayFeeder
from desktop_app.ui.sessions.session import ConnectionListener, PipelineShelf, Services, Session


class LookOnlyPipeline:
    """Passes frames through and counts nobody."""

    @property
    def counts(self) -> Counts:
        return Counts()

    def process(self, frame: Frame) -> FrameResult:
        return FrameResult(frame, (), Counts(), detected=False)

    def finish(self) -> tuple[CountEvent, ...]:
        return ()

    def reset(self) -> None:
        """There is nothing to forget."""

    def set_aside(self) -> None:
        """There is no count to put aside."""

    @property
    def aside_counts(self) -> Counts | None:
        return None

    def bring_back(self) -> tuple[CountEvent, ...]:
        return ()

    def people(self) -> Sequence[CountEvent]:
        return ()


class _PreviewServices:
    """The window's services with a pipeline that only looks."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        return self._services.open_source(text, settings, on_connection)

    def build_pipeline(self, settings: Settings) -> Pipeline:
        return LookOnlyPipeline()

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        return self._services.annotate(result, settings)

    def set_places(self, pipeline: Pipeline, settings: Settings) -> bool:
        return True

    def place_figures(self, pipeline: Pipeline) -> dict[str, str]:
        return {}

    def list_cameras(self) -> list[tuple[str, str]]:
        return self._services.list_cameras()


class Preview(QObject):
    """Signals: `frame_ready(DisplayFrame)`, `failed(Exception)`. All calls on the GUI thread."""

    frame_ready = Signal(object)
    failed = Signal(object)

    def __init__(self, services: Services, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = _PreviewServices(services)
        self._settings = settings
        self._session: Session | None = None
        self._retiring: list[Session] = []
        self._feeder: DisplayFeeder | None = None
        self._box = (480, 270)
        self._timer = QTimer(self)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self._look)

    def set_box(self, width: int, height: int) -> None:
        self._box = (width, height)
        if self._feeder is not None:
            self._feeder.set_box(width, height)

    def start(self, source_text: str) -> None:
        """Show a camera; one shown before is released first."""
        self.stop()
        if self._feeder is None:
            self._feeder = DisplayFeeder()
            self._feeder.set_box(*self._box)
            self._feeder.start()
        session = Session(
            source_text, self._settings, self._services, PipelineShelf(), EngineOptions(), self._feeder.offer
        )
        session.failed.connect(lambda error, s=session: self._failed(s, error))
        session.ended.connect(lambda s=session: self._ended(s))
        self._session = session
        session.start()
        self._timer.start()

    def stop(self) -> None:
        """Release the camera; returns at once."""
        self._timer.stop()
        if self._session is not None:
            session, self._session = self._session, None
            session.stop()
            if session.is_running():
                self._retiring.append(session)
        if self._feeder is not None:
            self._feeder.clear()

    def shut_down(self, seconds: float) -> bool:
        """Stop and wait; return False where a thread does not end in time."""
        self.stop()
        deadline = time.monotonic() + seconds
        done = True
        for session in list(self._retiring):
            done = session.wait(max(0.0, deadline - time.monotonic())) and done
        if self._feeder is not None:
            self._feeder.stop()
            self._feeder = None
        return done

    def _look(self) -> None:
        frame = self._feeder.take() if self._feeder is not None else None
        if frame is not None:
            self.frame_ready.emit(frame)

    def _failed(self, session: Session, error: Exception) -> None:
        if session is self._session:
            self.failed.emit(error)

    def _ended(self, session: Session) -> None:
        if session in self._retiring:
            self._retiring.remove(session)
