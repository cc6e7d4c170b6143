"""The command `headcount restore`: brings counts back from the daily copies, or from a damaged file set aside."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount restore` to the command line."""
    restore = commands.add_parser(
        "restore",
        help="bring the earlier counts back after the file of counts was damaged",
        description="Add what is missing here from the newest daily copy that has any of it, or else what can still be "
        "read of a damaged file that was set aside. Nothing that is here is changed, and deleted counts stay deleted.",
    )
    restore.add_argument("--list", action="store_true", help="only list what counts can be brought back from")
    restore.add_argument("--yes", action="store_true", help="do not ask")
    restore.add_argument("--time-zone", metavar="NAME", help="like Europe/Berlin (default: this computer's)")
    restore.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Bring the counts back and say which. Returns 1 where the user does not want it after all."""
    from desktop_app.store.store import DamagedStoreError

    try:
        return _restore(args)
    except DamagedStoreError:
        # The damage was met only in reading. Closing has set that file aside: what is there now can be added to.
        return _restore(args)


def _restore(args: argparse.Namespace) -> int:
    from desktop_app.cli.asking import agreed
    from desktop_app.cli.kept import writing_store, zone_from
    from desktop_app.cli.output import columns
    from desktop_app.errors import StoreError
    from desktop_app.reports.texts import plain
    from desktop_app.reports.times import local

    zone = zone_from(args.time_zone)
    # Opened for writing also to list: that is what sets a damaged file aside.
    with writing_store() as store:
        copies = store.copies()
        if args.list:
            rows = [
                (
                    f"{local(copy.made_utc, zone):%Y-%m-%d %H:%M}",
                    "damaged file" if copy.is_damaged_original else "daily copy",
                    f"{copy.size_bytes / 1e6:.1f} MB",
                    str(copy.path),
                )
                for copy in copies
            ]
            print("\n".join(columns(("Made", "", "Size", "File"), rows)) if rows else "There is no copy of the counts.")
            return 0
        if not copies:
            raise StoreError(
                "There is no copy of the counts.",
                "A copy is made every day on which Headcount runs and something is new.",
            )
        what = "the damaged file" if copies[0].is_damaged_original else "the daily copies"
        if not args.yes and not agreed(f"Add what is missing here from {what}?"):
            return 1
        before = {session.id: session.people for session in store.sessions()}
        added = store.restore_newest_copy()
        back = [session for session in store.sessions() if session.people > before.get(session.id, 0)]
    if not added:
        print("Nothing is missing here: the copies have nothing more.")
        return 0
    print(f"{added:,} entries are back.")
    rows = [(s.id[:8], f"{local(s.began_utc, zone):%Y-%m-%d %H:%M}", plain(s.name)[:32], str(s.people)) for s in back]
    if rows:
        print("\n".join(columns(("Id", "Began", "Name", "People"), rows)))
    return 0
