"""Every sentence that this window says goes through `tr`, so that it can be translated."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

CONTEXT = "Headcount"


def tr(text: str, **values: object) -> str:
    """Return a sentence in the operator's language, with `{name}` replaced by the value of that name.

    `text` is a literal, so that the tool that gathers the sentences finds it.
    """
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


def people_words(number: int) -> str:
    """Return "1 person" or "9 people"."""
    return tr("1 person") if number == 1 else tr("{number} people", number=f"{number:,}")
