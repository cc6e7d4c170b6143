"""Keeps one built pipeline for the next run, so that a start does not load the models again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from desktop_app.engine.state import Pipeline
from desktop_app.settings import Settings


def pipeline_key(settings: Settings) -> Hashable:
    """Return what two settings must share for one pipeline to serve both. Places are set anew for each run."""
    return (settings.detector, settings.count)


class PipelineCache:
    """One pipeline that no run uses. Whoever takes it empties it and gives it its places. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: Hashable = None
        self._pipeline: Pipeline | None = None

    def take(self, settings: Settings, build: Callable[[Settings], Pipeline]) -> Pipeline:
        """Return the kept pipeline if it fits, or build one; a build under way elsewhere is waited for."""
        with self._lock:
            pipeline, self._pipeline = self._pipeline, None
            if pipeline is not None and self._key == pipeline_key(settings):
                return pipeline
            return build(settings)

    def warm_up(self, settings: Settings, build: Callable[[Settings], Pipeline]) -> None:
        """Build a pipeline ahead of its use."""
        with self._lock:
            key = pipeline_key(settings)
            if self._pipeline is None or self._key != key:
                self._pipeline, self._key = build(settings), key

    def give_back(self, settings: Settings, pipeline: Pipeline) -> None:
        """Keep the pipeline of a run that is over."""
        with self._lock:
            self._pipeline, self._key = pipeline, pipeline_key(settings)
