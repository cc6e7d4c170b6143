"""Several models on the same tracks: each is asked about the very glimpses that the counting model was asked about.

    pipeline = FramePipeline(...)                           # counts exactly as it does without
    comparison = Comparison([other, ...], vote_settings)    # threaded=True: beside the count, never holding it up
    pipeline.compare_with(comparison)                       # from the next frame on; None ends it
    comparison.snapshot()                                   # from any thread: figures a model, answers a person

One detector and one tracker decide who is in the picture; the first model, which counts, also decides who is a face. So
the models differ in nothing but their answers.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Attributes, Frame
from desktop_app.domain.voting import VoteSettings
from desktop_app.errors import ModelError
from desktop_app.system.thread_priority import lower_thread_priority
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import InputSpec, crop_faces
from desktop_app.vision.compare_votes import Ballot, ComparisonSnapshot, ModelFigures
from desktop_app.vision.glimpses import ClassifiedGlimpse

MAX_WAITING = 64
"""Frames with glimpses that may wait for the other models; beyond it the oldest are left out and counted as such."""


class TimedClassifier:
    """A classifier that adds up how long its batches took. Not thread-safe, as any classifier."""

    def __init__(self, classifier: AttributeClassifier) -> None:
        self.inner = classifier
        self.faces = 0
        self.seconds = 0.0
        self.sample: NDArray[np.uint8] | None = None

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def spec(self) -> InputSpec:
        return self.inner.spec

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        began = time.perf_counter()
        found = self.inner.predict(crops)
        if len(crops):
            self.seconds += time.perf_counter() - began
            self.faces += len(crops)
            self._keep(crops)
        return found

    def _keep(self, crops: NDArray[np.uint8]) -> None:
        """Keep the last 8 faces, on which `ms_in_batches` measures."""
        kept = crops if self.sample is None else np.concatenate([self.sample, crops])
        self.sample = kept[-8:]

    @property
    def ms_a_face(self) -> float:
        return 1000 * self.seconds / self.faces if self.faces else 0.0

    def ms_in_batches(self, size: int, repeats: int = 15) -> float | None:
        """Return the median milliseconds a face in batches of `size`, measured now on faces seen; None before any."""
        if self.sample is None:
            return None
        crops = np.resize(self.sample, (size, *self.spec.shape))
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            self.inner.predict(crops)
            times.append(time.perf_counter() - began)
        return 1000 * float(np.median(times)) / size


class Comparison:
    """The other models and everybody's votes. `snapshot` and `close` may be called from any thread.

    With `threaded` the other models run on a thread of their own at the lowest priority; what they cannot keep up with
    is left out, oldest first, so that the count is never held up. Otherwise they run within `take`, every glimpse of
    them, which gives the same result on every run.
    """

    def __init__(
        self, others: Sequence[AttributeClassifier], settings: VoteSettings | None = None, *, threaded: bool = False
    ) -> None:
        if not others:
            raise ValueError("a comparison needs at least one other model")
        self.others = tuple(TimedClassifier(c) for c in others)
        self._settings = settings or VoteSettings()
        self._threaded = threaded
        self._wake = threading.Condition()
        self._first: TimedClassifier | None = None
        self._first_name = ""
        self._ballot = Ballot(1 + len(others), self._settings)
        self._waiting: deque[tuple[int, int, list[int], list[float], NDArray[np.uint8]]] = deque()
        self._left_out = [0] * len(others)
        self._problems = [""] * len(others)
        self._session = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    # --- on the analysis thread ----------------------------------------------------------------------------------

    def begin(self, first: TimedClassifier) -> None:
        """Start from nothing with the model that counts; the pipeline calls this when the comparison is attached."""
        self.reset()
        with self._wake:
            self._first, self._first_name = first, first.name

    def is_of(self, classifier: AttributeClassifier) -> bool:
        """Whether it is open and compares with this very model; another pipeline may have taken it over."""
        return classifier is self._first and not self._closed

    def reset(self) -> None:
        """Begin a new session: nobody has been seen."""
        with self._wake:
            self._session += 1
            self._ballot = Ballot(1 + len(self.others), self._settings)
            self._waiting.clear()

    def take(self, frame: Frame, glimpses: Sequence[ClassifiedGlimpse], numbers: Mapping[int, int]) -> None:
        """Take in the glimpses of one frame, as the counting model answered them: a `FramePipeline.on_glimpses`."""
        with self._wake:
            # In the order of the count: who gets a number with a glimpse had no decision before it.
            for glimpse in glimpses:
                self._ballot.add(0, glimpse.key, glimpse.attributes, glimpse.weight)
            self._ballot.number(numbers)
            session = self._session
        found = [g for g in glimpses if g.face.detection is not None]
        if not found or self._closed:
            return
        boxes = [g.face.detection.box for g in found if g.face.detection is not None]
        keys, weights = [g.key for g in found], [g.weight for g in found]
        for i, other in enumerate(self.others):
            crops = crop_faces(frame.image_bgr, boxes, other.spec)
            if self._threaded:
                self._hand_over(i, session, keys, weights, crops)
            else:
                self._ask(i, session, keys, weights, crops)

    def _hand_over(
        self, model: int, session: int, keys: list[int], weights: list[float], crops: NDArray[np.uint8]
    ) -> None:
        with self._wake:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="headcount-compare", daemon=True)
                self._thread.start()
            self._waiting.append((model, session, keys, weights, crops))
            while len(self._waiting) > MAX_WAITING * len(self.others):
                dropped = self._waiting.popleft()
                self._left_out[dropped[0]] += len(dropped[2])
            self._wake.notify()

    # --- wherever the other models run ---------------------------------------------------------------------------

    def _ask(self, model: int, session: int, keys: list[int], weights: list[float], crops: NDArray[np.uint8]) -> None:
        if self._problems[model]:
            return
        try:
            answers = self.others[model].predict(crops)
        except ModelError as error:
            # The count goes on without it.
            self._problems[model] = str(error)
            return
        with self._wake:
            if session == self._session:
                for key, weight, attributes in zip(keys, weights, answers, strict=True):
                    self._ballot.add(1 + model, key, attributes, weight)

    def _work(self) -> None:
        lower_thread_priority()
        while True:
            with self._wake:
                while not self._waiting and not self._closed:
                    self._wake.wait()
                if self._closed:
                    return
                task = self._waiting.popleft()
            self._ask(*task)

    # --- from any thread -----------------------------------------------------------------------------------------

    def snapshot(self, *, is_over: bool = False) -> ComparisonSnapshot:
        """Return the figures of the models and the answers on everybody numbered so far.

        With `is_over` the source has ended: the answers on those who were in view are final, too.
        """
        with self._wake:
            first = self._first
            models = [ModelFigures(self._first_name, first.faces if first else 0, first.ms_a_face if first else 0.0)]
            models += [
                ModelFigures(other.name, other.faces, other.ms_a_face, self._left_out[i], self._problems[i])
                for i, other in enumerate(self.others)
            ]
            return ComparisonSnapshot(tuple(models), self._ballot.people(is_over=is_over))

    def close(self, seconds: float = 2.0) -> bool:
        """End the thread; return False where the model under way would not end in time. Idempotent."""
        with self._wake:
            self._closed = True
            self._waiting.clear()
            self._wake.notify_all()
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(seconds)
        return not thread.is_alive()
