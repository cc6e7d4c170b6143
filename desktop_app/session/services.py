"""What a session needs from the rest of the program; `factory.ProgramServices` is the real one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.places import Line, Zone
from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import Pipeline
from desktop_app.settings import Settings
from desktop_app.sources.base import FrameSource

ConnectionListener = Callable[[bool, str], None]
"""Is told (connected, plain sentence) when a live source is lost and when it is back."""


@dataclass(frozen=True, slots=True)
class RecordingStart:
    """When a recording began, in seconds since 1970, and how that is known: "operator", "container" or "file time"."""

    utc: float
    clock: str


class Services(Protocol):
    """Called on worker threads, because everything here may be slow."""

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        """Return the source that `text` names, not yet opened. Raises HeadcountError."""
        ...

    def build_pipeline(self, settings: Settings) -> Pipeline:
        """Return a pipeline with its models loaded. Raises HeadcountError."""
        ...

    def build_places(self, settings: Settings) -> tuple[Sequence[Line], Sequence[Zone], Sequence[Zone]]:
        """Return the lines, zones and staff zones of the settings. Raises SettingsError."""
        ...

    def recording_start(self, text: str) -> RecordingStart | None:
        """Return when the file that `text` names began, None for anything but a video file."""
        ...

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        """Return a copy of the result's picture, uint8 BGR, with its people and the settings' places drawn."""
        ...

    def list_cameras(self) -> list[tuple[str, str]]:
        """Return (name, source text) of each camera."""
        ...


class NoServices:
    """Services of a program that counts nothing. Every call raises RuntimeError."""

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        raise RuntimeError("nothing is counted here")

    def build_pipeline(self, settings: Settings) -> Pipeline:
        raise RuntimeError("nothing is counted here")

    def build_places(self, settings: Settings) -> tuple[Sequence[Line], Sequence[Zone], Sequence[Zone]]:
        raise RuntimeError("nothing is counted here")

    def recording_start(self, text: str) -> RecordingStart | None:
        raise RuntimeError("nothing is counted here")

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        raise RuntimeError("nothing is counted here")

    def list_cameras(self) -> list[tuple[str, str]]:
        raise RuntimeError("nothing is counted here")
