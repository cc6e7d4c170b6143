"""Reads from a PDF report which count it was made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from desktop_app.errors import OutputError
from desktop_app.reports.pdf_file import DIGEST_KEYWORD

_MOST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class ReportIdentity:
    """The session a report was made from, and the SHA-256 of its log at that time."""

    session_id: str
    digest: str


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
    return ReportIdentity(session.group(1).decode(), digest.group(1).decode())
