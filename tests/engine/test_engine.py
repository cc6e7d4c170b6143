from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from desktop_app.domain.events import Counted, Event
from desktop_app.domain.types import Frame, FrameResult
from desktop_app.engine.engine import Engine
from desktop_app.engine.pacing import Pacer
from desktop_app.engine.state import EngineObserver, EngineOptions, EngineState
from desktop_app.errors import SettingsError, SourceError
from desktop_app.session.headless import run_headless
from desktop_app.sources.detached import DetachedReader, wait_for_detached
from desktop_app.system.cpu_threads import choose_threads
from tests.engine.fakes import CountingPipeline, HungSource, ListSource
from tests.patience import AT_ONCE_S, PATIENCE_S, eventually


class Recorder(EngineObserver):
    """Notes what an engine says."""

    def __init__(self) -> None:
        self.states: list[EngineState] = []
        self.messages: list[str] = []
        self.results: list[FrameResult] = []
        self.events: list[Event] = []
        self.errors: list[Exception] = []
        self.passes: list[int] = []

    def on_state(self, state: EngineState, message: str) -> None:
        self.states.append(state)
        self.messages.append(message)

    def on_result(self, result: FrameResult) -> None:
        self.results.append(result)

    def on_events(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    @property
    def counted(self) -> int:
        return sum(isinstance(e, Counted) for e in self.events)

    def on_error(self, error: Exception) -> None:
        self.errors.append(error)

    def on_restart(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        self.passes.append(self.counted)
        self.events.clear()


class HeldSource(ListSource):
    """A camera whose next frame comes when the test says so."""

    def __init__(self) -> None:
        super().__init__(10_000, fps=400, live=True)
        self._asked = 0
        self._more = threading.Semaphore(0)

    def give(self) -> None:
        """Let one more frame through and wait until the engine has taken it and asks for the one after it."""
        wanted = self.next + 2
        self._more.release()
        assert eventually(lambda: self._asked == wanted)

    def read(self) -> Frame | None:
        self._asked += 1
        self._more.acquire()
        return super().read()

    def close(self) -> None:
        super().close()
        self._more.release()


def wait_for(condition) -> None:
    assert eventually(condition), "waited in vain"


def test_a_file_is_counted_frame_by_frame_to_its_end() -> None:
    seen, pipeline, source = Recorder(), CountingPipeline(), ListSource(23)
    engine = Engine(source, pipeline, observers=[seen])
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert engine.stop()
    assert pipeline.times == [i / 25 for i in range(23)]
    assert seen.counted == 4
    assert seen.states == [EngineState.OPENING, EngineState.RUNNING, EngineState.FINISHED]
    assert pipeline.finishes == 1
    assert source.closed >= 1
    stats = engine.stats
    assert (stats.frames, stats.dropped_frames, round(stats.position_s, 3)) == (23, 0, 0.88)
    assert len(seen.results) == 23


@pytest.mark.parametrize("where", ["open", "read", "close"])
def test_stop_answers_at_once_although_the_source_hangs(where) -> None:
    source, seen = HungSource(where), Recorder()
    engine = Engine(DetachedReader(source), CountingPipeline(every=1), observers=[seen])
    engine.start()
    assert source.hanging.wait(PATIENCE_S)
    started = time.monotonic()
    engine.stop()
    assert time.monotonic() - started < AT_ONCE_S
    assert engine.wait(AT_ONCE_S)
    # Where only the closing hangs, all frames may have been counted before the stop came.
    assert engine.state in (EngineState.STOPPED, EngineState.FINISHED if where == "close" else EngineState.STOPPED)
    assert seen.counted == (0 if where == "open" else engine.stats.frames)
    source.let_go.set()  # the house rule in conftest then finds no thread left
    assert wait_for_detached(PATIENCE_S)


def test_stop_is_idempotent_and_works_before_the_start() -> None:
    engine = Engine(ListSource(), CountingPipeline())
    assert engine.stop()
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert engine.stop()
    assert engine.stop()
    assert engine.state is EngineState.STOPPED


def test_a_lost_source_keeps_the_count_and_says_what_happened() -> None:
    seen = Recorder()
    engine = Engine(ListSource(100, fail_at=12), CountingPipeline(), observers=[seen])
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert engine.state is EngineState.FAILED
    assert seen.counted == 2
    assert engine.message == "The camera was unplugged. Plug it in again and press Start."
    assert [type(e) for e in seen.errors] == [SourceError]


@pytest.mark.allow_error_log
def test_a_bug_in_the_pipeline_ends_the_run_in_plain_words() -> None:
    seen = Recorder()
    engine = Engine(ListSource(100), CountingPipeline(fail_at=7), observers=[seen])
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert engine.stop()
    assert engine.state is EngineState.FAILED
    assert isinstance(engine.error, ZeroDivisionError)
    assert "mistake of its own" in engine.message
    assert seen.counted == 1


@pytest.mark.allow_error_log
def test_a_broken_observer_costs_its_place_and_not_the_count() -> None:
    class Broken(EngineObserver):
        calls = 0

        def on_result(self, result: FrameResult) -> None:
            self.calls += 1
            raise KeyError("oops")

    broken, seen = Broken(), Recorder()
    engine = Engine(ListSource(10), CountingPipeline(), observers=[broken, seen])
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert broken.calls == 1
    assert len(seen.results) == 10


def test_a_live_source_drops_old_frames_and_says_how_many() -> None:
    pipeline = CountingPipeline(work_s=0.03)
    engine = Engine(ListSource(60, fps=200, live=True), pipeline)
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    stats = engine.stats
    assert stats.frames == len(pipeline.times) < 60
    assert stats.dropped_frames > 0
    # The channel's capacity of one: the last frame read is the last frame seen.
    assert pipeline.times[-1] == 59 / 200
    assert stats.frames + stats.dropped_frames == 60


@pytest.mark.parametrize(("frames", "live", "says"), [(0, True, True), (1, True, False), (0, False, False)])
def test_a_live_source_that_gave_no_picture_is_no_count_of_nobody(frames: int, live: bool, says: bool) -> None:
    engine = Engine(ListSource(frames, live=live), CountingPipeline())
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert ("No picture came" in " ".join(engine.omissions)) is says
    assert ("No picture came" in engine.message) is says


def test_pause_holds_and_step_lets_one_frame_through() -> None:
    engine = Engine(ListSource(500), CountingPipeline(), EngineOptions(speed=1.0))
    engine.pause()
    engine.start()
    wait_for(lambda: engine.state is EngineState.PAUSED)
    time.sleep(0.1)
    assert engine.stats.frames == 0
    for n in (1, 2, 3):
        engine.step()
        wait_for(lambda n=n: engine.stats.frames == n)
    time.sleep(0.1)
    assert engine.stats.frames == 3
    engine.resume()
    wait_for(lambda: engine.stats.frames > 5)
    assert engine.state is EngineState.RUNNING
    engine.stop()


def test_a_paused_live_source_stays_fresh_and_passed_over_frames_are_not_dropped_ones() -> None:
    source = HeldSource()
    engine = Engine(source, CountingPipeline())
    engine.start()
    for n in (1, 2, 3):
        source.give()
        wait_for(lambda n=n: engine.stats.frames == n)
    engine.pause()
    for _ in range(40):
        source.give()
    assert engine.stats.frames == 3
    engine.resume()
    source.give()
    wait_for(lambda: engine.stats.frames == 4)
    assert engine.stats.position_s == 43 / 400
    assert engine.stats.dropped_frames == 0
    engine.stop()


def test_seek_jumps_while_the_session_clock_keeps_rising() -> None:
    source = ListSource(1000)
    pipeline = CountingPipeline()
    engine = Engine(source, pipeline, EngineOptions(speed=8.0))
    engine.start()
    wait_for(lambda: engine.stats.frames > 10)
    engine.seek(30.0)
    wait_for(lambda: engine.stats.position_s >= 30.0)
    engine.seek(2.0)
    wait_for(lambda: 2.0 <= engine.stats.position_s < 20)
    engine.stop()
    assert source.seeks == [30.0, 2.0]
    assert all(b > a for a, b in zip(pipeline.times, pipeline.times[1:], strict=False))
    assert engine.stats.time_s >= 30.0


def test_seek_while_paused_shows_the_frame_found_there() -> None:
    engine = Engine(ListSource(1000), CountingPipeline(), EngineOptions(speed=1.0))
    engine.pause()
    engine.start()
    wait_for(lambda: engine.state is EngineState.PAUSED)
    engine.seek(12.0)
    wait_for(lambda: engine.stats.position_s == 12.0)
    time.sleep(0.1)
    assert engine.stats.frames == 1
    engine.stop()


def test_a_loop_counts_each_pass_anew() -> None:
    seen, source, pipeline = Recorder(), ListSource(20), CountingPipeline()
    engine = Engine(source, pipeline, EngineOptions(loop=True), [seen])
    engine.start()
    wait_for(lambda: len(seen.passes) >= 3)
    engine.set_loop(False)
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert {*seen.passes, seen.counted} == {4}
    assert engine.state is EngineState.FINISHED
    assert pipeline.times[:21] == [*(i / 25 for i in range(20)), 0.0]


def test_commands_run_between_frames_and_after_the_end() -> None:
    pipeline, seen = CountingPipeline(), []
    engine = Engine(ListSource(2000), pipeline, EngineOptions(speed=1.0))
    engine.start()
    wait_for(lambda: engine.stats.frames > 3)
    engine.pause()
    engine.submit(lambda p: seen.append((p is pipeline, threading.current_thread().name)))
    wait_for(lambda: len(seen) == 1)
    engine.stop()
    engine.submit(lambda p: seen.append((p is pipeline, threading.current_thread().name)))
    assert seen == [(True, "headcount-analysis"), (True, threading.current_thread().name)]


def test_a_pause_while_the_source_opens_is_not_lost() -> None:
    for _ in range(30):
        seen = Recorder()
        engine = Engine(ListSource(10_000, fps=500, live=True), CountingPipeline(), observers=[seen])
        threading.Thread(target=engine.pause).start()
        engine.start()
        wait_for(lambda e=engine: e.paused and e.state in (EngineState.PAUSED, EngineState.RUNNING))
        wait_for(lambda e=engine: e.state is EngineState.PAUSED)
        engine.stop()
        assert seen.states[-2:] == [EngineState.PAUSED, EngineState.STOPPED]


def test_a_source_that_comes_back_in_a_pause_is_still_paused() -> None:
    engine = Engine(ListSource(10_000, fps=200, live=True), CountingPipeline())
    engine.start()
    wait_for(lambda: engine.state is EngineState.RUNNING)
    engine.note_connection(False, "lost")
    engine.pause()
    assert engine.state is EngineState.RECONNECTING
    engine.note_connection(True)
    assert engine.state is EngineState.PAUSED
    engine.resume()
    assert engine.state is EngineState.RUNNING
    engine.stop()


def test_observers_are_told_without_a_lock_held_and_in_order() -> None:
    class Asking(Recorder):
        """Asks the engine, from another thread, for what needs its lock while it is being told."""

        engine: Engine | None = None
        answered = True

        def on_state(self, state: EngineState, message: str) -> None:
            super().on_state(state, message)
            if self.engine is not None and state is EngineState.RUNNING:
                asked = threading.Thread(target=self.engine.pause)
                asked.start()
                asked.join(AT_ONCE_S)
                self.answered = self.answered and not asked.is_alive()

    seen = Asking()
    engine = seen.engine = Engine(ListSource(10_000, fps=200, live=True), CountingPipeline(), observers=[seen])
    engine.start()
    wait_for(lambda: EngineState.PAUSED in seen.states)
    engine.stop()
    assert seen.answered, "an observer was told while a lock was held"
    assert seen.states == [EngineState.OPENING, EngineState.RUNNING, EngineState.PAUSED, EngineState.STOPPED]


def test_a_second_source_goes_on_with_the_clock_of_the_first() -> None:
    pipeline = CountingPipeline()
    first = run_headless(ListSource(10), pipeline)
    run_headless(ListSource(10), pipeline, EngineOptions(start_time_s=first.duration_s))
    assert pipeline.times == pytest.approx([i / 25 for i in range(20)])


def test_reconnecting_is_a_state_of_its_own() -> None:
    seen = Recorder()
    engine = Engine(ListSource(10_000, fps=200, live=True), CountingPipeline(), observers=[seen])
    engine.start()
    wait_for(lambda: engine.state is EngineState.RUNNING)
    engine.note_connection(False, "The stream went silent; trying again.")
    assert (engine.state, engine.message) == (EngineState.RECONNECTING, "The stream went silent; trying again.")
    engine.note_connection(True)
    assert engine.state is EngineState.RUNNING
    engine.stop()
    engine.note_connection(False, "too late")
    assert engine.state is EngineState.STOPPED


def test_pacing_follows_the_media_clock_without_touching_it() -> None:
    pipeline = CountingPipeline()
    started = time.monotonic()
    engine = Engine(ListSource(11), pipeline, EngineOptions(speed=2.0))
    engine.start()
    assert engine.wait(PATIENCE_S)
    took = time.monotonic() - started
    engine.stop()
    assert took >= 0.19  # 0.4 s of media at double speed
    assert pipeline.times == [i / 25 for i in range(11)]


@pytest.mark.parametrize("speed", [0.1, -1, 9, 100])
def test_absurd_speeds_are_refused(speed) -> None:
    with pytest.raises(SettingsError, match=r"0\.25 to 8"):
        Pacer(speed)


class SkippingSource(ListSource):
    """A file that notes of which times it was asked to make no picture."""

    def __init__(self) -> None:
        super().__init__(n=12, fps=30.0)
        self.is_wanted: Callable[[float], bool] | None = None

    def leave_out_pictures(self, is_wanted: Callable[[float], bool]) -> None:
        assert self.opened == 0, "a source may read ahead from the moment it is open"
        self.is_wanted = is_wanted


@pytest.mark.parametrize("every_picture", [True, False])
def test_pictures_are_left_out_only_where_nobody_shows_them(every_picture) -> None:
    source = SkippingSource()
    summary = run_headless(source, CountingPipeline(), EngineOptions(every_picture=every_picture))
    assert summary.frames == 12
    assert (source.is_wanted is None) is every_picture


def test_a_source_that_cannot_leave_pictures_out_is_read_as_ever() -> None:
    assert run_headless(ListSource(12), CountingPipeline(), EngineOptions(every_picture=False)).frames == 12


def test_headless_gives_the_same_on_every_run_and_honours_the_limit() -> None:
    runs = [run_headless(ListSource(200), CountingPipeline(), EngineOptions(limit_s=4.0)) for _ in range(3)]
    assert {(r.frames, r.counts.people, round(r.duration_s, 6)) for r in runs} == {(100, 20, 4.0)}
    assert not runs[0].interrupted
    with pytest.raises(SettingsError):
        EngineOptions(limit_s=0)


def test_headless_returns_the_partial_count_when_told_to_stop() -> None:
    pipeline = CountingPipeline(work_s=0.002)
    summary = run_headless(ListSource(5000), pipeline, should_stop=lambda: len(pipeline.times) >= 50)
    assert summary.interrupted
    assert 50 <= summary.frames < 5000
    assert summary.counts.people == summary.frames // 5


def test_headless_can_be_interrupted_while_the_source_hangs() -> None:
    source, pipeline = HungSource("read"), CountingPipeline(every=1)
    summary = run_headless(
        DetachedReader(source), pipeline, should_stop=lambda: source.hanging.is_set() and len(pipeline.times) == 2
    )
    assert summary.interrupted
    assert summary.frames == 2
    source.let_go.set()
    assert wait_for_detached(PATIENCE_S)


def test_headless_reports_a_source_error_in_the_summary_and_raises_a_bug() -> None:
    summary = run_headless(ListSource(50, fail_at=30), CountingPipeline())
    assert isinstance(summary.error, SourceError)
    assert summary.counts.people == 6


@pytest.mark.allow_error_log
def test_headless_raises_a_bug_as_it_came() -> None:
    with pytest.raises(ZeroDivisionError):
        run_headless(ListSource(50), CountingPipeline(fail_at=3))


@pytest.mark.parametrize(("cores", "opencv", "litert"), [(1, 1, 1), (2, 2, 1), (4, 3, 2), (8, 4, 2), (64, 4, 2)])
def test_threads_follow_the_cores(cores, opencv, litert) -> None:
    policy = choose_threads(cores)
    assert (policy.opencv, policy.litert) == (opencv, litert)
