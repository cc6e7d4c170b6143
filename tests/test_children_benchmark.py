"""How the benchmark of children counts who is shown as a child and who is named."""

from __future__ import annotations

from benchmarks.children import Figures
from desktop_app.domain.types import Attributes
from desktop_app.domain.voting import VoteSettings
from tests.domain.acting import bands


def test_a_child_is_named_from_a_higher_threshold_and_an_adult_is_not_counted() -> None:
    figures = Figures()
    for female, band, gender in ((0.99, 1, "female"), (0.8, 1, "female"), (0.8, 1, "male"), (0.99, 4, "female")):
        figures.add(Attributes(female, bands(band)), gender, VoteSettings())
    assert figures == Figures(faces=4, children=3, named=1, right=1, named_as_adults=3, right_as_adults=2)
