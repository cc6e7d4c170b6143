"""How much of what is sent may be in memory at once: a bound for all who send, not for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from desktop_app.web.problems import Problem


class HeldBytes:
    """Counts the bytes of pictures that are received or wait for their answer. Belongs to the server's event loop.

    Without it, a few dozen clients that each send the largest picture, and stop before its end, take all memory.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held = 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """Give a function that notes further bytes of one request; all of them are let go at the end.

        The function raises Problem 503 where all requests together would hold too much.
        """
        mine = 0

        def take(number: int) -> None:
            nonlocal mine
            if self._held + number > self._most_bytes:
                headers = {"retry-after": "5", "connection": "close"}
                raise Problem(
                    503, "Too much is sent at once.", "Try again in a few seconds, or send less.", headers=headers
                )
            self._held += number
            mine += number

        try:
            yield take
        finally:
            self._held -= mine
