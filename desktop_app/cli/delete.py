"""The command `headcount delete`: deletes one kept count, or all of them, and brings one back."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount delete` to the command line."""
    delete = commands.add_parser(
        "delete",
        help="delete a kept count, or all of them",
        description="Delete a kept count. It can be brought back for a week with --undo. --everything deletes all "
        "counts, their copies and the table of batches for good.",
    )
    delete.add_argument(
        "session", nargs="?", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”"
    )
    delete.add_argument("--undo", action="store_true", help="bring a deleted count back; without an ID list them")
    delete.add_argument("--everything", action="store_true", help="delete every count for good")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Delete or bring back, and say what was done. Returns 1 where the user does not want it after all."""
    from desktop_app.cli.asking import agreed
    from desktop_app.cli.checks import UsageError
    from desktop_app.cli.kept import find_session, reading_store, writing_store
    from desktop_app.reports.texts import plain

    if args.everything and (args.session or args.undo):
        raise UsageError("--everything goes with neither an ID nor --undo.", "Leave them out.")
    if args.everything:
        return _delete_everything(args)
    if args.undo:
        return _undo(args.session)
    if not args.session:
        raise UsageError("Which count is to be deleted?", "Give its ID, as “headcount sessions” lists it.")
    with reading_store() as store:
        session = find_session(store, args.session)
    if not args.yes and not agreed(f"Delete “{plain(session.name) or session.id[:8]}” with {session.people} people?"):
        return 1
    with writing_store() as store:
        store.delete(session.id)
    print(
        f"Deleted. “headcount delete --undo {session.id[:8]}” brings it back for a week. The daily copies hold it "
        "until seven newer ones exist; “headcount delete --everything” removes these, too."
    )
    return 0


def _undo(text: str | None) -> int:
    from desktop_app.cli.kept import UnknownSessionError, reading_store, writing_store
    from desktop_app.reports.texts import plain

    with reading_store() as store:
        deleted = store.deleted()
    if text is None:
        for session in deleted:
            print(f"{session.id[:8]}  {plain(session.name)}  {session.people} people")
        return 0
    found = deleted[:1] if text == "last" else [s for s in deleted if s.id.startswith(text.lower())]
    if len(found) != 1:
        raise UnknownSessionError(f"There is no deleted count “{text}”.", "“headcount delete --undo” lists them.")
    with writing_store() as store:
        store.restore(found[0].id)
    print(f"“{plain(found[0].name) or found[0].id[:8]}” is back.")
    return 0


def _delete_everything(args: argparse.Namespace) -> int:
    from desktop_app.batch.job_table import default_path
    from desktop_app.cli.asking import agreed
    from desktop_app.cli.kept import reading_store, writing_store
    from desktop_app.errors import StoreError
    from desktop_app.store.files import remove_database

    with reading_store() as store:
        number = len(store.sessions())
    if not args.yes and not agreed(f"Delete all {number} counts and their copies for good?"):
        return 1
    with writing_store() as store:
        store.delete_everything()
    try:
        remove_database(default_path())
    except OSError as error:
        raise StoreError(f"The table of batches could not be deleted ({error}).", "Try it again.") from error
    print("Every count was deleted. Reports that were saved elsewhere are still there.")
    return 0
