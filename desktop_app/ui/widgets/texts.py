"""Every sentence that this window says goes through `tr`, so that it can be translated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QCoreApplication, QLocale

from desktop_app.domain.shares import need_not_sum

CONTEXT = "Headcount"


def tr(text: str, **values: object) -> str:
    """Return a sentence in the operator's language, with `{name}` replaced by the value of that name.

    `text` is a literal, so that the tool that gathers the sentences finds it.
    """
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


def shares_words(numbers: Sequence[int]) -> str:
    """Return what is to be known of the shares of some numbers, "" where they sum to 100."""
    return tr("Shares are rounded, equal numbers alike, and need not add up to 100%.") if need_not_sum(numbers) else ""


def day_words(day: date, today: date, *, with_weekday: bool = False) -> str:
    """Return a day as people say it: "today", "yesterday", "12 May" or "Tuesday, 12 May", and another year."""
    if (today - day).days in (0, 1):
        return tr("yesterday") if (today - day).days else tr("today")
    names = QLocale(QLocale.Language.English)
    words = f"{day.day} {names.standaloneMonthName(day.month, QLocale.FormatType.LongFormat)}"
    if with_weekday:
        words = f"{names.standaloneDayName(day.isoweekday(), QLocale.FormatType.LongFormat)}, {words}"
    return words if day.year == today.year else f"{words} {day.year}"


def sentence_case(words: str) -> str:
    """Return words as they begin a sentence or a heading."""
    return words[:1].upper() + words[1:]


def people_words(number: int) -> str:
    """Return "1 person" or "9 people"."""
    return tr("1 person") if number == 1 else tr("{number} people", number=f"{number:,}")
