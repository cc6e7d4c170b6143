"""The work of `headcount count`: one run a source, with its progress bar and its annotated video."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from desktop_app import factory
from desktop_app.cli.output import SourceReport
from desktop_app.domain.types import CountEvent, Counts, FrameResult
from desktop_app.engine.headless import RunSummary, run_headless
from desktop_app.engine.state import EngineObserver, EngineOptions, EngineState
from desktop_app.errors import HeadcountError, OutputError, SourceError
from desktop_app.recording.recorder import VideoRecorder, recover_recordings
from desktop_app.settings import Settings, without_password
from desktop_app.sources.base import SourceInfo
from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import redact_prose
from desktop_app.vision.pipeline import FramePipeline

# Without this, tqdm keeps a thread that only serves bars which stand still.
tqdm.monitor_interval = 0


def say(text: str) -> None:
    """Print a line to standard error, past a progress bar if there is one."""
    tqdm.write(printable(redact_prose(text), keep="\n"), file=sys.stderr)


class Progress(EngineObserver):
    """A bar over the video's length with the time left; for a source without one, what was seen so far."""

    def __init__(self, title: str, limit_s: float | None, quiet: bool) -> None:
        # `None` switches the bar off by itself where the output is no terminal.
        off = True if quiet else None
        self._bar = tqdm(desc=title[-32:], unit="s", disable=off, dynamic_ncols=True, leave=False, bar_format=OPEN)
        self._limit_s = limit_s
        self._info: SourceInfo | None = None

    def on_info(self, info: SourceInfo) -> None:
        self._info = info
        length_s = min((s for s in (info.duration_s, self._limit_s) if s is not None), default=None)
        if length_s:
            self._bar.total = round(length_s, 1)
            self._bar.bar_format = BAR

    def on_state(self, state: EngineState, message: str) -> None:
        if state is EngineState.RECONNECTING and message:
            say(f"headcount: {message}")

    def on_result(self, result: FrameResult) -> None:
        position_s = round(result.frame.time_s, 1)
        if self._bar.total is not None:
            position_s = min(position_s, self._bar.total)
        self._bar.set_postfix_str(f"people {result.counts.people}", refresh=False)
        self._bar.update(position_s - self._bar.n)

    def close(self) -> None:
        self._bar.close()


BAR = "{desc} {percentage:3.0f}% |{bar}| {n:.0f} of {total:.0f} s, {remaining} left{postfix}"
OPEN = "{desc} {n:.0f} s{postfix}"


class Series(EngineObserver):
    """Notes, and prints, the running totals each `every_s` seconds of the video."""

    def __init__(self, every_s: float | None, quiet: bool) -> None:
        self._every_s = every_s
        self._quiet = quiet
        self._next_s: float | None = None
        self.points: list[tuple[float, Counts]] = []

    def on_result(self, result: FrameResult) -> None:
        if self._every_s is None:
            return
        time_s, counts = result.frame.time_s, result.counts
        if self._next_s is None:
            self._next_s = time_s + self._every_s
        if time_s + 1e-6 < self._next_s:
            return
        while self._next_s <= time_s + 1e-6:
            self._next_s += self._every_s
        self.points.append((time_s, counts))
        if not self._quiet:
            say(
                f"{time_s:8.1f} s  people {counts.people}  female {counts.female}  male {counts.male}  "
                f"undecided {counts.undecided}  in view {counts.in_view}"
            )


class PlaceEvents(EngineObserver):
    """Gathers the crossings of lines and the visits of zones."""

    def __init__(self) -> None:
        self.events: list[CountEvent] = []

    def on_events(self, events: tuple[CountEvent, ...]) -> None:
        self.events += [e for e in events if e.kind != "person"]


class AnnotatedVideo(EngineObserver):
    """Writes the annotated video of one run. A failure is said once and costs the video, not the count."""

    def __init__(self, target: str | None, settings: Settings) -> None:
        self._target = Path(target) if target else None
        self._draw = factory.build_annotator(settings)
        self._info: SourceInfo | None = None
        self._recorder: VideoRecorder | None = None
        self.error: OutputError | None = None

    def on_info(self, info: SourceInfo) -> None:
        self._info = info

    def on_result(self, result: FrameResult) -> None:
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


def count_sources(
    args: argparse.Namespace, settings: Settings, pipeline: FramePipeline, should_stop: Callable[[], bool]
) -> tuple[list[SourceReport], int]:
    """Count each source on its own; return the reports and the exit code of the first problem, 0 if there was none.

    A source that fails is said and the next one is counted all the same.
    """
    if args.annotated:
        for recovery in recover_recordings(Path(args.annotated).parent):
            say(f"headcount: {recovery.message}")
    reports: list[SourceReport] = []
    problem = 0
    for text in args.sources:
        if should_stop():
            break
        report, failure = _count_one(text, args, settings, pipeline, should_stop)
        reports.append(report)
        if failure is not None and problem == 0:
            problem = failure.exit_code
    return reports, problem


def _count_one(
    text: str, args: argparse.Namespace, settings: Settings, pipeline: FramePipeline, should_stop: Callable[[], bool]
) -> tuple[SourceReport, HeadcountError | None]:
    name = without_password(text)
    pipeline.reset()
    progress = Progress(printable(Path(name).name or name), args.limit, args.quiet)
    series, places, video = Series(args.every, args.quiet), PlaceEvents(), AnnotatedVideo(args.annotated, settings)
    try:
        source = factory.open_source(text, settings, _say_connection)
        options = EngineOptions(limit_s=args.limit)
        summary = run_headless(source, pipeline, options, [progress, series, places, video], should_stop)
    except HeadcountError as error:
        summary = RunSummary(None, 0, 0.0, pipeline.counts, (), error=error)
    finally:
        progress.close()
        video.close()
    if summary.error is not None:
        say(f"headcount: {name}: {summary.error}" if name.strip() else f"headcount: {summary.error}")
    report = SourceReport(
        name,
        summary,
        tuple(places.events),
        tuple(series.points),
        tuple(place.name for place in settings.places if place.kind == "line"),
        tuple(place.name for place in settings.places if place.kind == "zone"),
        pipeline.detector.name,
        pipeline.classifier.name,
    )
    incomplete = SourceError(" ".join(summary.omissions)) if summary.omissions else None
    return report, summary.error or video.error or incomplete


def _say_connection(connected: bool, message: str) -> None:
    say(f"headcount: {message}")
