"""A job: the pictures, videos and addresses that somebody sent at once, and how far each of them is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Counts
from desktop_app.reports.recount import Recount
from desktop_app.web.kinds import ItemKind
from desktop_app.web.results import PictureResult, VideoResult

ItemDone = Callable[["JobItem"], object]


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Before:
    """The kept count that a recount is compared with. `began_utc` is when its media time 0 was, None if not known."""

    counts: Counts
    people: tuple[PersonRecord, ...]
    began_utc: float | None


@dataclass(slots=True)
class JobItem:
    """One picture, video or address of a job. Written by the job's worker, read by anybody.

    `progress` is 0 to 1, None while it cannot be told; `people` how many were counted so far. `sentence` says what is
    wrong with a failed one, and what to do. `result` is there once `state` is DONE, until the job expires.
    """

    number: int
    name: str
    kind: ItemKind
    target: str
    job: str = ""
    models: tuple[str, ...] = ()
    folder: Path | None = None
    """What of the item lies on the disk, and nothing else, is in here; what lies at an address is put there."""
    state: JobState = JobState.WAITING
    progress: float | None = None
    people: int = 0
    sentence: str = ""
    result: PictureResult | VideoResult | None = None
    before: Before | None = None
    comparison: Recount | None = None
    """What a recount changed, person by person."""
    changed: int = 0
    on_done: ItemDone | None = None

    def set(self, state: JobState, sentence: str = "") -> None:
        self.state, self.sentence = state, sentence
        self.changed += 1


@dataclass(slots=True)
class Job:
    """What was sent at once. Its id cannot be guessed: who has it sees the answers."""

    id: str
    items: tuple[JobItem, ...]
    models: tuple[str, ...]
    folder: Path | None
    made_at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None
    is_forgotten: bool = False
    """Whether nobody is to see it any more; it goes as soon as no child works on it."""

    @property
    def state(self) -> JobState:
        """Waiting or running until every item has an end; done if any item is, else failed or cancelled."""
        states = [item.state for item in self.items]
        if JobState.RUNNING in states or (JobState.WAITING in states and any(s.is_final for s in states)):
            return JobState.RUNNING
        for state in (JobState.WAITING, JobState.DONE, JobState.FAILED):
            if state in states:
                return state
        return JobState.CANCELLED

    @property
    def progress(self) -> float:
        """How much of it is done, 0 to 1."""
        return sum(1.0 if i.state.is_final else i.progress or 0.0 for i in self.items) / max(1, len(self.items))

    @property
    def version(self) -> int:
        """Rises with whatever changes."""
        return sum(item.changed for item in self.items)
