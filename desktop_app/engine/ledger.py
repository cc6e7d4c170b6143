"""The count of one run: the pipeline under its lock, the curve of its totals, and the way back after a reset."""

from __future__ import annotations

import threading
from collections.abc import Callable

from desktop_app.domain.types import CountEvent, Counts, Frame, FrameResult
from desktop_app.engine.history import CountHistory
from desktop_app.engine.state import EngineObserver, Pipeline

Tell = Callable[[Callable[[EngineObserver], object]], None]


class CountLedger:
    """Owns the pipeline of a run and everything that is read off it.

    The analysis thread calls `process`, `run_commands`, `restart`, `finish` and `close`; the other methods may be
    called from any thread. `tell` passes a call on to every observer.
    """

    def __init__(self, pipeline: Pipeline, tell: Tell) -> None:
        self.history = CountHistory()
        self._aside: CountHistory | None = None
        self._pipeline = pipeline
        self._lock = threading.RLock()
        self._counts = pipeline.counts
        self._tell = tell
        self._commands: list[Callable[[Pipeline], object]] = []
        self._commands_lock = threading.Lock()
        self._open = True

    @property
    def counts(self) -> Counts:
        """An immutable snapshot of the totals."""
        return self._counts

    def people(self) -> tuple[CountEvent, ...]:
        """One record for each person counted, those still in view included. Waits for the frame in work, if any."""
        with self._lock:
            return tuple(self._pipeline.people())

    def submit(self, command: Callable[[Pipeline], object]) -> None:
        """Have `command(pipeline)` run on the analysis thread between two frames, or here once that is over."""
        with self._commands_lock:
            if self._open:
                self._commands.append(command)
                return
        self._do(command)

    def run_commands(self) -> None:
        """Run what was submitted."""
        with self._commands_lock:
            commands, self._commands = self._commands, []
        for command in commands:
            self._do(command)

    def close(self) -> None:
        """Run the last commands; later ones run where they are submitted."""
        with self._commands_lock:
            self._open = False
        self.run_commands()

    def _do(self, command: Callable[[Pipeline], object]) -> None:
        with self._lock:
            command(self._pipeline)
            self._counts = self._pipeline.counts

    def process(self, frame: Frame) -> FrameResult:
        """Analyse one frame, whose time is that of the session, and note the totals on the curve."""
        with self._lock:
            result = self._pipeline.process(frame)
            self._counts = result.counts
        self._note(frame.time_s, result.counts)
        return result

    def finish(self, time_s: float | None) -> tuple[CountEvent, ...]:
        """Close the open persons, note the last totals at `time_s` if there was a frame; return what was counted."""
        with self._lock:
            events = self._pipeline.finish()
            self._counts = self._pipeline.counts
        if time_s is not None:
            self._note(time_s, self._counts)
        return events

    def restart(self) -> None:
        """Close the open persons, tell what that counted, and start again from nothing."""
        with self._lock:
            events = self._pipeline.finish()
            if events:
                self._tell(lambda o: o.on_events(events))
            self._reset(self._pipeline)

    # ---- the count put back to zero, and brought back

    def reset(self) -> None:
        """Start the count again from nothing, before the next frame."""
        self.submit(self._reset)

    def set_aside(self) -> None:
        """Start the count again from nothing, before the next frame, in such a way that `bring_back` undoes it."""
        self.submit(self._set_aside)

    def bring_back(self) -> None:
        """Go on with the count put aside as if it had never been, its curve included. Nothing happens without one."""
        self.submit(self._bring_back)

    def _reset(self, pipeline: Pipeline) -> None:
        pipeline.reset()
        self._counts = pipeline.counts
        self.history.clear()
        self._aside = None
        self._tell(lambda o: o.on_reset())

    def _set_aside(self, pipeline: Pipeline) -> None:
        pipeline.set_aside()
        self._counts = pipeline.counts
        self._aside, self.history = self.history, CountHistory()
        self._tell(lambda o: o.on_set_aside())

    def _bring_back(self, pipeline: Pipeline) -> None:
        if self._aside is None:
            return
        events = pipeline.bring_back()
        self._counts = pipeline.counts
        self.history, self._aside = self._aside, None
        self._tell(lambda o: o.on_brought_back(events))

    def _note(self, time_s: float, counts: Counts) -> None:
        self.history.add(time_s, counts)
        aside = self._pipeline.aside_counts
        if self._aside is not None and aside is not None:
            self._aside.add(time_s, aside)
