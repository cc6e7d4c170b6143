"""Services for the window that need no camera, network or model."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import Pipeline
from desktop_app.errors import ModelError, SourceError
from desktop_app.settings import Settings
from desktop_app.sources.base import FrameSource
from desktop_app.ui.sessions.session import ConnectionListener
from tests.engine.fakes import CountingPipeline, ListSource


class FakePipeline(CountingPipeline):
    """Counts as its parent does, and can mark staff."""

    def __init__(self, every: int = 5) -> None:
        super().__init__(every)
        self.staff: list[int] = []

    def mark_staff(self, track_id: int) -> bool:
        self.staff.append(track_id)
        return True


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
        self.live_places = True
        self.places: list[Settings] = []
        self.lock = threading.Lock()

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        self.opened.append(text)
        self.listeners.append(on_connection)
        if text not in self.sources:
            raise SourceError(f"The file “{text}” does not exist.", "Check its name.")
        return self.sources[text]()

    def build_pipeline(self, settings: Settings) -> Pipeline:
        self.settings_seen.append(settings)
        if self.broken_model:
            raise ModelError("The model “headcount” is damaged.", "Install Headcount again.")
        pipeline = FakePipeline()
        self.pipelines.append(pipeline)
        return pipeline

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        return result.frame.image_bgr.copy()

    def set_places(self, pipeline: Pipeline, settings: Settings) -> bool:
        self.places.append(settings)
        return self.live_places

    def place_figures(self, pipeline: Pipeline) -> dict[str, str]:
        return {p.name: "in 1   out 0" for s in self.places[-1:] for p in s.places}

    def list_cameras(self) -> list[tuple[str, str]]:
        with self.lock:
            return list(self.cameras)
