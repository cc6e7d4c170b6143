"""The command `headcount correct`: puts a kept count right; the automatic figure stays beside it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.session.session import Session


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount correct` to the command line."""
    correct = commands.add_parser(
        "correct",
        help="put a kept count right",
        description="Put a kept count right. Nothing is overwritten: each correction is a further entry of its log.",
    )
    correct.add_argument(
        "session", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”"
    )
    correct.add_argument("person", nargs="?", type=int, metavar="NUMBER", help="the person, as “headcount show” has it")
    what = correct.add_mutually_exclusive_group(required=True)
    what.add_argument("--gender", choices=("female", "male", "undecided"), help="how the person appears")
    what.add_argument("--age-band", metavar="BAND", help="like 20-29")
    what.add_argument("--not-a-person", action="store_true", help="do not count what was counted here")
    what.add_argument("--staff", action="store_true", help="do not count this person: staff")
    what.add_argument("--same-as", type=int, metavar="NUMBER", help="this is the same person as NUMBER")
    what.add_argument("--split", action="store_true", help="these are different people")
    what.add_argument("--add", choices=("female", "male", "undecided"), help="count somebody who was missed")
    what.add_argument("--undo", action="store_true", help="take back the last correction")
    what.add_argument("--redo", action="store_true", help="do the correction again that was taken back last")
    correct.add_argument("--door", metavar="NAME", default="", help="where the person passed, of several doors")
    correct.add_argument("--operator", metavar="NAME", default="", help="who says so")
    correct.add_argument("--note", metavar="TEXT", default="", help="why")
    correct.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the correction and print the totals."""
    from desktop_app.cli.checks import UsageError
    from desktop_app.cli.kept import find_session, writing_store
    from desktop_app.domain.events import PersonEvent, Undone
    from desktop_app.domain.types import AGE_BANDS, Gender
    from desktop_app.session.history import decisions_of
    from desktop_app.session.session import CorrectionError
    from desktop_app.session.stored import StoredSessions

    def ref_of(session: Session, number: int | None) -> str:
        if number is None:
            raise UsageError("Which person is meant?", "Give the number, as “headcount show ID --people” lists it.")
        people = [p for p in session.people() if args.door.casefold() in _names(session, p.door)]
        found = [person for person in people if person.number == number]
        if len(found) > 1:
            here = [p.door for p in found]
            doors = [name for door, name in session.log.all_doors.items() if door in here]
            which = f"Add --door with one of: {', '.join(doors)}."
            if len(set(doors)) < len(found):
                which = "The window tells them apart by their times: correct it there, under Results."
            raise UsageError(f"{len(found)} people of this count have the number {number}.", which)
        if found:
            return found[0].ref
        numbers = session.log.read(lambda totals: {p.ref: {totals.number(ref) for ref in p.members} for p in people})
        for person in people:
            if number in numbers[person.ref]:
                raise CorrectionError(
                    f"Person {number} is counted as the same person as {person.number}.",
                    f"Correct {person.number}, or split that person first.",
                )
        raise CorrectionError(f"There is no person {number} in this count.", "“headcount show ID --people” lists them.")

    if args.age_band and args.age_band not in AGE_BANDS:
        raise UsageError(f"“{args.age_band}” is no age band.", f"Give one of {', '.join(AGE_BANDS)}.")
    if args.person is not None and (args.add or args.undo or args.redo):
        raise UsageError("--add, --undo and --redo take no number of a person.", "Leave the number out.")
    with writing_store() as store:
        session = StoredSessions(store).load(find_session(store, args.session).id)
        session.operator = args.operator
        if args.add:
            session.add(Gender(args.add), note=args.note, door=_door_of(session, args.door))
        elif args.undo or args.redo:
            taken, taken_back = decisions_of(session.log.entries())
            found = taken if args.undo else taken_back
            mine = [decision for decision in found if isinstance(decision.entry.event, PersonEvent)]
            if not mine:
                what = "take back" if args.undo else "do again"
                raise CorrectionError(f"There is no correction to {what}.")
            session.log.append([Undone(0.0, entry_id) for entry_id in mine[-1].to_undo])
        elif args.same_as is not None:
            session.merge(ref_of(session, args.person), ref_of(session, args.same_as))
        elif args.split:
            session.split(ref_of(session, args.person))
        else:
            ref = ref_of(session, args.person)
            if args.gender:
                session.correct(ref, "gender", args.gender, args.note)
            elif args.age_band:
                session.correct(ref, "age_band", args.age_band, args.note)
            elif args.staff:
                session.correct(ref, "staff", "yes", args.note)
            else:
                session.correct(ref, "removed", "yes", args.note)
        counts = session.counts()
        if store.flush():
            store.totals(session.id)  # kept, so that a list need not work a long count out again
    print(f"{counts.people} people: {counts.female} female, {counts.male} male, {counts.undecided} undecided")
    return 0


def _door_of(session: Session, wanted: str) -> str:
    """Return the id of the door of this name or id, "" for none. Raises UsageError where the count has no such door."""
    from desktop_app.cli.checks import UsageError

    doors = session.log.doors
    for door in doors if wanted else ():
        if wanted.casefold() in _names(session, door):
            return door
    if wanted:
        names = ", ".join(name or door for door, name in doors.items()) or "none"
        raise UsageError(f"This count has no door “{wanted}”.", f"Its doors: {names}.")
    return ""


def _names(session: Session, door: str) -> tuple[str, ...]:
    """Return how a door may be called on the command line: not at all, by its name, or by its id."""
    return "", session.log.all_doors.get(door, "").casefold(), door.casefold()
