"""The capture loop and the analysis loop, in plain Python, used by the window's threads and by the command line alike.

One `Engine` is one run over one source. Frames go from the reader through a `Channel` to the analysis, which owns the
pipeline and with it the count. Nothing that happens to the source can lose the count: whatever ends the run, the
pipeline is finished and its figures stay readable.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from desktop_app.domain.types import CountEvent, Counts, Frame, FrameResult
from desktop_app.engine.channel import Channel, ChannelClosed, ChannelPolicy, LatestSlot
from desktop_app.engine.history import CountHistory
from desktop_app.engine.ledger import CountLedger
from desktop_app.engine.pacing import Pacer
from desktop_app.engine.state import EngineObserver, EngineOptions, EngineState, EngineStats, Pipeline
from desktop_app.engine.statistics import RunMeter
from desktop_app.errors import HeadcountError
from desktop_app.sources.base import FrameSource, SourceInfo, not_seen

log = logging.getLogger(__name__)

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
    two threads of your own. All other methods may be called from any thread and return at once; `stop` returns within
    its time limit even where the source hangs.
    """

    def __init__(
        self,
        source: FrameSource,
        pipeline: Pipeline,
        options: EngineOptions | None = None,
        observers: Sequence[EngineObserver] = (),
    ) -> None:
        self.options = options or EngineOptions()
        self.latest: LatestSlot[FrameResult] = LatestSlot()
        self._source = source
        self._observers = list(observers)
        self._ledger = CountLedger(pipeline, self._tell)
        self._pacer = Pacer(self.options.speed)
        self._loop = self.options.loop
        self._channel: Channel[_Packet | _Restart] | None = None
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._read_done = threading.Event()
        self._capture_over = threading.Event()
        self._ended = threading.Event()
        self._closing = False
        self._state_lock = threading.RLock()
        self._state = EngineState.IDLE
        self._message = ""
        self._error: Exception | None = None
        self._info: SourceInfo | None = None
        self._meter = RunMeter(self.options.start_time_s)
        self._threads: list[threading.Thread] = []

    # ---- what the outside reads

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def message(self) -> str:
        """The plain sentence that came with the present state, or ""."""
        return self._message

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
        return not_seen(self._source)

    @property
    def counts(self) -> Counts:
        """An immutable snapshot of the totals; stays readable after the run, however it ended."""
        return self._ledger.counts

    @property
    def history(self) -> CountHistory:
        """The totals over time."""
        return self._ledger.history

    @property
    def stats(self) -> EngineStats:
        return self._meter.stats

    @property
    def paused(self) -> bool:
        return self._pacer.paused

    def people(self) -> tuple[CountEvent, ...]:
        """One record for each person counted, those still in view included. Waits for the frame in work, if any."""
        return self._ledger.people()

    def remove_observer(self, observer: EngineObserver) -> None:
        self._observers = [o for o in self._observers if o is not observer]

    # ---- what the outside asks for

    def pause(self) -> None:
        """Hold a file where it is; a live source goes on being read, so that it is fresh when counting resumes."""
        self._pacer.pause()
        self._change_state({EngineState.RUNNING}, EngineState.PAUSED)

    def resume(self) -> None:
        self._pacer.resume()
        self._change_state({EngineState.PAUSED}, EngineState.RUNNING)

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

    def reset(self) -> None:
        """Start the count again from nothing, before the next frame."""
        self._ledger.reset()

    def set_aside(self) -> None:
        """Start the count again from nothing, before the next frame, in such a way that `bring_back` undoes it."""
        self._ledger.set_aside()

    def bring_back(self) -> None:
        """Go on with the count put aside as if it had never been, its curve included. Nothing happens without one."""
        self._ledger.bring_back()

    def submit(self, command: Callable[[Pipeline], object]) -> None:
        """Have `command(pipeline)` run on the analysis thread between two frames, or here if the run is over."""
        self._ledger.submit(command)

    def note_connection(self, connected: bool, message: str = "") -> None:
        """For a source that reconnects by itself: tell that the connection was lost, or is there again."""
        if connected:
            self._change_state({EngineState.RECONNECTING}, EngineState.RUNNING, message)
        else:
            self._change_state({EngineState.RUNNING, EngineState.OPENING}, EngineState.RECONNECTING, message)

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
        """End the run and wait for it, at most `timeout_s` seconds. Idempotent. Return whether all of it has ended.

        A source that hangs cannot hold this up: it is closed from a thread of its own and left to its time limit.
        """
        deadline = time.monotonic() + timeout_s
        self.request_stop()
        with self._state_lock:
            must_close = not (self._closing or self._read_done.is_set() or self._state is EngineState.IDLE)
            self._closing = self._closing or must_close
        if must_close:
            threading.Thread(target=self._close_hung_source, name="headcount-close", daemon=True).start()
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
        self._capture_over.set()

    # ---- capture

    def run_capture(self) -> None:
        """Body of the capture thread. Returns when the source has ended, or at once after a stop.

        The reading itself goes on in a daemon thread, because a read that hangs in a driver or in the network cannot be
        ended from outside; a thread that must be waited for would hang with it.
        """
        reader = threading.Thread(target=self._read_until_end, name="headcount-reader", daemon=True)
        reader.start()
        self._capture_over.wait()
        if not self._stop.is_set():
            reader.join()
        elif not self._read_done.wait(0.2):
            log.info("the source did not answer to the stop and was left to its own time limit")

    def _read_until_end(self) -> None:
        try:
            self._set_state(EngineState.OPENING)
            self._source.open()
            if self._stop.is_set():
                return
            self._info = info = self._source.info
            policy = ChannelPolicy.NEWEST_WINS if info.is_live else ChannelPolicy.BLOCKING
            self._channel = Channel(1 if info.is_live else self.options.queue_frames, policy)
            if self._stop.is_set():  # a stop that came before the channel was there could not close it
                self._channel.close()
            self._tell(lambda o: o.on_info(info))
            self._set_state(EngineState.PAUSED if self._pacer.paused else EngineState.RUNNING)
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
            self._close_source()
            self._ready.set()
            self._read_done.set()
            self._capture_over.set()

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
            self._meter.arrived()
            first_s = frame.time_s if first_s is None else first_s
            if self.options.limit_s is not None and frame.time_s - first_s >= self.options.limit_s:
                return
            if info.is_live:
                if self._pacer.admit_live():
                    channel.put(_Packet(frame, era))
                else:
                    self._meter.passed_over()
                continue
            if self._pacer.wait_turn(frame.time_s):
                # A file's frame "arrives" when its turn has come, so that the delay does not include the waiting.
                channel.put(_Packet(replace(frame, captured_at=time.perf_counter()), era))

    def _close_hung_source(self) -> None:
        # A healthy reader notices the stop by itself within a frame; closing under a read is the last resort.
        if not self._read_done.wait(0.1):
            self._close_source()

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
                self._ledger.run_commands()
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
            self._ledger.run_commands()
            item = channel.get(_POLL_S)
            if item is None:
                continue
            if isinstance(item, _Restart):
                self._ledger.restart()
                self._meter.restart()
            elif item.era == self._pacer.era:  # else it was read before a seek
                self._count(item.frame)

    def _count(self, raw: Frame) -> None:
        info = self._info
        frame = self._meter.on_session_clock(raw, info.fps if info is not None else 0.0)
        result = self._ledger.process(frame)
        self._meter.analysed(frame, raw.time_s, info is not None and info.is_live)
        self.latest.put(result)
        self._tell(lambda o: o.on_result(result))
        self._report(result.events)

    def _report(self, events: tuple[CountEvent, ...]) -> None:
        if events:
            self._tell(lambda o: o.on_events(events))

    def _finish(self) -> None:
        """Close the open persons, note the last figures and say how the run ended."""
        try:
            self._report(self._ledger.finish(self._meter.time_s))
        except Exception as error:  # noqa: BLE001 - as in run_analysis
            self._fail(error)
        self._ledger.close()
        if self._error is not None:
            message = str(self._error) if isinstance(self._error, HeadcountError) else OUR_BUG
            self._set_state(EngineState.FAILED, message)
        else:
            self._set_state(
                EngineState.STOPPED if self._stop.is_set() else EngineState.FINISHED, " ".join(self.omissions)
            )
        self._ended.set()

    # ---- state

    def _fail(self, error: Exception) -> None:
        if self._stop.is_set() and isinstance(error, HeadcountError):
            log.debug("after the stop: %s", error)  # a source closed under its reader may well complain
            return
        if self._error is None:
            self._error = error
        if not isinstance(error, HeadcountError):
            log.error("a bug of ours ended the run", exc_info=error)
        self._tell(lambda o: o.on_error(error))

    def _change_state(self, expected: set[EngineState], state: EngineState, message: str = "") -> None:
        with self._state_lock:
            if self._state in expected:
                self._set_state(state, message)

    def _set_state(self, state: EngineState, message: str = "") -> None:
        with self._state_lock:
            if self._state.is_final:
                return
            self._state, self._message = state, message
        self._tell(lambda o: o.on_state(state, message))

    def _tell(self, call: Callable[[EngineObserver], object]) -> None:
        for observer in self._observers:
            try:
                call(observer)
            except Exception:  # an observer's bug must not cost the count
                log.exception("an observer failed and is no longer told")
                self.remove_observer(observer)


OUR_BUG = "The program made a mistake of its own and stopped counting. The count so far is kept."
