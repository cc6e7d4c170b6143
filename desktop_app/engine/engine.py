"""The capture loop and the analysis loop, in plain Python, used by the window's threads and by the command line alike.

One `Engine` is one run over one source. Frames go from the reader through one bounded `Channel` to the analysis, which
owns the pipeline. The engine holds no count: it hands on events. Nothing that happens to the source can lose any:
whatever ends the run, the pipeline is finished and its last events are told.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from desktop_app.domain.events import Event
from desktop_app.domain.types import Frame
from desktop_app.engine.blank_watch import BlankWatch
from desktop_app.engine.channel import Channel, ChannelClosed, ChannelPolicy
from desktop_app.engine.commands import Command, CommandQueue
from desktop_app.engine.pacing import Pacer
from desktop_app.engine.state import EngineObserver, EngineOptions, EngineState, EngineStats, Pipeline
from desktop_app.engine.state_board import NewState, StateBoard
from desktop_app.engine.statistics import RunStatistics
from desktop_app.errors import HeadcountError
from desktop_app.sources.base import FrameSource, SourceInfo, leave_out_pictures, not_seen
from desktop_app.system.leaving import stop_at_exit

log = logging.getLogger(__name__)

_MAY_BE_LOST = (EngineState.RUNNING, EngineState.PAUSED, EngineState.OPENING, EngineState.BLANK)

_POLL_S = 0.2
"""How often the analysis looks up from an empty channel for commands; it is woken at once by a frame or a stop."""


@dataclass(frozen=True, slots=True)
class _Packet:
    """A frame on its way, with the number of the seek after which it was read."""

    frame: Frame
    era: int


@dataclass(frozen=True, slots=True)
class _Restart:
    """The file begins again."""


class Engine:
    """One run over one source.

    Either call `start` (two daemon threads, for the command line and tests), or run `run_capture` and `run_analysis` in
    two threads of your own. All other methods may be called from any thread and return at once. A source that can hang
    comes inside a `sources.detached.DetachedReader`, whose `close` ends every wait: then `stop` returns within its time
    limit whatever the backend does.
    """

    def __init__(
        self,
        source: FrameSource,
        pipeline: Pipeline,
        options: EngineOptions | None = None,
        observers: Sequence[EngineObserver] = (),
    ) -> None:
        self.options = options or EngineOptions()
        self._source = source
        self._pipeline = pipeline
        self._board = StateBoard(observers)
        self._commands = CommandQueue(pipeline)
        self._pacer = Pacer(self.options.speed)
        self._loop = self.options.loop
        self._channel: Channel[_Packet | _Restart] | None = None
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._read_done = threading.Event()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._ready_at = 0.0
        self._limit_passed = False
        self._info: SourceInfo | None = None
        self._statistics = RunStatistics(self.options.start_time_s)
        self._blank = BlankWatch()
        self._threads: list[threading.Thread] = []
        stop_at_exit(self)

    # ---- what the outside reads

    @property
    def state(self) -> EngineState:
        return self._board.state

    @property
    def message(self) -> str:
        """The plain sentence that came with the present state, or ""."""
        return self._board.message

    @property
    def error(self) -> Exception | None:
        """What made the run fail, None if nothing did."""
        return self._error

    @property
    def info(self) -> SourceInfo | None:
        """What is known of the source, None before it is open."""
        return self._info

    @property
    def omissions(self) -> tuple[str, ...]:
        """What of the source was not seen so far, one sentence each; with any, the count is not complete."""
        info = self._info
        if info is None:
            return not_seen(self._source)
        nothing = (f"No picture came from “{info.name}”: nobody could be seen.",)
        is_empty = info.is_live and not self._statistics.has_begun
        return (*not_seen(self._source), *self._blank.omissions(info), *(nothing if is_empty else ()))

    @property
    def blank_since_s(self) -> float | None:
        """The session time since which the pictures show nothing, None while they show something."""
        return self._blank.since_s

    @property
    def stats(self) -> EngineStats:
        return self._statistics.stats

    @property
    def paused(self) -> bool:
        return self._pacer.paused

    # ---- what the outside asks for

    def pause(self) -> None:
        """Hold a file where it is; a live source goes on being read, so that it is fresh when counting resumes."""

        def paused(state: EngineState) -> NewState | None:
            self._pacer.pause()
            return (EngineState.PAUSED, "") if state in (EngineState.RUNNING, EngineState.BLANK) else None

        self._board.change(paused)

    def resume(self) -> None:
        def resumed(state: EngineState) -> NewState | None:
            self._pacer.resume()
            return (EngineState.RUNNING, "") if state is EngineState.PAUSED else None

        self._board.change(resumed)

    def step(self) -> None:
        """While paused, let one more frame through."""
        self._pacer.step()

    def set_speed(self, speed: float) -> None:
        """0.25 to 8, or 0 for as fast as possible. Raises SettingsError for another value."""
        self._pacer.set_speed(speed)

    def set_loop(self, loop: bool) -> None:
        self._loop = loop

    def seek(self, time_s: float) -> None:
        """Go to a place of a seekable source, in seconds from its start; also while paused, which then shows it.

        The count goes on, and so does its clock: after a jump back it does not run backwards.
        """
        if self._info is None or self._info.seekable:
            self._pacer.seek(max(0.0, time_s))

    def submit(self, command: Command) -> None:
        """Have `command(pipeline)` run on the analysis thread between two frames, or here if the run is over."""
        self._commands.submit(command)

    def note_connection(self, connected: bool, message: str = "") -> None:
        """For a source that reconnects by itself: tell that the connection was lost, or is there again."""

        def changed(state: EngineState) -> NewState | None:
            if connected and state is EngineState.RECONNECTING:
                return self._going(), message
            return (EngineState.RECONNECTING, message) if not connected and state in _MAY_BE_LOST else None

        self._board.change(changed)

    def start(self) -> None:
        """Run both loops in daemon threads of the engine's own."""
        for name, run in (("capture", self.run_capture), ("analysis", self.run_analysis)):
            thread = threading.Thread(target=run, name=f"headcount-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the run is over and its count final. Return False where `timeout_s` ran out first."""
        return self._ended.wait(timeout_s)

    def stop(self, timeout_s: float = 0.5) -> bool:
        """End the run and wait for it, at most `timeout_s` seconds. Idempotent. Return whether all of it has ended."""
        deadline = time.monotonic() + timeout_s
        self.request_stop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(t.is_alive() for t in self._threads)

    def request_stop(self) -> None:
        """Tell both loops to end, without waiting."""
        self._stop.set()
        self._pacer.stop()
        if self._channel is not None:
            self._channel.clear()
            self._channel.close()
        self._ready.set()
        if self.state is not EngineState.IDLE and not self._read_done.is_set():
            self._close_source()  # ends a read under way

    # ---- capture

    def run_capture(self) -> None:
        """Body of the capture thread: read the source to its end. Returns soon after a stop."""
        try:
            self._board.enter(EngineState.OPENING)
            if self._stop.is_set():
                return
            if not self.options.every_picture:
                leave_out_pictures(self._source, self._pipeline.picture_filter())
            self._source.open()
            if self._stop.is_set():
                return
            self._info = info = self._source.info
            policy = ChannelPolicy.NEWEST_WINS if info.is_live else ChannelPolicy.BLOCKING
            self._channel = Channel(1 if info.is_live else self.options.queue_frames, policy)
            if self._stop.is_set():  # a stop that came before the channel was there could not close it
                self._channel.close()
            self._board.tell(lambda o: o.on_info(info))
            self._board.change(lambda _: (self._going(), ""))
            self._ready.set()
            self._read_frames(self._channel, info)
        except ChannelClosed:
            log.debug("capture ended by a stop")
        except HeadcountError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - a bug in a source must end as a message, not as a silent thread
            self._fail(error)
        finally:
            if self._channel is not None:
                self._channel.close()
            self._read_done.set()
            self._close_source()
            self._ready.set()

    def _read_frames(self, channel: Channel[_Packet | _Restart], info: SourceInfo) -> None:
        first_s: float | None = None
        while not self._stop.is_set():
            target = self._pacer.take_seek()
            if target is not None and info.seekable:
                self._source.seek(target)
            era = self._pacer.era
            frame = self._source.read()
            if self._stop.is_set():
                return
            if frame is None:
                if not (self._loop and info.seekable) or first_s is None:
                    return
                channel.put(_Restart())
                self._source.seek(0.0)
                self._pacer.forget()
                first_s = None
                continue
            self._statistics.arrived()
            first_s = frame.time_s if first_s is None else first_s
            if self.options.limit_s is not None and frame.time_s - first_s >= self.options.limit_s:
                return
            if info.is_live:
                if self._pacer.admit_live():
                    channel.put(_Packet(frame, era))
                else:
                    self._statistics.passed_over()
                continue
            if self._pacer.wait_turn(frame.time_s):
                # A file's frame "arrives" when its turn has come, so that the delay does not include the waiting.
                channel.put(_Packet(replace(frame, captured_at=time.perf_counter()), era))

    def _close_source(self) -> None:
        try:
            self._source.close()
        except HeadcountError as error:
            log.warning("the source could not be closed: %s", error)

    # ---- analysis

    def run_analysis(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Body of the analysis thread. Returns when everything read has been counted, or after a stop.

        `should_stop` is asked between frames and at least every 0.2 s; True ends the run as `stop` does.
        """
        try:
            while not self._ready.wait(_POLL_S):
                if should_stop is not None and should_stop():
                    self.request_stop()
                self._commands.run()
            if self._channel is not None:
                self._analyse(self._channel, should_stop)
        except ChannelClosed:
            log.debug("everything read has been analysed")
        except HeadcountError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - our bug: the count so far is kept and the run ends with a message
            self._fail(error)
        finally:
            if self._error is not None:
                self.request_stop()  # a reader that still runs would fill a channel that nobody empties
            self._finish()

    def _analyse(self, channel: Channel[_Packet | _Restart], should_stop: Callable[[], bool] | None) -> None:
        while True:
            if should_stop is not None and should_stop():
                self.request_stop()
            self._hold_to_limit()
            self._commands.run()
            item = channel.get(_POLL_S)
            if item is None:
                continue
            if isinstance(item, _Restart):
                self._restart()
            elif item.era == self._pacer.era:  # else it was read before a seek
                self._count(item.frame)

    def _hold_to_limit(self) -> None:
        """End a live run at its limit also while no pictures come, by which the reader would see it pass."""
        info, limit_s = self._info, self.options.limit_s
        if info is None or not info.is_live or limit_s is None or self._stop.is_set():
            return
        now = time.monotonic()
        self._ready_at = self._ready_at or now
        # A little later than the pictures themselves would say so.
        if now - self._ready_at > limit_s + 1.0:
            self._limit_passed = True
            self.request_stop()

    def _count(self, raw: Frame) -> None:
        info = self._info
        frame = self._statistics.on_session_clock(raw, info.fps if info is not None else 0.0)
        result = self._pipeline.process(frame)
        self._statistics.analysed(frame, raw.time_s, info is not None and info.is_live)
        if info is not None:
            self._blank.note(raw.time_s, result, info, self._pacer.era)
            self._follow_blank()
        # The events first: whoever draws the result finds the totals that go with it.
        self._report(result.events)
        self._board.tell(lambda o: o.on_result(result))

    def _follow_blank(self) -> None:
        """Tell when the pictures have shown nothing for too long, and when they show something again."""
        blank = self._blank

        def followed(state: EngineState) -> NewState | None:
            if blank.is_blank and state is EngineState.RUNNING:
                return EngineState.BLANK, blank.message
            return (self._going(), "") if not blank.is_blank and state is EngineState.BLANK else None

        self._board.change(followed)

    def _report(self, events: Sequence[Event]) -> None:
        if events:
            self._board.tell(lambda o: o.on_events(events))

    def _restart(self) -> None:
        events = self._pipeline.finish()
        self._pipeline.reset()
        self._statistics.restart()
        self._blank.restart()
        self._follow_blank()
        self._board.tell(lambda o: o.on_restart(events))

    def _finish(self) -> None:
        """Close the open persons, tell the last events and say how the run ended."""
        try:
            self._report(self._pipeline.finish())
        except Exception as error:  # noqa: BLE001 - as in run_analysis
            self._fail(error)
        self._commands.close()
        if self._error is not None:
            message = str(self._error) if isinstance(self._error, HeadcountError) else OUR_BUG
            self._board.enter(EngineState.FAILED, message)
        else:
            stopped = self._stop.is_set() and not self._limit_passed
            if self._blank.is_blank_throughout and self.state is EngineState.RUNNING:
                self._board.enter(EngineState.BLANK, self._blank.message)  # too short for it to be said before
            self._board.enter(EngineState.STOPPED if stopped else EngineState.FINISHED, " ".join(self.omissions))
        self._ended.set()

    # ---- state

    def _fail(self, error: Exception) -> None:
        if self._stop.is_set() and isinstance(error, HeadcountError):
            log.debug("after the stop: %s", error)  # a source closed under its reader may well complain
            return
        if self._error is None:
            self._error = error
        if not isinstance(error, HeadcountError):
            log.error("an unexpected exception ended the run", exc_info=error)
        self._board.tell(lambda o: o.on_error(error))

    def _going(self) -> EngineState:
        """The state of an open source; asked within `StateBoard.change`, so that no pause in between is lost."""
        return EngineState.PAUSED if self._pacer.paused else EngineState.RUNNING


OUR_BUG = "The program made a mistake of its own and stopped counting. The count so far is kept."
