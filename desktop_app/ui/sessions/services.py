"""The real program behind `session.services.Services`; what is slow to import is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from desktop_app.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from desktop_app import factory
    from desktop_app.domain.places import Line, Zone
    from desktop_app.domain.types import FrameResult
    from desktop_app.engine.state import Pipeline
    from desktop_app.session.services import ConnectionListener, RecordingStart
    from desktop_app.sources.base import FrameSource


class LazyServices:
    """`factory.ProgramServices`, made by the first worker thread that needs it, so that the window comes up first."""

    @cached_property
    def _program(self) -> factory.ProgramServices:
        from desktop_app.factory import ProgramServices

        return ProgramServices()

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        return self._program.open_source(text, settings, on_connection)

    def build_pipeline(self, settings: Settings) -> Pipeline:
        return self._program.build_pipeline(settings)

    def build_places(self, settings: Settings) -> tuple[Sequence[Line], Sequence[Zone], Sequence[Zone]]:
        return self._program.build_places(settings)

    def recording_start(self, text: str) -> RecordingStart | None:
        return self._program.recording_start(text)

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        return self._program.annotate(result, settings)

    def list_cameras(self) -> list[tuple[str, str]]:
        return self._program.list_cameras()
