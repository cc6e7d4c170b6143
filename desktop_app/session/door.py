"""A door at which people are counted, how a run at it goes, and who is told of what it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.session.seen_before import SeenBefore
from desktop_app.settings import Settings
from desktop_app.sources.base import SourceInfo

if TYPE_CHECKING:
    from desktop_app.session.door_run import DoorRun


@dataclass(frozen=True, slots=True)
class Door:
    """Where people are counted. `id` stays the same over renames; `began_utc` is when the operator says that a
    recording began, in seconds since 1970, None for the program to find out."""

    source: str
    settings: Settings
    id: str = "main"
    name: str = "Main door"
    began_utc: float | None = None


class RunObserver:
    """Is told what a run does, on the run's own threads: every method must return quickly.

    Subclass it and override what is wanted.
    """

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        """`message` is a plain sentence where there is something to say, else ""."""

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        """The source is open."""

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        """One frame was analysed; its events are in the log already."""

    def on_notice(self, run: DoorRun, sentence: str) -> None:
        """Something that the operator should know, and that needs no answer."""

    def on_error(self, run: DoorRun, error: Exception) -> None:
        """The run failed: a `HeadcountError` to show, or any other exception, which is a defect of the program."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run goes. `engine` paces it; `next_number` lets the numbers on the screen go on.

    `seen_before` is how far the log has this film already.
    """

    engine: EngineOptions = field(default_factory=EngineOptions)
    next_number: int = 1
    seen_before: SeenBefore | None = None
