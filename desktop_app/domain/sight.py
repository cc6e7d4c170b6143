"""What there is to say of how well a camera sees faces; `vision.faces.sight` finds it out."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, FAIR, POOR, UNKNOWN = "good", "fair", "poor", "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is "size", "light" or "sharpness"; `level` is one of GOOD, FAIR, POOR and UNKNOWN."""

    about: str
    level: str
    text: str
