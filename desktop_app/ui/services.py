"""The real program behind the window's `Services`; what is slow to import is imported when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from desktop_app.settings import Settings
from desktop_app.ui.session import ConnectionListener

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from desktop_app import factory
    from desktop_app.domain.types import FrameResult
    from desktop_app.runtime.state import Pipeline
    from desktop_app.vision.sources.base import FrameSource


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

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        return self._program.annotate(result, settings)

    def list_cameras(self) -> list[tuple[str, str]]:
        return self._program.list_cameras()
