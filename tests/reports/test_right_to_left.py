"""Names in Hebrew and Arabic on a PDF page."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.reports.page import Page
from desktop_app.reports.right_to_left import in_visual_order


@pytest.mark.parametrize(
    ("text", "visual"),
    [
        ("Fair (Hall A), 12:30", "Fair (Hall A), 12:30"),
        ("שלום", "םולש"),
        ("כנס שנתי", "יתנש סנכ"),
        ("כנס 2026 (א)", "(א) 2026 סנכ"),
        ("כנס Hall A", "Hall A סנכ"),
        ("Fair שלום רב 2026", "Fair 2026 בר םולש"),
        ("Fair שלום · Hall", "Fair םולש · Hall"),
        ("Fair (שלום) Hall", "Fair (םולש) Hall"),
        ("Fair שלום (רב) 3", "Fair 3 (בר) םולש"),
        ("2026 שלום", "םולש 2026"),
        ("כנס 5%", "5% סנכ"),
    ],
)
def test_a_line_from_its_left_to_its_right(text: str, visual: str) -> None:
    assert in_visual_order(text) == visual


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("باب", "ﺏﺎﺑ"),  # initial beh, final alef, beh alone
        ("سلام", "ﻡﻼﺳ"),  # lam and alef are one
        ("محمد", "ﺪﻤﺤﻣ"),
    ],
)
def test_arabic_letters_have_the_shapes_of_their_places(text: str, shapes: str) -> None:
    assert in_visual_order(text) == shapes


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x6FF, exclude_categories=("Cc", "Cf", "Cn"))))
def test_no_letter_is_lost(text: str) -> None:
    def plain(words: str) -> list[str]:
        return sorted(unicodedata.normalize("NFKD", words).translate(str.maketrans(")]}>»", "([{<«")))

    assert plain(in_visual_order(text)) == plain(text)


def test_every_text_of_a_page_is_put_down_so(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    drawn: list[str] = []
    monkeypatch.setattr(page.canvas, "drawString", lambda _x, _y, text: drawn.append(text))
    page.heading("כנס שנתי")
    page.paragraph("שלום")
    assert drawn == ["יתנש סנכ", "םולש"]
