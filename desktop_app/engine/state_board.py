"""The state of a run, and the observers who are told of it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from desktop_app.engine.state import EngineObserver, EngineState

log = logging.getLogger(__name__)

NewState = tuple[EngineState, str]
"""A state and the plain sentence that comes with it, or ""."""


class StateBoard:
    """Holds the state and tells it. May be used from any thread; observers are told without the lock, in order."""

    def __init__(self, observers: Sequence[EngineObserver]) -> None:
        self._observers = tuple(observers)
        self._lock = threading.Lock()
        self._state = EngineState.IDLE
        self._message = ""
        self._untold: deque[NewState] = deque()
        self._telling = False

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def message(self) -> str:
        """The sentence that came with the present state."""
        return self._message

    def enter(self, state: EngineState, message: str = "") -> None:
        """Take on a state and tell it; a final state stays."""
        self.change(lambda _: (state, message))

    def change(self, decide: Callable[[EngineState], NewState | None]) -> None:
        """Take on the state that `decide` makes of the present one, None for no change, and tell it.

        `decide` runs under the lock, so that nothing it looks at and no other change comes in between.
        """
        with self._lock:
            new = decide(self._state)
            if new is not None and not self._state.is_final:
                self._state, self._message = new
                self._untold.append(new)
        self._tell_states()

    def tell(self, call: Callable[[EngineObserver], object]) -> None:
        """Call every observer. One that fails is told nothing more: its bug must not cost the count."""
        for observer in self._observers:
            try:
                call(observer)
            except Exception:
                log.exception("an observer failed and is no longer told")
                self._observers = tuple(o for o in self._observers if o is not observer)

    def _tell_states(self) -> None:
        while True:
            with self._lock:
                if self._telling or not self._untold:
                    return  # whoever is telling tells these too
                self._telling = True
                state, message = self._untold.popleft()
            try:
                self.tell(partial(_say_state, state, message))
            finally:
                with self._lock:
                    self._telling = False


def _say_state(state: EngineState, message: str, observer: EngineObserver) -> None:
    observer.on_state(state, message)
