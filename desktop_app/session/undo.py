"""One list of steps to undo and redo, each with a name that the menu shows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class Step:
    """Something the operator did. `name` fits behind "Undo: ", like "staff, person 6".

    A step that belongs to one session names it: it goes with that session.
    """

    name: str
    undo: Callable[[], object]
    redo: Callable[[], object]
    session_id: str = ""


class UndoStack:
    """What can be undone and redone. Steps run outside the lock, on the thread that asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: list[Step] = []
        self._undone: list[Step] = []

    def push(self, step: Step) -> None:
        """Note a step just done; what was undone before can no longer be redone."""
        with self._lock:
            self._done = [*self._done, step][-MAX_STEPS:]
            self._undone.clear()

    @property
    def undo_name(self) -> str:
        """The name of the step that `undo` takes back, "" without one."""
        with self._lock:
            return self._done[-1].name if self._done else ""

    @property
    def redo_name(self) -> str:
        """The name of the step that `redo` does again, "" without one."""
        with self._lock:
            return self._undone[-1].name if self._undone else ""

    def undo(self) -> str:
        """Take back the newest step; return its name, "" if there is none."""
        with self._lock:
            if not self._done:
                return ""
            step = self._done.pop()
            self._undone.append(step)
        step.undo()
        return step.name

    def redo(self) -> str:
        """Do again the step taken back last; return its name, "" if there is none."""
        with self._lock:
            if not self._undone:
                return ""
            step = self._undone.pop()
            self._done.append(step)
        step.redo()
        return step.name

    def restore(self, done: Sequence[Step], undone: Sequence[Step]) -> None:
        """Put these steps behind those that are there, the newest last: they were read from a log."""
        with self._lock:
            self._done = [*self._done, *done][-MAX_STEPS:]
            self._undone = [*self._undone, *undone][-MAX_STEPS:]

    def leave_session(self, session_id: str = "") -> None:
        """Forget every step that belongs to a session: Undo must not change a count that is no longer shown.

        `session_id` is the one that is left, by default any.
        """

        def stays(step: Step) -> bool:
            return not step.session_id or bool(session_id and step.session_id != session_id)

        with self._lock:
            self._done = [s for s in self._done if stays(s)]
            self._undone = [s for s in self._undone if stays(s)]
