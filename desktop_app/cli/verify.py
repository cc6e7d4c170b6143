"""The command `headcount verify`: whether a PDF report still says what the log of its count says."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount verify` to the command line."""
    verify = commands.add_parser(
        "verify",
        help="check a PDF report against the kept count",
        description="Check whether a PDF report was made from the kept count as it is now.",
    )
    verify.add_argument("report", metavar="REPORT.pdf")
    verify.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the verdict. Returns 0 if the report agrees with a kept count, else 1."""
    from pathlib import Path

    from desktop_app.cli.kept import reading_store
    from desktop_app.domain.log_digest import LogDigest
    from desktop_app.reports.verify import read_identity

    identity = read_identity(Path(args.report))
    with reading_store() as store:
        session = store.session(identity.session_id)
        if session is None:
            print("The count that this report was made from is not kept on this computer.")
            return 1
        digest = LogDigest()
        for entry in store.log_of((session.id, *session.joined)):
            digest.take(entry)
    if digest.hexdigest() == identity.digest:
        print("The report agrees with the kept count.")
        return 0
    print("The kept count has changed since this report was made, or the report was changed.")
    return 1
