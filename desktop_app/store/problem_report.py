"""What is wrong with the store at present, and who is told of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

_ORDER = ("lost", "hanging", "trouble", "refused", "damage", "unreadable")
"""The subjects, the worst first."""


class ProblemReport:
    """One sentence for each subject of `_ORDER` about which something is wrong. Thread-safe."""

    def __init__(self, on_problem: Callable[[str], None] | None) -> None:
        """`on_problem` is called by `tell`, with `text`, where that has changed since the last call."""
        self._on_problem = on_problem
        self._lock = threading.Lock()
        self._sentences: dict[str, str] = {}
        self._told = ""

    def set(self, subject: str, sentence: str) -> None:
        """Say what is wrong about a subject, "" for nothing. Nobody is told before `tell`."""
        if subject not in _ORDER:
            raise ValueError(f"{subject!r} is no subject; one of {', '.join(_ORDER)} is")
        with self._lock:
            self._sentences[subject] = sentence

    def get(self, subject: str) -> str:
        """Return what is wrong about one subject, "" for nothing."""
        with self._lock:
            return self._sentences.get(subject, "")

    @property
    def text(self) -> str:
        """All that is wrong, in sentences with their remedies; "" where all is well."""
        with self._lock:
            return self._text()

    def tell(self) -> None:
        """Call the listener if the text has changed. Call it without holding a lock."""
        with self._lock:
            text = self._text()
            if text == self._told:
                return
            self._told = text
        if self._on_problem is not None:
            try:
                self._on_problem(text)
            except Exception:
                log.exception("whoever is told of problems with the counts failed")

    def _text(self) -> str:
        return " ".join(filter(None, (self._sentences.get(subject, "") for subject in _ORDER)))
