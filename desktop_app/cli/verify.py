"""The command `headcount verify`: whether a PDF report is still the one that its kept count gives."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.reports.verify import HowMade
    from desktop_app.store.session_list import SessionInfo
    from desktop_app.store.store import Store

AGREES = "The report agrees with the kept count."
CHANGED_SINCE = "The kept count has changed since this report was made, or the report was changed."
_SAME_COUNT = "The kept count is the one that this report was made from"
_SAVE_AGAIN = "Save the report again and compare."
NOT_THIS_FILE = (
    f"{_SAME_COUNT}, but the file is not what Headcount makes of it: figures in it may have been changed. It also "
    f"differs where another version of Headcount made it, or a computer with other fonts. {_SAVE_AGAIN}"
)
CANNOT_TELL = (
    f"{_SAME_COUNT}. Whether the figures in the file are still those cannot be told: it does not say how it was made. "
    f"{_SAVE_AGAIN}"
)
OTHER_CHANGED = f"{_SAME_COUNT}, but the count beside it has changed or is not kept any more. {_SAVE_AGAIN}"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount verify` to the command line."""
    verify = commands.add_parser(
        "verify",
        help="check a PDF report against the kept count",
        description="Check whether a PDF report is the one that the kept count gives now, figure by figure.",
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
        if digest.hexdigest() != identity.digest:
            print(CHANGED_SINCE)
            return 1
        if identity.made is None:
            print(CANNOT_TELL)
            return 1
        again = _made_again(store, session, identity.made)
    if again is None:
        print(OTHER_CHANGED)
        return 1
    # A digest that stands in the file says nothing of the figures beside it: whoever changes these leaves it as it is.
    print(AGREES if again == identity.content else NOT_THIS_FILE)
    return int(again != identity.content)


def _made_again(store: Store, session: SessionInfo, made: HowMade) -> bytes | None:
    """Return the file that the same report is now; None where the count beside it is not the same any more."""
    from contextlib import ExitStack

    from desktop_app.cli.kept import reading_report
    from desktop_app.reports.comparison import compare
    from desktop_app.reports.pdf_file import pdf_bytes
    from desktop_app.reports.receipt import build_receipt
    from desktop_app.store.files import DATABASE_NAME

    with ExitStack() as stack:
        report, _ = stack.enter_context(reading_report(store, session, made.options))
        comparison = None
        if made.other_id:
            beside = store.session(made.other_id)
            if beside is None:
                return None
            other, _ = stack.enter_context(reading_report(store, beside, made.options))
            if other.digest != made.other_digest:
                return None
            comparison = compare(report, other)
        receipt = None if made.receipt_days is None else build_receipt(report, DATABASE_NAME, made.receipt_days)
        return pdf_bytes(report, receipt=receipt, comparison=comparison)
