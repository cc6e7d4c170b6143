"""Services and a store for the window that need no camera, network, model or disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.about import about
from desktop_app.domain.blank import Blank
from desktop_app.domain.events import Closed, Entry, Reopened
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Box, Decision, Frame, FrameResult, Gender, Track
from desktop_app.engine.state import Pipeline
from desktop_app.errors import ModelError, SourceError
from desktop_app.session.services import ConnectionListener, RecordingStart
from desktop_app.settings import Settings
from desktop_app.sources.base import FrameSource
from desktop_app.store.summaries import SessionSummary, summary_of
from tests.engine.fakes import CountingPipeline, ListSource
from tests.patience import PATIENCE_S
from tests.session.fakes import MemoryStore


class FakePipeline(CountingPipeline):
    """Counts as its parent does; the newest counted person is in view, and so is somebody not yet confirmed."""

    def __init__(self, every: int = 5) -> None:
        super().__init__(every)
        self.is_looking = False

    def process(self, frame: Frame) -> FrameResult:
        result = super().process(frame)
        known = list(self._numbers)
        person = known[-1] if known else ""
        decision = Decision() if self.is_looking else Decision(Gender.FEMALE, 0.9, 25.0, 4.0, 3)
        track = replace(
            result.tracks[0],
            track_id=self._numbers.get(person, 0),
            person=person,
            confirmed=bool(person),
            decision=decision,
            is_looking=self.is_looking,
        )
        waiting = Track(0, Box(40, 20, 50, 30), Decision(), False, True, frame.time_s, frame.time_s)
        blank = Blank.BLACK if frame.image_bgr.max() < 10 else None  # as a covered camera
        return replace(result, tracks=(track, waiting), in_view=int(bool(person)), blank=blank)


class FakeServices:
    """Opens what `sources` holds by name; keeps what was asked of it."""

    def __init__(self) -> None:
        self.sources: dict[str, Callable[[], FrameSource]] = {
            "demo": lambda: ListSource(60, 100.0),
            "short": lambda: ListSource(10, 100.0),
            "endless": lambda: ListSource(100_000, 60.0),
            "camera:Fake": lambda: ListSource(100_000, 60.0, live=True),
        }
        self.cameras: list[tuple[str, str]] = []
        self.opened: list[str] = []
        self.listeners: list[ConnectionListener] = []
        self.pipelines: list[FakePipeline] = []
        self.settings_seen: list[Settings] = []
        self.broken_model = False
        self._may_load = threading.Event()
        self._may_load.set()
        self.lock = threading.Lock()

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        self.opened.append(text)
        self.listeners.append(on_connection)
        if text not in self.sources:
            raise SourceError(f"The file “{text}” does not exist.", "Check its name.")
        return self.sources[text]()

    def build_pipeline(self, settings: Settings) -> Pipeline:
        assert self._may_load.wait(PATIENCE_S)
        self.settings_seen.append(settings)
        if self.broken_model:
            raise ModelError("The model “headcount” is damaged.", "Install Headcount again.")
        pipeline = FakePipeline()
        self.pipelines.append(pipeline)
        return pipeline

    def hold_models(self) -> threading.Event:
        """Let models load only when the event that is returned is set."""
        self._may_load.clear()
        return self._may_load

    def build_places(self, settings: Settings) -> tuple[Sequence[Line], Sequence[Zone], Sequence[Zone]]:
        lines = [Line(p.name, *p.points[0], *p.points[1]) for p in settings.places if p.kind == "line"]
        zones = [Zone(p.name, p.points) for p in settings.places if p.kind == "zone"]
        return lines, zones, [Zone(p.name, p.points) for p in settings.places if p.kind == "staff"]

    def recording_start(self, text: str) -> RecordingStart | None:
        return RecordingStart(1_700_000_000.0, "container")

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        return result.frame.image_bgr.copy()

    def list_cameras(self) -> list[tuple[str, str]]:
        with self.lock:
            return list(self.cameras)


@dataclass(frozen=True)
class FakeInfo:
    """What `store.SessionInfo` says of a session."""

    id: str
    name: str
    opened_utc: float
    last_utc: float
    people: int
    female: int
    male: int
    undecided: int
    joined: tuple[str, ...] = ()
    place: str = ""
    note: str = ""
    began_utc: float = 0.0
    is_current: bool = True


class FakeStore(MemoryStore):
    """A store in memory that can be read as the window reads the real one."""

    problem = ""

    def flush(self, timeout_s: float = 1.0) -> bool:
        return True

    def close(self, timeout_s: float = 1.0) -> bool:
        return True

    def __init__(self) -> None:
        super().__init__()
        self.gone: list[str] = []

    def sessions(self) -> list[FakeInfo]:
        ids = dict.fromkeys(e.session for e in self.all if e.session not in self.gone)
        return [self._info(session_id) for session_id in reversed(ids)]

    def totals(self, session_id: str, *, may_be_behind: bool = False) -> SessionSummary:
        return summary_of(session_id, Totals(self.entries(session_id)), 0, 0)

    def log_of(self, session_ids: Iterable[str]) -> list[Entry]:
        ids = set(session_ids)
        return sorted((e for e in self.all if e.session in ids), key=lambda e: e.seq)

    def people_of(self, session_ids: Iterable[str]) -> list[PersonRecord]:
        return Totals(self.log_of(session_ids)).people()

    def delete(self, session_id: str) -> bool:
        self.gone.append(session_id)
        return True

    def restore(self, session_id: str) -> bool:
        self.gone.remove(session_id)
        return True

    needs_copy = False

    def restore_newest_copy(self) -> int:
        return 0

    def unclosed(self) -> list[FakeInfo]:
        return [info for info in self.sessions() if not self.is_closed(info.id)]

    def is_closed(self, session_id: str) -> bool:
        ends = [e.event for e in self.entries(session_id) if isinstance(e.event, Closed | Reopened)]
        return bool(ends) and isinstance(ends[-1], Closed)

    def _info(self, session_id: str) -> FakeInfo:
        entries = self.entries(session_id)
        found = about(entries)
        counts = Totals([*entries, *(e for j in found.joined for e in self.entries(j))]).counts()
        figures = (counts.people, counts.female, counts.male, counts.undecided)
        times = entries[0].utc, entries[-1].utc
        return FakeInfo(session_id, found.name, *times, *figures, found.joined, found.place, found.note)
