"""Several models on the same tracks: everybody is asked the same, the count stays what it was, nothing is held up."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.tracking import TrackedFace, Tracker
from desktop_app.domain.types import Attributes, Box, Decision, Detection, Frame, Gender
from desktop_app.domain.voting import VoteSettings
from desktop_app.errors import ModelError
from desktop_app.system.thread_priority import lower_thread_priority
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.vision.compare import MAX_WAITING, Comparison
from desktop_app.vision.compare_votes import Ballot, ComparedPerson, ComparisonSnapshot
from desktop_app.vision.glimpses import ClassifiedGlimpse
from desktop_app.vision.pipeline import FramePipeline
from tests.patience import HANGS_S, eventually


class TwoFaces:
    name = "two faces"

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        return [Detection(Box(60, 60, 120, 140), 0.9), Detection(Box(300, 60, 360, 140), 0.9)]


class Says:
    """A classifier with fixed answers by the colour of the crop's middle; notes the batches and the threads."""

    def __init__(self, name: str, bright: float, dark: float, side: int = 32) -> None:
        self.name, self.bright, self.dark = name, bright, dark
        self.spec = InputSpec(side, side)
        self.batches: list[int] = []
        self.threads: set[str] = set()

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        if len(crops):
            self.batches.append(len(crops))
            self.threads.add(threading.current_thread().name)
        return [Attributes(self.bright if c.mean() > 127 else self.dark) for c in crops]


class Hangs(Says):
    """Answers only once it is let go."""

    def __init__(self) -> None:
        super().__init__("hangs", 0.9, 0.9)
        self.let_go = threading.Event()

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        self.let_go.wait(HANGS_S)
        return super().predict(crops)


class Breaks(Says):
    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        raise ModelError("The model breaks cannot be run.")


def pipeline(own: Says) -> FramePipeline:
    return FramePipeline(TwoFaces(), own, Tracker(), PeopleCounter())


def frames(n: int = 60) -> list[Frame]:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 90, (240, 480, 3), dtype=np.uint8)
    image[:, 240:] += 160
    return [Frame(image, i / 30, i) for i in range(n)]


def test_every_model_is_asked_about_the_same_glimpses() -> None:
    own, other = Says("own", 0.95, 0.05), Says("other", 0.95, 0.95, side=48)
    built, comparison = pipeline(own), Comparison([other])
    built.compare_with(comparison)
    for frame in frames():
        built.process(frame)
    built.finish()
    snapshot = comparison.snapshot()
    assert other.batches == own.batches
    assert sum(own.batches) >= 4
    assert [m.name for m in snapshot.models] == ["own", "other"]
    assert [m.faces for m in snapshot.models] == [sum(own.batches)] * 2
    assert all(m.ms_a_face > 0 for m in snapshot.models)
    genders = {p.track_id: tuple(d.gender for d in p.decisions) for p in snapshot.people}
    assert sorted(genders.values()) == [(Gender.FEMALE, Gender.FEMALE), (Gender.MALE, Gender.FEMALE)]
    assert len(snapshot.disagreements) == 1
    assert snapshot.agreement == 0.5


def test_a_comparison_does_not_change_the_count() -> None:
    runs = []
    for compare in (False, True):
        built = pipeline(Says("own", 0.95, 0.05))
        if compare:
            built.compare_with(Comparison([Says("other", 0.1, 0.9)]))
        results = [(r.tracks, r.events) for r in map(built.process, frames())]
        runs.append((results, built.finish()))
    assert runs[0] == runs[1]


def test_it_can_be_attached_and_taken_off_between_two_frames() -> None:
    own, other = Says("own", 0.95, 0.05), Says("other", 0.1, 0.9)
    built = pipeline(own)
    all_frames = frames()
    for frame in all_frames[:20]:
        built.process(frame)
    assert built.on_glimpses is None, "without a comparison nothing is gathered"
    comparison = Comparison([other])
    built.compare_with(comparison)
    built.compare_with(comparison)
    for frame in all_frames[20:]:
        built.process(frame)
    seen = sum(other.batches)
    assert 0 < seen < sum(own.batches)
    assert {p.track_id for p in comparison.snapshot().people} == {1, 2}, "who was numbered before is known too"
    built.compare_with(None)
    assert built.classifier is own
    for frame in frames(30):
        built.process(Frame(frame.image_bgr, frame.time_s + 5, frame.index + 100))
    assert sum(other.batches) == seen


def test_a_closed_comparison_and_one_taken_over_come_off_by_themselves() -> None:
    first, second, comparison = (
        pipeline(Says("a", 0.9, 0.1)),
        pipeline(Says("b", 0.9, 0.1)),
        Comparison([Says("c", 0, 0)]),
    )
    first.compare_with(comparison)
    second.compare_with(comparison)
    for frame in frames(20):
        second.process(frame)
        first.process(frame)
    assert first.comparison is None
    assert second.comparison is comparison
    assert comparison.snapshot().models[0].name == "b"
    comparison.close()
    second.process(Frame(frames(1)[0].image_bgr, 5.0, 150))
    assert second.comparison is None
    assert second.classifier.name == "b"


def test_answers_that_changed_are_reported_again() -> None:
    ballot = Ballot(1, VoteSettings())
    ballot.add(0, 7, Attributes(0.9), 1.0)
    ballot.number({7: 1})
    assert ballot.people()[0].decisions[0].gender is Gender.FEMALE
    ballot.add(0, 7, Attributes(0.01), 3.0)
    assert ballot.people()[0].decisions[0].gender is Gender.MALE
    ballot.add(0, 8, Attributes(0.99), 9.0)
    ballot.number({8: 1})
    assert ballot.people()[0].decisions[0].gender is Gender.FEMALE


def test_reset_forgets_everybody() -> None:
    built, comparison = pipeline(Says("own", 0.9, 0.1)), Comparison([Says("other", 0.9, 0.1)])
    built.compare_with(comparison)
    for frame in frames():
        built.process(frame)
    assert comparison.snapshot().people
    built.reset()
    assert comparison.snapshot().people == ()


def test_a_new_count_asks_again_about_those_in_view_by_their_new_numbers() -> None:
    built, comparison = pipeline(Says("own", 0.9, 0.1)), Comparison([Says("other", 0.9, 0.1)])
    built.compare_with(comparison)
    given = frames(120)
    for frame in given[:30]:
        built.process(frame)
    built.new_count(1.0)
    assert comparison.snapshot().people == ()
    for frame in given[30:]:
        built.process(frame)
    assert {p.track_id for p in comparison.snapshot().people} == {1, 2}


def test_a_model_that_hangs_never_holds_up_the_count() -> None:
    other = Hangs()
    built, comparison = pipeline(Says("own", 0.95, 0.05)), Comparison([other], threaded=True)
    built.compare_with(comparison)
    began = time.monotonic()
    results = [built.process(frame) for frame in frames()]
    assert time.monotonic() - began < HANGS_S / 2, "the count waited for the other model"
    assert results[-1].in_view == 2
    other.let_go.set()
    assert eventually(lambda: len(other.batches) >= 2)
    assert other.threads == {"headcount-compare"}
    assert comparison.close()
    assert comparison.close(), "closing twice is fine"


def _glimpse(key: int) -> ClassifiedGlimpse:
    box = Box(10, 10, 40, 40)
    return ClassifiedGlimpse(TrackedFace(key, box, True, 0, 0, 1, 0.9, Detection(box, 0.9)), Attributes(0.9), 1.0)


def test_what_waits_is_bounded_and_said() -> None:
    other = Hangs()
    comparison = Comparison([other], threaded=True)
    image = np.zeros((60, 60, 3), np.uint8)
    extra = 20
    for i in range(MAX_WAITING + extra + 1):
        comparison.take(Frame(image, i / 10, i), [_glimpse(1)], {1: 1})
    left_out = comparison.snapshot().models[1].left_out
    # One may be in the hands of the model already.
    assert left_out in (extra, extra + 1)
    other.let_go.set()
    assert comparison.close()


def test_a_model_that_breaks_is_asked_no_more_and_says_why() -> None:
    built, comparison = pipeline(Says("own", 0.95, 0.05)), Comparison([Breaks("breaks", 0, 0)])
    built.compare_with(comparison)
    results = [built.process(frame) for frame in frames()]
    assert results[-1].in_view == 2
    assert comparison.snapshot().models[1].problem == "The model breaks cannot be run."


def test_glimpses_before_the_number_and_two_tracks_of_one_person_are_put_together() -> None:
    ballot = Ballot(2, VoteSettings())
    for key in (7, 9):
        ballot.add(0, key, Attributes(0.9), 1.0)
        ballot.add(1, key, Attributes(0.1), 1.0)
    assert ballot.people() == ()
    ballot.number({7: 1})
    ballot.number({7: 1, 9: 1})
    (person,) = ballot.people()
    assert [d.glimpses for d in person.decisions] == [2, 2]
    assert person.disagree
    ballot.add(1, 9, Attributes(0.1), 1.0)
    assert ballot.people()[0].decisions[1].glimpses == 3


def test_what_counts_as_disagreeing() -> None:
    female, male, open_ = Decision(Gender.FEMALE, 0.9), Decision(Gender.MALE, 0.9), Decision()
    assert ComparedPerson(1, (female, male)).disagree
    assert not ComparedPerson(1, (female, open_)).disagree
    assert ComparisonSnapshot((), (ComparedPerson(1, (female, open_)),)).agreement is None
    with pytest.raises(ValueError, match="at least one"):
        Comparison([])


def test_the_priority_of_a_thread_is_lowered_and_no_other() -> None:
    import os

    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(lower_thread_priority()))
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    thread.start()
    thread.join()
    assert done == [True]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_what_is_shown_of_a_person_changes_as_reluctantly_as_in_the_count() -> None:
    ballot = Ballot(2, VoteSettings(prior=0.0))
    for model in (0, 1):
        ballot.add(model, 7, Attributes(0.9), 1.0)
    ballot.number({7: 1})
    # The second model turns to 70% male: enough to be named, too little to change what is shown.
    for _ in range(9):
        ballot.add(1, 7, Attributes(0.23), 1.0)
    (person,) = ballot.people()
    assert [d.gender for d in person.decisions] == [Gender.FEMALE, Gender.FEMALE]
    ballot.number({8: 2})  # the person has gone, and what the votes do not bear is not kept
    assert [d.gender for d in ballot.people()[0].decisions] == [Gender.FEMALE, Gender.UNDECIDED]


def test_at_the_end_everybody_has_gone() -> None:
    ballot = Ballot(1, VoteSettings(prior=0.0))
    ballot.add(0, 7, Attributes(0.9), 1.0)
    ballot.number({7: 1})
    for _ in range(9):
        ballot.add(0, 7, Attributes(0.23), 1.0)
    assert ballot.people()[0].decisions[0].gender is Gender.FEMALE
    assert ballot.people(is_over=True)[0].decisions[0].gender is Gender.UNDECIDED
