"""Turns at what takes long: reports and people of a count are worked out by few requests at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from desktop_app.web.problems import Problem


@dataclass(slots=True)
class _Client:
    """One client: how many of its requests are waiting or under way, of which one at a time is let in."""

    requests: int = 0
    one: asyncio.Lock = field(default_factory=asyncio.Lock)


class Turns:
    """Lets in one request of a client at a time, and `at_once` of all; the others wait without holding a thread.

    Whoever asks for sixty reports at once would else take every thread of the server, and processor time from the
    count. Belongs to the server's event loop. `most_each` bounds how many requests of one client are here, `most`
    those of all.
    """

    def __init__(self, at_once: int = 2, most_each: int = 20, most: int = 200) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most_each, self._most = most_each, most
        self._clients: dict[str, _Client] = {}
        self._requests = 0

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it. Raises Problem 429 where this client has too many, 503 where all have."""
        mine = self._clients.get(client) or _Client()
        if mine.requests >= self._most_each:
            raise Problem(429, "Too many requests at once.", "Wait for their answers.", headers={"retry-after": "5"})
        if self._requests >= self._most:
            raise Problem(503, "Too many ask for reports.", "Try again in a minute.", headers={"retry-after": "60"})
        self._clients[client] = mine
        mine.requests += 1
        self._requests += 1
        try:
            async with mine.one, self._free:
                yield
        finally:
            mine.requests -= 1
            self._requests -= 1
            if not mine.requests:
                del self._clients[client]
