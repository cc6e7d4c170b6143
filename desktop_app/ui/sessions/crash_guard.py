"""Keeps the count through a crash: written every few seconds while counting, offered at the next start.

The totals are one small file, replaced each time. The events are a file of one line each that only grows, so that a
long day's thousands do not have to be written again and again.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType

from desktop_app import __version__
from desktop_app.domain.types import CountEvent, Counts, Gender
from desktop_app.settings import data_dir, write_atomically

_LOG = logging.getLogger(__name__)

FILE_NAME = "recovery.json"
EVENTS_NAME = "recovery-events.jsonl"
REPORT_NAME = "crash-report.txt"


@dataclass(frozen=True, slots=True)
class Recovered:
    """A count that an unexpected end cut off. `when` is local time, `source` a short name without address."""

    when: str
    source: str
    counts: Counts
    events: tuple[CountEvent, ...]


def recovery_path() -> Path:
    return data_dir() / FILE_NAME


def events_path() -> Path:
    """Return the file of the events: one JSON object of a `CountEvent` a line, in the order they came."""
    return data_dir() / EVENTS_NAME


def report_path() -> Path:
    return data_dir() / REPORT_NAME


def write_recovery(counts: Counts, events: Sequence[CountEvent], source: str, kept: int = 0) -> None:
    """Keep a count for the next start; the first `kept` of the events are on the disk already.

    Raises OSError where the data folder cannot be written.
    """
    data = {
        "version": 1,
        "program": __version__,
        "when": datetime.now().isoformat(timespec="seconds"),
        "source": source,
        "counts": asdict(counts),
        "events": len(events),
    }
    recovery_path().parent.mkdir(parents=True, exist_ok=True)
    with events_path().open("a" if kept else "w", encoding="utf-8") as file:
        for event in events[kept:]:
            file.write(json.dumps(asdict(event)) + "\n")
    write_atomically(recovery_path(), json.dumps(data).encode(), make_folder=True)


def read_recovery() -> Recovered | None:
    """Return the count that was cut off, None where there is none or it cannot be read."""
    try:
        data = json.loads(recovery_path().read_text(encoding="utf-8"))
        raw = dict(data["counts"])
        raw["age_bands"] = tuple(int(n) for n in raw["age_bands"])
        counts = Counts(**raw)
        if len(counts.age_bands) != len(Counts().age_bands):
            raise ValueError("wrong number of age bands")
        return Recovered(str(data["when"]), str(data["source"]), counts, _read_events(int(data["events"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOG.warning("the recovery file could not be read: %s", error)
        return None


def _read_events(number: int) -> tuple[CountEvent, ...]:
    """Return the first `number` events on the disk; a file cut off in the middle gives those before the cut."""
    events: list[CountEvent] = []
    try:
        with events_path().open(encoding="utf-8") as file:
            for line in islice(file, number):
                raw = json.loads(line)
                events.append(CountEvent(**{**raw, "gender": Gender(raw["gender"])}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOG.warning("of %d events kept %d could be read: %s", number, len(events), error)
    return tuple(events)


def forget_recovery() -> None:
    """Remove the file: the count ended as it should, or was taken back."""
    try:
        recovery_path().unlink(missing_ok=True)
        events_path().unlink(missing_ok=True)
    except OSError as error:
        _LOG.warning("the recovery file could not be removed: %s", error)


class Keeper:
    """Writes the count every `interval_s` seconds on a thread of its own, as long as `counting()` is true."""

    def __init__(
        self,
        snapshot: Callable[[], tuple[Counts, Sequence[CountEvent], str]],
        counting: Callable[[], bool],
        interval_s: float = 10.0,
    ) -> None:
        self._snapshot = snapshot
        self._counting = counting
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._last: Counts | None = None
        self._kept = 0
        self._first: CountEvent | None = None
        self._offered = False
        self._thread = threading.Thread(target=self._run, name="headcount-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            if self._counting():
                self.keep()

    def keep(self) -> bool:
        """Write the count now; return whether it is on the disk. An empty count or an unchanged one is not written."""
        with self._lock:
            counts, events, source = self._snapshot()
            if not counts.people or counts == self._last:
                return False
            first = events[0] if events else None
            if first is not self._first or len(events) < self._kept:
                # Another count than the one on the disk: its events are written from the start.
                self._kept = 0
            try:
                write_recovery(counts, events, source, self._kept)
            except OSError as error:
                _LOG.warning("the count could not be kept for a crash: %s", error)
                return False
            self._last, self._kept, self._first = counts, len(events), first
            self._offered = False
            return True

    def stop(self) -> None:
        """End without a trace: the program ends as it should. A count offered but not answered to stays offered."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        with self._lock:
            if not self._offered:
                forget_recovery()

    def offered(self) -> None:
        """Note that the count on the disk was offered: it stays there until the answer, or until a new one is kept."""
        with self._lock:
            self._offered = True

    def answered(self) -> None:
        """Note the answer to the offer."""
        with self._lock:
            self._offered = False


class CrashGuard:
    """Turns an uncaught error into a sentence, a kept count and a report that can be read.

    `tell(sentence, detail)` is called on whichever thread the error happened on, once every few seconds at most.
    """

    def __init__(self, keep: Callable[[], bool], tell: Callable[[str, str], None]) -> None:
        self._keep = keep
        self._tell = tell
        self._last_told = -1e9
        self._old_hook = sys.excepthook
        self._old_thread_hook = threading.excepthook

    def install(self) -> None:
        sys.excepthook = self.caught
        threading.excepthook = lambda args: self.caught(args.exc_type, args.exc_value, args.exc_traceback)

    def remove(self) -> None:
        sys.excepthook = self._old_hook
        threading.excepthook = self._old_thread_hook

    def caught(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Take an error that nobody else took."""
        if issubclass(kind, KeyboardInterrupt):
            self._old_hook(kind, error or kind(), trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        _LOG.critical("an error nobody took care of\n%s", text)
        kept = self._keep()
        report = self._write_report(text)
        now = time.monotonic()
        if now - self._last_told < 5.0:
            return
        self._last_told = now
        words = "The count so far is kept." if kept else "The count in the window is not lost."
        where = f" A report is in {report}." if report else ""
        self._tell(
            "The program made a mistake of its own.", f"{words}{where} Help, Copy diagnostics, helps us find it."
        )

    def _write_report(self, text: str) -> Path | None:
        lines = [
            "Headcount met an error it did not expect. This is what it knows; there is no picture and no name in it.",
            "",
            f"Time: {datetime.now().isoformat(timespec='seconds')}",
            f"Version: {__version__}",
            f"System: {sys.platform}",
            "",
            text,
        ]
        try:
            write_atomically(report_path(), "\n".join(lines).encode(), make_folder=True)
        except OSError as error:
            _LOG.warning("the crash report could not be written: %s", error)
            return None
        return report_path()
