"""What watches a count on the command line: the progress bar, the running totals and the annotated video."""

from __future__ import annotations

import sys
from pathlib import Path

from tqdm import tqdm

from desktop_app import factory
from desktop_app.domain.types import Counts, FrameResult
from desktop_app.engine.state import EngineState
from desktop_app.errors import OutputError
from desktop_app.recording.recorder import VideoRecorder
from desktop_app.session.door import RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.settings import Settings
from desktop_app.sources.base import SourceInfo
from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import redact_prose

# Without this, tqdm keeps a thread that only serves bars which stand still.
tqdm.monitor_interval = 0

BAR = "{desc} {percentage:3.0f}% |{bar}| {n:.0f} of {total:.0f} s, {remaining} left{postfix}"
OPEN = "{desc} {n:.0f} s{postfix}"


def say(text: str) -> None:
    """Print a line to standard error, past a progress bar if there is one."""
    tqdm.write(printable(redact_prose(text), keep="\n"), file=sys.stderr)


class Progress(RunObserver):
    """A bar over the video's length with the time left; for a source without one, what was seen so far."""

    def __init__(self, title: str, limit_s: float | None, quiet: bool) -> None:
        # `None` switches the bar off by itself where the output is no terminal.
        off = True if quiet else None
        self._bar = tqdm(
            desc=printable(title)[-32:], unit="s", disable=off, dynamic_ncols=True, leave=False, bar_format=OPEN
        )
        self._limit_s = limit_s

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        self.show_length(info)

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        # What a film does not show is said at its end, with the times.
        if message and (state is EngineState.RECONNECTING or (state is EngineState.BLANK and not run.is_film)):
            say(f"headcount: {message}")

    def on_notice(self, run: DoorRun, sentence: str) -> None:
        say(f"headcount: {sentence}")

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        if not self._bar.disable:
            self.advance(result.frame.time_s, result.counts.people if result.counts is not None else None)

    def show_length(self, info: SourceInfo) -> None:
        """Let the bar end where the source or the limit does."""
        length_s = min((s for s in (info.duration_s, self._limit_s) if s is not None), default=None)
        if length_s:
            self._bar.total = round(length_s, 1)
            self._bar.bar_format = BAR

    def advance(self, time_s: float, people: int | None = None) -> None:
        """Move the bar to a media time in seconds."""
        position_s = round(time_s, 1)
        if self._bar.total is not None:
            position_s = min(position_s, self._bar.total)
        if people is not None:
            self._bar.set_postfix_str(f"people {people}", refresh=False)
        self._bar.update(position_s - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class Series(RunObserver):
    """Notes, and prints, the running totals each `every_s` seconds of the video."""

    def __init__(self, every_s: float | None, quiet: bool) -> None:
        self._every_s = every_s
        self._quiet = quiet
        self._next_s: float | None = None
        self.points: list[tuple[float, Counts]] = []

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        if self._every_s is None:
            return
        time_s = result.frame.time_s
        if self._next_s is None:
            self._next_s = time_s + self._every_s
        if time_s + 1e-6 < self._next_s:
            return
        while self._next_s <= time_s + 1e-6:
            self._next_s += self._every_s
        counts = result.counts or Counts()
        self.points.append((time_s, counts))
        if not self._quiet:
            say(
                f"{time_s:8.1f} s  people {counts.people}  female {counts.female}  male {counts.male}  "
                f"undecided {counts.undecided}  in view {counts.in_view}"
            )


class AnnotatedVideo(RunObserver):
    """Writes the annotated video of one run. A failure is said once and costs the video, not the count."""

    def __init__(self, target: str | None, settings: Settings) -> None:
        self._target = Path(target) if target else None
        self._draw = factory.build_annotator(settings)
        self._info: SourceInfo | None = None
        self._recorder: VideoRecorder | None = None
        self.error: OutputError | None = None

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        self._info = info

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        if self._target is None or self.error is not None:
            return
        if self._recorder is None:
            info = self._info
            fps = info.fps if info is not None and 1 <= info.fps <= 60 else 25.0
            live = info is not None and info.is_live
            try:
                self._recorder = VideoRecorder(
                    self._target, self._draw, fps, wait_when_full=not live, on_error=self._failed
                )
            except OutputError as error:
                self._failed(error)
                return
        self._recorder.on_result(result)

    def _failed(self, error: OutputError) -> None:
        if self.error is None:
            say(f"headcount: {error}")
        self.error = error

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.stop(timeout_s=600)
