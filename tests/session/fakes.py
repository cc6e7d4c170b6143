"""Services and a store for session tests: real threads and a real engine, no camera and no disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from desktop_app.domain.events import Entry
from desktop_app.domain.places import Line, Zone
from desktop_app.engine.state import Pipeline
from desktop_app.errors import SourceError
from desktop_app.session.door import RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.session.services import ConnectionListener, RecordingStart
from desktop_app.settings import Settings
from desktop_app.sources.base import FrameSource
from tests.engine.fakes import CountingPipeline, ListSource


class FakeServices:
    """Opens a `ListSource` of 20 frames for every text, or what `make_source` gives."""

    def __init__(
        self,
        make_source: Callable[[str], FrameSource] | None = None,
        make_pipeline: Callable[[], Pipeline] = CountingPipeline,
    ) -> None:
        self.make_source = make_source or (lambda text: ListSource(20))
        self.make_pipeline = make_pipeline
        self.opened: list[str] = []
        self.built = 0
        self.connection: ConnectionListener | None = None

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        if text == "missing":
            raise SourceError("There is no such camera.", "Plug it in.")
        self.opened.append(text)
        self.connection = on_connection
        return self.make_source(text)

    def build_pipeline(self, settings: Settings) -> Pipeline:
        self.built += 1
        return self.make_pipeline()

    def build_places(self, settings: Settings) -> tuple[Sequence[Line], Sequence[Zone], Sequence[Zone]]:
        lines = [Line(p.name, *p.points[0], *p.points[1]) for p in settings.places if p.kind == "line"]
        return lines, [Zone(p.name, p.points) for p in settings.places if p.kind == "zone"], []

    def recording_start(self, text: str) -> RecordingStart | None:
        return RecordingStart(1_000_000.0, "container")

    def annotate(self, result: Any, settings: Settings) -> np.ndarray:
        return np.array(result.frame.image_bgr)

    def list_cameras(self) -> list[tuple[str, str]]:
        return []


class MemoryStore:
    """Keeps entries in memory, by session."""

    def __init__(self) -> None:
        self.all: list[Entry] = []
        self._lock = threading.Lock()

    def append(self, entries: Sequence[Entry]) -> None:
        with self._lock:
            self.all += entries

    def last_seq(self) -> int:
        return max((e.seq for e in self.all), default=0)

    def entries(self, session_id: str) -> list[Entry]:
        with self._lock:
            return [e for e in self.all if e.session == session_id]

    def kinds(self, session_id: str) -> list[str]:
        return [type(e.event).__name__ for e in self.entries(session_id)]


class Watcher(RunObserver):
    """Notes states and errors of every run."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.errors: list[Exception] = []

    def on_state(self, run: DoorRun, state: Any, message: str) -> None:
        self.states.append(str(state))

    def on_error(self, run: DoorRun, error: Exception) -> None:
        self.errors.append(error)
