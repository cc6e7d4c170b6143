"""A sitting of the check: whom the program asks about, and that only numbers leave it."""

from __future__ import annotations

from collections.abc import Callable

from desktop_app.domain.events import Checked, Counted, Merged, Revised, StaffSeen
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.check_sitting import KEEP_EVERY, Answer, CheckSitting
from tests.domain.log import Log


class Door:
    """A log that grows, and a sitting beside it."""

    def __init__(self) -> None:
        self.log = Log()
        self.kept: list[Checked] = []
        self.sitting = CheckSitting(self._read, self.kept.append, "Ada")

    def _read(self, what: Callable[[Totals], list[PersonRecord]]) -> list[PersonRecord]:
        return what(self.log.totals)

    def come(self, ref: str, gender: Gender = Gender.FEMALE) -> None:
        self.log.person(ref, gender)
        self.log.add(Revised(3.0, ref, gender, 0.9, 30.0, 4.0, final=True))
        self.sitting.was_counted(ref)

    def ask(self, *available: str) -> PersonRecord:
        found = self.sitting.next_person(available)
        assert found is not None
        return found


def test_nobody_is_asked_about_who_was_there_before_or_cannot_be_shown() -> None:
    door = Door()
    door.log.person("before")
    assert door.sitting.next_person({"before"}) is None
    door.come("a")
    assert door.sitting.next_person(set()) is None
    assert door.ask("a", "before").ref == "a"


def test_a_rare_label_gets_its_part() -> None:
    door = Door()
    for number in range(9):
        door.come(f"f{number}")
    door.come("m", Gender.MALE)
    everybody = [f"f{n}" for n in range(9)] + ["m"]
    asked = []
    for _ in range(4):
        person = door.ask(*everybody)
        asked.append(person.auto_gender)
        door.sitting.answer(person, Answer.FEMALE)
    assert asked.count(Gender.MALE) == 1
    assert door.sitting.next_person(["m"]) is None, "nobody is asked about twice"


def test_somebody_still_looked_at_is_asked_about_later() -> None:
    door = Door()
    door.log.add(Counted(1.0, "a", 1, 0.5))
    door.sitting.was_counted("a")
    assert door.sitting.next_person({"a"}) is None
    door.log.add(Revised(9.0, "a", Gender.UNDECIDED, 0.5, final=True))
    assert door.ask("a").auto_gender is Gender.UNDECIDED


def test_the_tallies_follow_the_labels_that_the_program_gives_in_the_end() -> None:
    door = Door()
    door.come("a", Gender.MALE)
    door.come("b", Gender.MALE)
    door.sitting.answer(door.ask("a"), Answer.FEMALE)
    door.sitting.answer(door.ask("b"), Answer.NOBODY)
    door.sitting.miss()
    assert door.sitting.tallies().male == (1, 0, 0, 1)
    door.log.add(Revised(9.0, "a", Gender.FEMALE, 0.9, final=True))
    tallies = door.sitting.tallies()
    assert (tallies.female, tallies.male) == ((1, 0, 0, 0), (0, 0, 0, 1))
    assert (tallies.missed, tallies.passed, tallies.operator) == (1, 2, "Ada")


def test_nobody_is_asked_about_staff_whom_the_program_does_not_count() -> None:
    door = Door()
    door.come("waiter")
    door.come("guest")
    door.sitting.answer(door.ask("waiter"), Answer.FEMALE)
    door.log.add(StaffSeen(4.0, "waiter"))
    assert door.ask("waiter", "guest").ref == "guest"
    assert door.sitting.next_person({"waiter"}) is None
    assert (door.sitting.tallies().female, door.sitting.tallies().passed) == ((0, 0, 0, 0), 1)


def test_two_who_turn_out_to_be_one_are_one() -> None:
    door = Door()
    door.come("a")
    door.come("b")
    door.sitting.answer(door.ask("a"), Answer.FEMALE)
    door.sitting.answer(door.ask("b"), Answer.FEMALE)
    door.log.add(Merged(9.0, "b", "a"))
    tallies = door.sitting.tallies()
    assert tallies.female == (1, 0, 0, 0)
    assert tallies.passed == 1


def test_answers_are_taken_back_the_last_first() -> None:
    door = Door()
    assert not door.sitting.take_back()
    door.come("a")
    door.sitting.answer(door.ask("a"), Answer.MALE)
    door.sitting.miss()
    assert door.sitting.take_back()
    assert (door.sitting.missed, door.sitting.answered) == (0, 1)
    assert door.sitting.take_back()
    assert door.ask("a").ref == "a", "and may be asked about again"
    door.sitting.skip(door.ask("a"))
    assert door.sitting.next_person({"a"}) is None


def test_numbers_are_kept_some_at_a_time_and_at_the_end() -> None:
    door = Door()
    for number in range(KEEP_EVERY + 3):
        door.come(f"p{number}")
        door.sitting.answer(door.ask(f"p{number}"), Answer.FEMALE)
    assert [sum(k.female) for k in door.kept] == [KEEP_EVERY]
    door.sitting.finish()
    assert [sum(k.female) for k in door.kept] == [KEEP_EVERY, KEEP_EVERY + 3]
    assert len({k.sitting for k in door.kept}) == 1, "the newest of a sitting holds"


def test_a_sitting_without_an_answer_leaves_nothing() -> None:
    door = Door()
    door.come("a")
    door.sitting.finish()
    assert door.kept == []


def test_what_was_kept_and_all_taken_back_says_nothing_again() -> None:
    door = Door()
    for number in range(KEEP_EVERY):
        door.come(f"p{number}")
        door.sitting.answer(door.ask(f"p{number}"), Answer.FEMALE)
    while door.sitting.take_back():
        pass
    door.sitting.finish()
    assert sum(door.kept[-1].female) == 0
