"""Questions on the terminal before something that cannot be taken back."""

from __future__ import annotations

import sys

from desktop_app.cli.checks import UsageError


def agreed(question: str) -> bool:
    """Ask on the terminal, "no" by default. Raises UsageError where there is nobody to ask."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here.", "Give --yes to do it without a question.")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
