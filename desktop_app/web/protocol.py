"""HTTP/1.1 with bounds on what a client may keep a connection waiting for, and on the work that its bytes make."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_LIMIT_S = 15.0
"""A connection that has not sent the head of a request within this time is closed."""

READER_LIMIT_S = 30.0
"""A reader who takes nothing of an answer for so long is left."""

MOST_HEAD_BYTES = 32_768
MOST_TINY_PIECES = 2000
TINY_BYTES = 256
"""A chunk of a body costs the same work whatever its size. So many may be tiny; the rest have this size on average."""

_ANSWERED = {h11.CLIENT: h11.SEND_BODY, h11.SERVER: h11.DONE}


class _Connection(h11.Connection):
    """Refuses a body in very many tiny chunks: one client that sends them takes a core, whoever it is."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MOST_HEAD_BYTES)
        self._pieces = self._bytes = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._pieces += 1
            self._bytes += len(event.data)
            if self._pieces > MOST_TINY_PIECES + self._bytes // TINY_BYTES:
                raise h11.RemoteProtocolError("the body comes in too many tiny pieces")
        elif isinstance(event, h11.Request):
            self._pieces = self._bytes = 0
        return event


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 that waits for nobody without end, which uvicorn does in four places.

    A connection is closed where the head of a request does not come as a whole, nor the end of one that was answered,
    and where its reader takes nothing: while an answer is sent, and while one that was sent is still to be read before
    the connection ends. What is no request of HTTP is refused, and so is a body in very many tiny pieces.
    """

    _head_limit: asyncio.TimerHandle | None = None
    _reader_limit: asyncio.TimerHandle | None = None
    _end_limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.conn = _Connection()
        self._head_limit = self.loop.call_later(HEAD_LIMIT_S, self._close_without_head)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # What came has not made a whole head yet, or is of a body that nobody waits for any more.
        is_owed = self.conn.their_state is h11.IDLE or self.conn.states == _ANSWERED
        if self._head_limit is not None and not is_owed:
            self._head_limit.cancel()
            self._head_limit = None
        elif self._head_limit is None and is_owed:
            # uvicorn's own limit, for a connection without a request, begins anew with every letter that comes.
            self._head_limit = self.loop.call_later(HEAD_LIMIT_S, self._close_without_head)

    def connection_lost(self, exc: Exception | None) -> None:
        for limit in (self._head_limit, self._reader_limit, self._end_limit):
            if limit is not None:
                limit.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader_limit = self.loop.call_later(READER_LIMIT_S, self.transport.abort)

    def resume_writing(self) -> None:
        if self._reader_limit is not None:
            self._reader_limit.cancel()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:  # there is an answer already, or a part of one
            self.transport.close()
        cycle: Any = self.cycle  # None before the first request; uvicorn does not say so in its types
        if cycle is not None:  # the application may be about to answer, which is too late now
            cycle.disconnected = True
            cycle.message_event.set()
        self._end_soon()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._end_soon()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._end_soon()

    def _close_without_head(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
        self._end_soon()

    def _end_soon(self) -> None:
        """Leave whoever does not take the rest of an answer: closing waits for them."""
        if self._end_limit is None:
            self._end_limit = self.loop.call_later(READER_LIMIT_S, self.transport.abort)
