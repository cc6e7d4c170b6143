"""Idempotency keys: a request that is sent twice, because its answer got lost, is done once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from desktop_app.web.problems import Problem

KEEP_S = 24 * 3600.0
MOST_KEYS = 10_000
LONGEST = 200


@dataclass(slots=True)
class _Kept:
    fingerprint: str
    made_at: float
    answer: object = None
    is_done: bool = False


class IdempotencyKeys:
    """Remembers answers by the key that the sender chose (draft-ietf-httpapi-idempotency-key-header). Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._clock = clock

    def once(self, key: str | None, who: str, fingerprint: str, work: Callable[[], object]) -> object:
        """Return `work()`, or what it returned when `who` sent this key before; without a key always `work()`.

        Raises Problem 422 where the key came with another `fingerprint` of the request, 409 while the first request is
        under way. A request that fails may be sent again.
        """
        if key is None:
            return work()
        if not 1 <= len(key) <= LONGEST:
            raise Problem(422, "The Idempotency-Key is empty or too long.", f"Send 1 to {LONGEST} letters.")
        name = f"{who}\n{key}"
        with self._lock:
            self._expire()
            before = self._kept.get(name)
            if before is None:
                self._kept[name] = mine = _Kept(fingerprint, self._clock())
        if before is not None:
            if before.fingerprint != fingerprint:
                raise Problem(422, "This Idempotency-Key came with another request.", "Choose a new key.")
            if not before.is_done:
                raise Problem(409, "The first request with this Idempotency-Key is under way.", "Wait for its answer.")
            return before.answer
        try:
            mine.answer = work()
            mine.is_done = True
        except BaseException:
            with self._lock:
                self._kept.pop(name, None)
            raise
        return mine.answer

    def _expire(self) -> None:
        now = self._clock()
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) <= MOST_KEYS and now - oldest.made_at <= KEEP_S:
                return
            self._kept.popitem(last=False)
