"""The two palettes and the words for the genders that every screen shares: the window's and the web pages'.

The gender colours are Okabe and Ito's (Color Universal Design, 2008), which stay apart for the common kinds of
colour blindness; each gender also has a mark of its own shape, so that no figure depends on colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.domain.types import Gender

GENDER_WORDS = {
    Gender.FEMALE: "appears female",
    Gender.MALE: "appears male",
    Gender.UNDECIDED: "undecided",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one look, as "#rrggbb"."""

    name: str
    window: str
    surface: str
    raised: str
    hover: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    female: str
    male: str
    undecided: str
    danger: str
    danger_back: str
    warning: str
    warning_back: str
    good: str
    good_back: str

    def gender(self, gender: Gender) -> str:
        """Return the colour that stands for a gender in text and charts."""
        return {Gender.FEMALE: self.female, Gender.MALE: self.male}.get(gender, self.undecided)


DARK = Theme(
    name="dark",
    window="#12161b",
    surface="#1a2027",
    raised="#232b34",
    hover="#2d3742",
    border="#313b46",
    text="#e9eef3",
    muted="#9aa8b5",
    accent="#35b3a4",
    on_accent="#06201d",
    female="#e69f00",
    male="#56b4e9",
    undecided="#aab4be",
    danger="#ff6b5e",
    danger_back="#3a1f1e",
    warning="#f2b233",
    warning_back="#372d17",
    good="#4cc38a",
    good_back="#16301f",
)

LIGHT = Theme(
    name="light",
    window="#eef1f4",
    surface="#ffffff",
    raised="#f4f6f8",
    hover="#e6ebef",
    border="#cfd7de",
    text="#17202a",
    muted="#566471",
    accent="#0a7a70",
    on_accent="#ffffff",
    female="#c25400",
    male="#0072b2",
    undecided="#68747f",
    danger="#b3261e",
    danger_back="#fdeceb",
    warning="#8a5a00",
    warning_back="#fdf3dc",
    good="#17693f",
    good_back="#e4f5ea",
)
