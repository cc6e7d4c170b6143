"""The command `headcount agenda`: keeps the programme of an occasion with its count."""

from __future__ import annotations

import argparse

ITEM_HELP = "like “keynote 09:00-10:00” or “keynote 2026-05-12 09:00-10:00”, or a file: CSV or iCalendar (.ics)"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount agenda` to the command line."""
    agenda = commands.add_parser(
        "agenda",
        help="count by the programme of an occasion",
        description="Keep the programme of an occasion with its count: reports then count each item, too. Without an "
        "ITEM the programme is printed.",
    )
    agenda.add_argument("session", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”")
    agenda.add_argument("items", nargs="*", metavar="ITEM", help=ITEM_HELP)
    agenda.add_argument("--clear", action="store_true", help="remove the items that were kept so far")
    agenda.add_argument("--time-zone", metavar="NAME", help="like Europe/Berlin (default: this computer's)")
    agenda.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Keep the items, say what is odd about them, and print the programme with its people."""
    from desktop_app.cli.kept import find_session, reading_report, reading_store, writing_store, zone_from
    from desktop_app.cli.observers import say
    from desktop_app.cli.output import columns
    from desktop_app.reports import texts
    from desktop_app.reports.agenda_file import read_agenda, what_to_tell
    from desktop_app.reports.csv_file import Value
    from desktop_app.reports.report import ReportOptions
    from desktop_app.reports.times import interval, local
    from desktop_app.session.stored import StoredSessions

    zone = zone_from(args.time_zone)
    options = ReportOptions(60, zone)
    with reading_store() as store, reading_report(store, find_session(store, args.session), options) as (report, _):
        session_id, start_utc, end_utc = report.session_id, report.start_utc, report.end_utc
    if args.items or args.clear:
        given = read_agenda(args.items, local(start_utc, zone).date(), zone)
        with writing_store() as writing:
            session = StoredSessions(writing).load(session_id)
            kept = () if args.clear else session.agenda
            items = tuple(dict.fromkeys((*kept, *given.items)))
            session.set_agenda(sorted(items, key=lambda i: (i.start_utc, i.end_utc)))
        for sentence in (*given.notes, *what_to_tell(items, start_utc, end_utc, zone)):
            say(f"headcount: {sentence}")
    with reading_store() as store, reading_report(store, find_session(store, session_id), options) as (report, _):
        found = report.agenda
    if not found:
        print("This count has no agenda. Give items like “keynote 09:00-10:00”, or a file.")
        return 0

    def shown(value: Value) -> str:
        return texts.MISSING if value is None else str(value)

    rows = [
        (
            texts.plain(i.name)[:48],
            interval(i.start_utc, i.end_utc, zone, with_date=True),
            *(shown(i.shown(figure)) for figure in ("people", "female", "male", "undecided")),
        )
        for i in found
    ]
    print("\n".join(columns(("", "When", "People", "Female", "Male", "Undecided"), rows)))
    return 0
