"""Hands live figures to any number of viewers: worked out once, put into words once, and never waiting for anybody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

from desktop_app.domain.event_codec import kind_of, to_plain
from desktop_app.domain.events import Entry
from desktop_app.errors import HeadcountError
from desktop_app.web.live import CountSource, nothing_counted
from desktop_app.web.schemas import LiveFigures

log = logging.getLogger(__name__)

PERIOD_S = 0.5
"""The shortest time between two sets of figures."""

HEARTBEAT_S = 15.0
"""After so long without news `alive` is sent, so that neither side takes the connection for dead."""

ENTRY_ROOM = 1000
"""Entries that may wait for one viewer; who falls further behind is told to begin anew."""


class Viewer:
    """What waits for one viewer: the newest figures only, and a bounded number of entries."""

    def __init__(self, wants_entries: bool) -> None:
        self.wants_entries = wants_entries
        self.figures: bytes | None = None
        self.entries: deque[Entry] = deque()
        self.has_missed = self.is_over = False
        self.changed = asyncio.Event()

    def put(self, figures: bytes | None = None, entries: Sequence[Entry] = ()) -> None:
        if figures is not None:
            self.figures = figures
        if self.wants_entries:
            self.entries += entries
            while len(self.entries) > ENTRY_ROOM:
                self.entries.popleft()
                self.has_missed = True
        self.changed.set()


class Feed:
    """The live count for everybody who watches: `snapshot` for a page, `events` for a stream of server-sent events.

    `run` belongs to the server's event loop. Everything else may be called from any thread.
    """

    def __init__(self, source: CountSource, on_figures: Callable[[LiveFigures], object] | None = None) -> None:
        self._source = source
        self._on_figures = on_figures
        self._figures: LiveFigures | None = None
        self._encoded = self._without_id = b""
        self._is_stale = False
        self._viewers: set[Viewer] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._viewers)

    @property
    def is_ending(self) -> bool:
        """Whether the server is about to close."""
        return self._ending is not None and self._ending.is_set()

    @property
    def has_entries(self) -> bool:
        """Whether single entries can be followed here."""
        return self._source.entries_after(0) is not None

    def snapshot(self) -> LiveFigures:
        """Return the newest figures; at most `PERIOD_S` old while the server runs."""
        return self._figures or nothing_counted()

    # ---- the server's side

    async def run(self) -> None:
        """Look for news until `end`. While a store cannot be read, the last figures stay and say from when they are."""
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        while not self._ending.is_set():
            try:
                await self._look()
            except HeadcountError as error:
                self._tell_stale(error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), PERIOD_S)
        await asyncio.to_thread(self._source.close)

    async def _look(self) -> None:
        changed = await asyncio.to_thread(self._source.poll)
        if not changed and self._figures is not None and not self._is_stale:
            return
        figures = await asyncio.to_thread(self._source.figures)
        self._is_stale = False
        self._show(figures)

    def _tell_stale(self, error: HeadcountError) -> None:
        """Say once that the figures are those of before: whoever watches would take them for those of now."""
        if self._is_stale:
            return
        self._is_stale = True
        log.warning("the live figures are not up to date: %s", error)
        figures, words = self._figures or nothing_counted(), str(error)
        if self._figures is not None:
            words += f" These are the figures of {figures.time:%H:%M}."
        self._show(figures.model_copy(update={"state": "waiting", "sentence": words}))

    def _show(self, figures: LiveFigures) -> None:
        self._figures = figures
        text = figures.model_dump_json()
        self._encoded = event("totals", text, str(figures.id))
        # Who follows entries goes on behind the last entry that came, which the figures may be ahead of.
        self._without_id = event("totals", text)
        if self._on_figures is not None:
            self._on_figures(figures)
        for viewer in self._viewers:
            viewer.put(figures=self._without_id if viewer.wants_entries else self._encoded)

    def end(self) -> None:
        """End `run` and every stream, so that the server can close. From any thread; idempotent."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if self._ending is not None:
            self._ending.set()
        for viewer in self._viewers:
            viewer.is_over = True
            viewer.changed.set()

    def tell_entries(self, entries: Sequence[Entry]) -> None:
        """Hand entries to the viewers who follow them. From any thread."""
        if self._loop is not None and not self._loop.is_closed() and self._viewers:
            self._loop.call_soon_threadsafe(self._put_entries, tuple(entries))

    def _put_entries(self, entries: Sequence[Entry]) -> None:
        for viewer in self._viewers:
            if viewer.wants_entries:
                viewer.put(entries=entries)

    # ---- a viewer's side

    async def events(
        self,
        last_id: int | None = None,
        *,
        entries: bool = False,
        is_allowed: Callable[[], bool] = lambda: True,
    ) -> AsyncIterator[bytes]:
        """Yield server-sent events: `totals` at once and on every change, with `entries` each `entry` as well.

        An `alive` event says now and then that nothing changed: a viewer who hears nothing at all has lost the server.
        `last_id` is what a browser sends as Last-Event-ID: entries behind it are sent again. Where some are no longer
        at hand, a `missed` event says so. The stream ends with a `bye` event when the server does, or when `is_allowed`
        says no longer, which is asked now and then.
        """
        viewer = Viewer(entries)
        self._viewers.add(viewer)
        told = 0 if last_id is None else last_id
        asked_at = time.monotonic()
        try:
            yield b"retry: 2000\n\n"
            if entries and last_id is not None:
                missed = await asyncio.to_thread(self._source.entries_after, last_id)
                viewer.put(entries=missed or ())
            if self._figures is not None:
                viewer.put(figures=self._without_id if entries else self._encoded)
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(viewer.changed.wait(), HEARTBEAT_S)
                if time.monotonic() - asked_at >= HEARTBEAT_S:
                    asked_at = time.monotonic()
                    if not is_allowed():
                        viewer.is_over = True
                        viewer.changed.set()
                if not viewer.changed.is_set():
                    yield event("alive", "{}")
                    continue
                viewer.changed.clear()
                if viewer.has_missed:
                    viewer.has_missed = False
                    yield event("missed", "{}")
                while viewer.entries:
                    entry = viewer.entries.popleft()
                    if entry.seq > told:
                        told = entry.seq
                        yield event("entry", json.dumps(entry_values(entry)), str(entry.seq))
                if viewer.figures is not None:
                    figures, viewer.figures = viewer.figures, None
                    yield figures
                if viewer.is_over:
                    yield event("bye", "{}")
                    return
        finally:
            self._viewers.discard(viewer)


def event(kind: str, data: str, event_id: str = "") -> bytes:
    """Return one server-sent event (WHATWG HTML, 9.2) whose data is one line."""
    lines = [f"id: {event_id}"] if event_id else []
    return "\n".join([*lines, f"event: {kind}", f"data: {data}", "", ""]).encode()


def entry_values(entry: Entry) -> dict[str, Any]:
    """Return an entry of the log as values that JSON has."""
    return {
        "id": entry.id,
        "seq": entry.seq,
        "session": entry.session,
        "door": entry.door,
        "time": datetime.fromtimestamp(entry.utc).astimezone().isoformat(),
        "kind": kind_of(entry.event),
        "values": to_plain(entry.event),
    }
