"""The real program behind the window's `Services`; what is slow to import is imported when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from desktop_app.settings import Settings
from desktop_app.ui.sessions.session import ConnectionListener

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from desktop_app import factory
    from desktop_app.domain.types import FrameResult
    from desktop_app.engine.state import Pipeline
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
        from desktop_app.system.native_log import quiet_native_start

        with quiet_native_start():
            return self._program.build_pipeline(settings)

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        return self._program.annotate(result, settings)

    def set_places(self, pipeline: Pipeline, settings: Settings) -> bool:
        from desktop_app.factory import build_places

        change = getattr(pipeline, "set_places", None)
        if change is None:
            return False
        change(*build_places(settings))
        return True

    def place_figures(self, pipeline: Pipeline) -> dict[str, str]:
        counter = getattr(pipeline, "counter", None)
        if counter is None:
            return {}
        figures = {line.name: f"in {line.into}   out {line.out}" for line in counter.lines}
        for zone in counter.zones:
            figures[zone.name] = f"{zone.occupancy} inside   {zone.entries} visits   {zone.mean_dwell_s:.0f} s"
        return figures

    def list_cameras(self) -> list[tuple[str, str]]:
        return self._program.list_cameras()
