"""The bounded channel between the capture and the analysis thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class ChannelClosed(Exception):
    """The channel was closed: nothing more goes in, and (from `get`) everything that went in has come out."""


class ChannelPolicy(StrEnum):
    """What `put` does when the channel is full.

    `NEWEST_WINS` throws the oldest waiting item away and counts it as dropped, so that a live picture never lags.
    `BLOCKING` waits for room, so that every frame of a file is seen.
    """

    NEWEST_WINS = "newest wins"
    BLOCKING = "blocking"


class Channel(Generic[T]):
    """A bounded first-in first-out hand-over between threads. Every method may be called from any thread.

    Nobody polls: waiting threads sleep on a condition and are woken by `put`, `get`, `clear` or `close`.
    """

    def __init__(self, capacity: int, policy: ChannelPolicy) -> None:
        """`capacity` is the number of items that may wait, at least 1. Raises ValueError for less."""
        if capacity < 1:
            raise ValueError(f"a channel needs room for at least 1 item, not {capacity!r}")
        self._capacity = capacity
        self._policy = policy
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._dropped = 0

    @property
    def policy(self) -> ChannelPolicy:
        return self._policy

    @property
    def dropped(self) -> int:
        """How many items were thrown away because a newer one came."""
        with self._changed:
            return self._dropped

    @property
    def closed(self) -> bool:
        with self._changed:
            return self._closed

    def __len__(self) -> int:
        with self._changed:
            return len(self._items)

    def put(self, item: T, timeout_s: float | None = None) -> bool:
        """Hand `item` over. Return False where `timeout_s` ran out before there was room (blocking policy only).

        Raises ChannelClosed if the channel is closed, also while waiting.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while not self._closed and len(self._items) >= self._capacity:
                if self._policy is ChannelPolicy.NEWEST_WINS:
                    self._items.popleft()
                    self._dropped += 1
                    continue
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
            if self._closed:
                raise ChannelClosed
            self._items.append(item)
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float | None = None) -> T | None:
        """Return the oldest waiting item, or None where `timeout_s` ran out before one came.

        Raises ChannelClosed once the channel is closed and empty: what was put before `close` still comes out.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while not self._items:
                if self._closed:
                    raise ChannelClosed
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def clear(self) -> int:
        """Throw away what waits, for a seek or a stop, and return how many items that were. Not counted as dropped."""
        with self._changed:
            thrown = len(self._items)
            self._items.clear()
            self._changed.notify_all()
            return thrown

    def close(self) -> None:
        """Let nothing more in and wake everybody. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
