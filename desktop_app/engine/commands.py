"""Work for the pipeline that comes from other threads, done between two frames."""

from __future__ import annotations

import threading
from collections.abc import Callable

from desktop_app.engine.state import Pipeline

Command = Callable[[Pipeline], object]


class CommandQueue:
    """Commands wait until the analysis thread runs them; once that is over they run where they are submitted."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._lock = threading.Lock()
        self._running = threading.RLock()
        self._waiting: list[Command] = []
        self._open = True

    def submit(self, command: Command) -> None:
        """Have `command(pipeline)` run before the next frame."""
        with self._lock:
            if self._open:
                self._waiting.append(command)
                return
        self._do(command)

    def run(self) -> None:
        """Run what was submitted. Called by the analysis thread."""
        with self._lock:
            commands, self._waiting = self._waiting, []
        for command in commands:
            self._do(command)

    def close(self) -> None:
        """Run the last commands; no frame comes after them."""
        with self._lock:
            self._open = False
        self.run()

    def _do(self, command: Command) -> None:
        with self._running:
            command(self._pipeline)
