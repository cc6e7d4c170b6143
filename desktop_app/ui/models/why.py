"""Why did the network say so: one person's face, live, and which parts of it supported the answer.

The explaining runs on a thread of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QThread, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QImage, QPixmap
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop_app.domain.types import Attributes, FrameResult, Gender, Track
from desktop_app.errors import HeadcountError
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, repolish

if TYPE_CHECKING:
    from desktop_app.vision.attributes.preprocess import InputSpec
    from desktop_app.vision.explain import Explanation

INTERVAL_S = 0.4
PICTURE_SIZE = 200
GONE_MS = 3000
"""After this time without a new look the person is out of sight."""

MEANING = (
    "Bright places raised the score of that answer in this one look; grey ones did not matter to it. It shows what "
    "weighed in the answer, not whether the answer is right. Nothing of it is kept."
)

ANSWERS: tuple[tuple[str, Gender | None], ...] = (
    ("its answer", None),
    ("“appears female”", Gender.FEMALE),
    ("“appears male”", Gender.MALE),
)


class Explainer(Protocol):
    """What is needed of a model: its answer on one crop, and which pixels supported an answer."""

    @property
    def spec(self) -> InputSpec: ...

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]: ...

    def explain_gender(self, crop: NDArray[np.uint8], female: bool) -> Explanation: ...


class ModelExplainer:
    """A model of its own beside the one that counts: both halves, the answering and the explaining one.

    Raises ModelError where the model cannot be loaded or cannot explain.
    """

    def __init__(self, model_dir: Path) -> None:
        from desktop_app.vision.attributes.classifier import load_classifier
        from desktop_app.vision.explain import FaceExplainer

        # The part that may be missing is loaded first: its error says so plainly.
        self._explainer = FaceExplainer(model_dir)
        self._classifier = load_classifier(model_dir)

    @property
    def spec(self) -> InputSpec:
        return self._explainer.spec

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        return self._classifier.predict(crops)

    def explain_gender(self, crop: NDArray[np.uint8], female: bool) -> Explanation:
        return self._explainer.explain_gender(crop, female)


@dataclass(frozen=True, slots=True)
class Explained:
    """Three pictures of one face, ready to be shown: as the network sees it, the regions, the fine lines.

    `sight` is what the network says of this one picture, which may differ from the vote over all of them; `answer` is
    the answer that is explained; `nothing` tells that no region supported it.
    """

    face: QImage
    regions: QImage
    lines: QImage
    track: Track
    answer: Gender
    sight: Attributes
    nothing: bool = False


def load_explainer(model_dir: Path) -> Explainer:
    """Load the explaining half of a model. Raises ModelError where it has none."""
    return ModelExplainer(model_dir)


class WhyThread(QThread):
    """Explains the newest view of one person a few times a second.

    `offer` takes results from any thread and keeps only the newest. Signals: `explained(Explained)`,
    `failed(Exception)`.
    """

    explained = Signal(object)
    failed = Signal(object)

    def __init__(self, track: Track, load: Callable[[], Explainer]) -> None:
        super().__init__()
        self.setObjectName("why")
        self.track = track
        self.wanted: Gender | None = None
        self._load = load
        self._wake = threading.Condition()
        self._newest: FrameResult | None = None
        self._last: FrameResult | None = None
        self._stopping = False

    def offer(self, result: FrameResult) -> None:
        """Take a result in which the person may be; one not yet looked at is replaced."""
        if any(self._is_theirs(t) and t.confirmed and t.seen for t in result.tracks):
            with self._wake:
                self._newest = result
                self._wake.notify()

    def want(self, gender: Gender | None) -> None:
        """Explain this answer from now on, and the last view again: the person may have left."""
        self.wanted = gender
        with self._wake:
            if self._newest is None:
                self._newest = self._last
            self._wake.notify()

    def _is_theirs(self, track: Track) -> bool:
        # The number on the screen is another one in a new count; the reference stays.
        return track.person == self.track.person if self.track.person else track.track_id == self.track.track_id

    def stop(self, seconds: float = 2.0) -> bool:
        """End the thread; return False where it takes longer."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        return self.wait(round(seconds * 1000))

    def run(self) -> None:
        from desktop_app.system.thread_priority import lower_thread_priority

        lower_thread_priority()
        try:
            explainer = self._load()
            while (result := self._next()) is not None:
                began = time.monotonic()
                self.explained.emit(self._explain(explainer, result))
                with self._wake:
                    # The count has priority on the processor.
                    pause = max(INTERVAL_S, time.monotonic() - began)
                    self._wake.wait_for(lambda: self._stopping, pause)
        except HeadcountError as error:
            self.failed.emit(error)

    def _next(self) -> FrameResult | None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._newest is not None)
            result, self._newest = self._newest, None
            self._last = result or self._last
            return None if self._stopping else result

    def _explain(self, explainer: Explainer, result: FrameResult) -> Explained:
        from desktop_app.vision.attributes.preprocess import crop_faces
        from desktop_app.vision.explain import overlay

        track = next(t for t in result.tracks if self._is_theirs(t))
        crop = crop_faces(result.frame.image_bgr, [track.box], explainer.spec)[0]
        sight = explainer.predict(crop[None])[0]
        # On somebody undecided, what is explained is the answer to which this view leans.
        leaning = Gender.FEMALE if sight.female >= 0.5 else Gender.MALE
        decided = track.decision.gender
        answer = self.wanted or (leaning if decided is Gender.UNDECIDED else decided)
        found = explainer.explain_gender(crop, answer is Gender.FEMALE)
        spec = explainer.spec
        return Explained(
            _picture(overlay(crop, np.zeros_like(found.grad_cam), spec)),
            _picture(overlay(crop, found.grad_cam, spec)),
            _picture(overlay(crop, found.guided_grad_cam, spec, 0.9)),
            track,
            answer,
            sight,
            not found.grad_cam.any(),
        )


def sight_words(explained: Explained) -> str:
    """Say what the network made of this one look, and what the maps explain."""
    female = explained.sight.female
    leaning = Gender.FEMALE if female >= 0.5 else Gender.MALE
    text = f"In this look alone: {GENDER_WORDS[leaning]} {round(max(female, 1 - female) * 100)}%"
    if explained.sight.age_years is not None:
        text += f", about {explained.sight.age_years:.0f} years"
    text += f". The maps show what supported “{GENDER_WORDS[explained.answer]}”"
    return text + (": nothing did." if explained.nothing else ".")


def _picture(bgr: NDArray[np.uint8]) -> QImage:
    bgr = np.ascontiguousarray(bgr)
    height, width = bgr.shape[:2]
    return QImage(bgr.data, width, height, bgr.strides[0], QImage.Format.Format_BGR888).copy()


class WhyDialog(QDialog):
    """Stays beside the window and follows one person. `closing(WhyThread)` is emitted when it is closed."""

    closing = Signal(object)

    def __init__(self, thread: WhyThread, words: Callable[[Track], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Why? Person {thread.track.track_id}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.thread_ = thread
        self._words = words
        self._last = ""
        self._title = QLabel(words(thread.track))
        self._title.setProperty("role", "title")
        self._choice = QComboBox()
        for text, gender in ANSWERS:
            self._choice.addItem(text, gender)
        self._choice.setAccessibleName(tr("Answer to explain"))
        self._choice.setToolTip(tr("What supported the network's own answer, or the other one"))
        self._choice.currentIndexChanged.connect(self._chosen)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(QLabel(tr("What supported")))
        head.addWidget(self._choice)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        self._pictures: list[QLabel] = []
        captions = (tr("What the network sees"), tr("Regions that supported it"), tr("Lines that supported it"))
        tips = (
            tr("The face as it is cut out and given to the network"),
            tr("Grad-CAM: the brighter, the more this region raised the answer"),
            tr("Guided backpropagation within these regions: the brighter, the more these lines raised the answer"),
        )
        for column, (caption, tip) in enumerate(zip(captions, tips, strict=True)):
            picture = QLabel(tr("Waiting for a clear view…") if column == 0 else "")
            picture.setWordWrap(True)
            picture.setFixedSize(PICTURE_SIZE, PICTURE_SIZE)
            picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
            picture.setToolTip(tip)
            picture.setAccessibleName(caption)
            picture.setFrameShape(QLabel.Shape.StyledPanel)
            grid.addWidget(picture, 0, column)
            label = QLabel(caption)
            label.setProperty("role", "muted")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(label, 1, column)
            self._pictures.append(picture)
        self._sight = QLabel()
        self._sight.setWordWrap(True)
        self._sight.setMinimumHeight(2 * self._sight.fontMetrics().lineSpacing())
        self._sight.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._note = QLabel(MEANING)
        self._note.setProperty("role", "muted")
        self._note.setWordWrap(True)
        self._gone = QTimer(self)
        self._gone.setSingleShot(True)
        self._gone.setInterval(GONE_MS)
        self._gone.timeout.connect(self._out_of_sight)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addLayout(grid)
        layout.addWidget(self._sight)
        layout.addWidget(self._note)
        thread.explained.connect(self._show)
        thread.failed.connect(self._failed)

    @property
    def note(self) -> str:
        return self._note.text()

    @property
    def sight(self) -> str:
        return self._sight.text()

    def picture(self, index: int) -> QPixmap:
        """Return what one of the three places shows."""
        return self._pictures[index].pixmap()

    def _chosen(self) -> None:
        self.thread_.want(self._choice.currentData())

    def _show(self, explained: Explained) -> None:
        self._title.setText(self._words(explained.track))
        self._last = sight_words(explained)
        self._sight.setText(self._last)
        self._gone.start()
        ratio = self.devicePixelRatioF()
        side = round(PICTURE_SIZE * ratio)
        for label, image in zip(self._pictures, (explained.face, explained.regions, explained.lines), strict=True):
            pixmap = QPixmap.fromImage(image).scaled(
                side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            pixmap.setDevicePixelRatio(ratio)
            label.setPixmap(pixmap)

    def _out_of_sight(self) -> None:
        self._sight.setText(tr("Out of sight or turned away: this was the last look. {last}", last=self._last))

    def _failed(self, error: HeadcountError) -> None:
        self._gone.stop()
        self._note.setText(f"{error.message} {error.remedy}")
        self._note.setProperty("role", "title")
        repolish(self._note)
        self._choice.setEnabled(False)
        self._sight.setText("")
        # No map is better than one that explains nothing.
        for picture in self._pictures:
            picture.clear()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit(self.thread_)
        super().closeEvent(event)
