"""Whether a PDF report is still the one that its count gives: what it says of itself, and the file made again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from desktop_app.errors import OutputError
from desktop_app.reports.pdf_file import DIGEST_KEYWORD, MADE_KEYWORD
from desktop_app.reports.report import ReportOptions

_MOST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class HowMade:
    """How a report was made, as `pdf_file.how_made` writes it.

    `receipt_days` is None without a receipt; `other_id` and `other_digest` are "" where no count stands beside it.
    """

    options: ReportOptions
    receipt_days: int | None
    other_id: str
    other_digest: str


@dataclass(frozen=True, slots=True)
class ReportIdentity:
    """The session a report was made from, the SHA-256 of its log at that time, and the file itself.

    `made` is None in a report that does not say it, as those of earlier versions.
    """

    session_id: str
    digest: str
    made: HowMade | None
    content: bytes


def read_identity(path: Path) -> ReportIdentity:
    """Return what a PDF of ours says of itself. Raises OutputError for a file that is none, or cannot be read."""
    try:
        if not path.exists():
            raise OutputError(f"There is no file {path}.", "Check its name.")
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise OutputError(f"{path} is no report of Headcount.", "Give a PDF that Headcount wrote.")
        content = path.read_bytes()
    except OSError as error:
        raise OutputError(f"{path} cannot be read ({error.strerror or error}).") from error
    session = re.search(rb"session ([0-9a-f]{8,64})", content)
    digest = re.search(DIGEST_KEYWORD.encode() + rb"([0-9a-f]{64})", content)
    if session is None or digest is None:
        raise OutputError(f"{path} is no report of Headcount.", "Give a PDF that Headcount wrote.")
    return ReportIdentity(session.group(1).decode(), digest.group(1).decode(), _how_made(content), content)


def _how_made(content: bytes) -> HowMade | None:
    found = re.search(
        MADE_KEYWORD.encode()
        + rb"(\d{1,6});([\w+/-]{1,64});(\d{1,2});(-|\d{1,6});(?:-|([0-9a-f]{8,64}):([0-9a-f]{64}))\)",
        content,
    )
    if found is None:
        return None
    minutes, zone, below, days, other, other_digest = (
        (part or b"").decode("ascii", "replace") for part in found.groups()
    )
    try:
        options = ReportOptions(int(minutes), ZoneInfo(zone), suppress_below=int(below))
    except (KeyError, ValueError, OSError):
        return None
    return HowMade(options, None if days == "-" else int(days), other, other_digest)
