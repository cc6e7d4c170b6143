"""The window of the check: the picture, one person at a time to be judged, and what that says of the count."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.events import Checked, Counted
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineState
from desktop_app.errors import HeadcountError
from desktop_app.reports.check_sitting import Answer, CheckSitting
from desktop_app.session.session import Session
from desktop_app.ui.check.check_picture import CheckPicture
from desktop_app.ui.check.glimpses import Glimpses
from desktop_app.ui.picture.display import DisplayFeeder
from desktop_app.ui.results.report_view import to_image
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

if TYPE_CHECKING:
    from desktop_app.ui.check.check_words import CheckWords

T = TypeVar("T")

LOOK_MS = 60
FACE_PX = 160


class CheckWindow(QDialog):
    """Asks about the people whom `controller` counts, and keeps the tallies with `target`.

    The two belong together where a door is checked live. Along a clip `controller` plays it again for itself, and
    `target` is the count kept of it. `was_kept(session_id)` is emitted when tallies were written.
    """

    was_kept = Signal(str)
    KEYS = (
        (Qt.Key.Key_F, Answer.FEMALE),
        (Qt.Key.Key_M, Answer.MALE),
        (Qt.Key.Key_T, Answer.UNCLEAR),
        (Qt.Key.Key_N, Answer.NOBODY),
    )

    def __init__(
        self, controller: Controller, target: Session, door: str, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Check by eye"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint, True)
        resize_to_fit(self, 980, 560)
        self.setMinimumSize(720, 440)
        self._controller = controller
        self._target = target
        self._door = door
        self._is_replay = controller.session is not target
        self._glimpses = Glimpses()
        self._new: deque[str] = deque()
        self._latest: FrameResult | None = None
        self._asked: PersonRecord | None = None
        self._is_over = False
        self.sitting = CheckSitting(self._read, self._keep, target.operator)
        self._tasks = Tasks(self._failed, self)
        self._feeder = DisplayFeeder()
        self._feeder.start()
        self.picture = CheckPicture(theme)
        self.face = QLabel()
        self.question = QLabel()
        self.buttons: dict[str, QPushButton] = {}
        self.verdict = QLabel()
        self.advice = QLabel()
        self.table = QGridLayout()
        self._lay_out()
        # At a door that is counted now, that door, whichever is shown; a clip that is replayed has only one.
        self._listeners = controller.bridge.door_listeners[door] if controller.active else controller.listeners
        self._listeners.append(self._heard)
        controller.ended.connect(self._ended)
        controller.state_changed.connect(self._show_question)
        controller.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self._show_question()
        self._show_result()

    # --- building ------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.face.setFixedSize(FACE_PX, FACE_PX)
        self.face.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.face.setAccessibleName(tr("The person asked about"))
        self.question.setWordWrap(True)
        self.question.setProperty("role", "title")
        for label in (self.verdict, self.advice):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.advice.setProperty("role", "muted")
        answers = QGridLayout()
        answers.setSpacing(6)
        for number, (answer, words, tip) in enumerate(
            (
                (Answer.FEMALE, tr("Appears female (F)"), tr("Key F")),
                (Answer.MALE, tr("Appears male (M)"), tr("Key M")),
                (Answer.UNCLEAR, tr("Can't tell (T)"), tr("Nobody could tell from this. Key T")),
                (Answer.NOBODY, tr("Nobody there (N)"), tr("Counted wrongly: no person. Key N")),
            )
        ):
            button = self._button(answer.value, words, tip, partial(self.answer, answer))
            answers.addWidget(button, number // 2, number % 2)
        others = QHBoxLayout()
        others.setSpacing(6)
        others.addWidget(self._button("skip", tr("Skip (S)"), tr("Ask about somebody else. Key S"), self.skip))
        others.addWidget(self._button("back", tr("Take back"), tr("Forget the last answer. Backspace"), self.take_back))
        missed = self._button("missed", tr("Missed one (+)"), tr("Somebody passed and got no box. Key +"), self.miss)
        right = QWidget()
        right.setFixedWidth(318)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        column.addWidget(self.question)
        column.addWidget(self.face, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(answers)
        column.addLayout(others)
        column.addWidget(missed)
        column.addSpacing(6)
        column.addWidget(self.verdict)
        column.addLayout(self.table)
        column.addWidget(self.advice)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setFixedWidth(334)
        scroll.setWidget(right)
        close = self._button("close", tr("Finish"), tr("Keep what was found and close"), self.close)
        close.setProperty("primary", "true")
        side = QVBoxLayout()
        side.addWidget(scroll, 1)
        close.setFixedWidth(312)  # as wide as the answers, beside which the scroll bar has its room
        side.addWidget(close)
        explanation = QLabel(
            tr(
                "Judge the person shown by your own eyes. Who is counted has a box: tap “Missed one” for each who "
                "passes without. Only these numbers are kept."
            )
        )
        explanation.setWordWrap(True)
        explanation.setProperty("role", "muted")
        explanation.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        left = QVBoxLayout()
        left.addWidget(self.picture, 1)
        left.addWidget(explanation)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 12, 8, 12)
        row.setSpacing(12)
        row.addLayout(left, 1)
        row.addLayout(side)

    def _button(self, key: str, words: str, tip: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.setObjectName(f"check {key}")
        button.clicked.connect(lambda _on=False: call())
        self.buttons[key] = button
        return button

    # --- what is counted -----------------------------------------------------------------------------------------

    def _heard(self, result: FrameResult) -> None:
        """On the analysis thread: note who was counted, and the newest picture."""
        self._new.extend(e.person for e in result.events if isinstance(e, Counted))
        self._latest = result
        self._feeder.offer(result)

    @Slot()
    def _look(self) -> None:
        while self._new:
            self.sitting.was_counted(self._new.popleft())
        result, self._latest = self._latest, None
        if result is not None:
            self._glimpses.take(result)
        ratio = self.devicePixelRatioF()
        self._feeder.set_box(round(self.picture.width() * ratio), round(self.picture.height() * ratio))
        frame = self._feeder.take()
        if frame is not None:
            self.picture.note = ""
            self.picture.show_frame(frame)
        if self._asked is None:
            self._ask()

    def _ask(self) -> None:
        person = self.sitting.next_person(self._glimpses.people)
        if person is None:
            return
        self._asked = person
        # A clip waits for the answer; at a door nobody does.
        self._hold(True)
        self._show_question()

    def _hold(self, is_held: bool) -> None:
        info = self._controller.info
        if info is not None and not info.is_live and self._controller.active:
            self._controller.pause(is_held)

    def _read(self, what: Callable[[Totals], T]) -> T:
        session = self._controller.session or self._target
        return session.log.read(what)

    def _keep(self, tallies: Checked) -> None:
        self._target.check(tallies, self._door)
        self.was_kept.emit(self._target.id)

    # --- answers -------------------------------------------------------------------------------------------------

    def answer(self, answer: Answer) -> None:
        """Take the operator's answer about the person shown."""
        if self._asked is not None:
            self.sitting.answer(self._asked, answer)
            self._next()

    def skip(self) -> None:
        """Ask about somebody else."""
        if self._asked is not None:
            self.sitting.skip(self._asked)
            self._next()

    def miss(self) -> None:
        """Note that somebody passed who was not counted."""
        self.sitting.miss()
        self._show_result()

    def take_back(self) -> None:
        """Forget the last answer."""
        if self.sitting.take_back():
            self._show_result()

    def _next(self) -> None:
        if self._asked is not None:
            self._glimpses.forget(self._asked.ref)
        self._asked = None
        self._ask()
        if self._asked is None:
            self._hold(False)
            self._show_question()
        self._show_result()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        for key, answer in self.KEYS:
            if event.key() == key:
                self.answer(answer)
                return
        match event.key():
            case Qt.Key.Key_S:
                self.skip()
            case Qt.Key.Key_Plus:
                self.miss()
            case Qt.Key.Key_Backspace:
                self.take_back()
            case _:
                super().keyPressEvent(event)

    # --- what is shown -------------------------------------------------------------------------------------------

    @Slot()
    def _show_question(self) -> None:
        person = self._asked
        for key in (*(a.value for a in Answer), "skip"):
            self.buttons[key].setEnabled(person is not None)
        self.picture.asked = person.ref if person is not None else ""
        self.picture.update()
        picture = self._glimpses.of(person.ref) if person is not None else None
        if person is None or picture is None:
            over = tr("The clip is over. Everybody who could be asked about was.")
            waiting = tr("Waiting for somebody to pass…")
            if self._controller.state is EngineState.PAUSED and not self._is_replay:
                waiting = tr("The count is paused. Nobody can be asked about until it goes on.")
            self.question.setText(over if self._is_over else waiting)
            self.face.clear()
            return
        self.question.setText(tr("Person {number}: how do they appear?", number=person.number))
        ratio = self.devicePixelRatioF()
        size = round(FACE_PX * ratio)
        pixmap = QPixmap.fromImage(to_image(picture)).scaled(
            size, size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        pixmap.setDevicePixelRatio(ratio)
        self.face.setPixmap(pixmap)

    def _show_result(self) -> None:
        words = tr("Missed one (+)")
        missed = self.sitting.missed
        self.buttons["missed"].setText(f"{words}: {missed}" if missed else words)
        self.buttons["back"].setEnabled(bool(self.sitting.answered or missed))
        target, door, tallies = self._target, self._door, self.sitting.tallies()

        def work() -> CheckWords:
            from desktop_app.ui.check.check_words import check_words

            return check_words(target, door, tallies)

        self._tasks.begin("words", work, self._show_words)

    def _show_words(self, words: CheckWords) -> None:
        self.verdict.setText(words.split)
        self.advice.setText(words.advice)
        while (item := self.table.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        head = (tr("The program said"), tr("F"), tr("M"), tr("?"), tr("Nobody"))
        tips = ("", tr("appear female"), tr("appear male"), tr("can't tell"), tr("counted wrongly"))
        for line, row in enumerate((head, *words.rows) if words.rows else ()):
            for column, text in enumerate(row):
                label = QLabel(text)
                label.setToolTip(tips[column])
                if column:
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                if not line:
                    label.setProperty("role", "muted")
                self.table.addWidget(label, line, column)

    @Slot()
    def _ended(self) -> None:
        self._is_over = True
        self._look()
        if self._asked is None:
            self._show_question()
        now, then = self._controller.counts.people, sum(r.is_automatic for r in self._target.people())
        if self._is_replay and now != then and not self._controller.error:
            words = tr("This time {now} were counted, then {then}: with other settings.", now=now, then=then)
            self.picture.note = words + " " + tr("Count the film anew before you check it.")
            self.picture.update()

    @Slot(object)
    def _failed(self, error: Exception) -> None:
        words = f"{error.message} {error.remedy}".strip() if isinstance(error, HeadcountError) else str(error)
        self.picture.note = words
        self.picture.update()

    def apply_theme(self, theme: Theme) -> None:
        self.picture.apply_theme(theme)

    # --- the end -------------------------------------------------------------------------------------------------

    def done(self, result: int) -> None:
        self.end()
        super().done(result)

    def end(self) -> None:
        """Keep what was found and let go of every picture. Idempotent."""
        if not self._timer.isActive():
            return
        self._timer.stop()
        self._listeners.remove(self._heard)
        self._hold(False)
        self.sitting.finish()
        self._glimpses.clear()
        self._feeder.stop()
        self._tasks.shut_down(2.0)
