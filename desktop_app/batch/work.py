"""What one child process does of a batch: it counts a file as `headcount count` does. For `ChildWorker.run`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache

from desktop_app import factory
from desktop_app.domain.events import Entry
from desktop_app.domain.types import Counts, FrameResult
from desktop_app.engine.state import EngineOptions
from desktop_app.errors import HeadcountError
from desktop_app.session.door import Door, RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.session.manager import SessionManager
from desktop_app.settings import Settings
from desktop_app.sources.base import SourceInfo
from desktop_app.system.child_worker import Tell
from desktop_app.system.cpu_threads import share_cores

_TELL_EVERY_S = 0.3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has been counted: seconds of it, of how many (None while unknown), and how many people so far."""

    seconds: float
    length_s: float | None
    people: int


@dataclass(frozen=True, slots=True)
class FileCount:
    """What counting one file gave. `omissions` are sentences about what of it was not seen."""

    session: str
    counts: Counts
    seconds: float
    frames: int
    omissions: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FileJob:
    """What is to be counted and how. `path` may be "demo", too; `began_utc` is when it began, None for as it says."""

    path: str
    name: str = ""
    place: str = ""
    settings: Settings = field(default_factory=Settings)
    limit_s: float | None = None
    began_utc: float | None = None


def count_file(tell: Tell, job: FileJob) -> FileCount:
    """Count a file to its end. Raises HeadcountError; an unexpected exception is raised as it came."""
    manager, teller = _manager()
    teller.begin(tell, job.limit_s)
    session = manager.open(job.name, job.place)
    door = Door(job.path, job.settings, began_utc=job.began_utc)
    run = manager.start(door, EngineOptions(limit_s=job.limit_s, every_picture=False))
    run.wait()
    manager.wait(10.0)
    if run.error is not None:
        raise run.error
    engine, info = run.engine, run.info
    if engine is None or info is None:
        raise HeadcountError("The file was not opened.", "Try it again.")
    session.close()
    frame_s = 1.0 / info.fps if info.fps > 0 else 0.0
    stats = run.stats
    return FileCount(
        session.id,
        session.counts(),
        stats.position_s + frame_s if stats.frames else 0.0,
        stats.frames,
        tuple(engine.omissions),
        session.log.entries(),
    )


class _Teller(RunObserver):
    """Passes on how far a run has come, a few times a second."""

    def __init__(self) -> None:
        self._tell: Tell = lambda _: None
        self._limit_s: float | None = None
        self._length_s: float | None = None
        self._told_at = 0.0

    def begin(self, tell: Tell, limit_s: float | None) -> None:
        self._tell, self._limit_s, self._length_s = tell, limit_s, None

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        self._length_s = min((s for s in (info.duration_s, self._limit_s) if s is not None), default=None)

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            people = result.counts.people if result.counts is not None else 0
            self._tell(Progress(result.frame.time_s, self._length_s, people))


@cache
def _manager() -> tuple[SessionManager, _Teller]:
    """Return what counts all files of this process, so that the models are loaded once."""
    share_cores(1)
    teller = _Teller()
    return SessionManager(factory.ProgramServices(), None, [teller]), teller
