"""The passer-by of the variants hides what it should and leaves the rest of the picture alone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.variants import PASSER_EVERY_S, PASSER_FIRST_S, PASSER_TAKES_S, passed_by

ROOM = np.full((90, 160, 3), 200, np.uint8)


def columns_hidden(time_s: float) -> set[int]:
    return set(np.flatnonzero((passed_by(ROOM, time_s) != ROOM).all(axis=(0, 2))).tolist())


@pytest.mark.parametrize("time_s", [0.0, PASSER_FIRST_S - 0.01, PASSER_FIRST_S + PASSER_TAKES_S + 0.1])
def test_nobody_is_hidden_between_two_passers_by(time_s: float) -> None:
    assert passed_by(ROOM, time_s) is ROOM


def test_every_part_of_the_picture_is_hidden_once_and_never_all_of_it() -> None:
    spans = [columns_hidden(PASSER_FIRST_S + share * PASSER_TAKES_S) for share in np.linspace(0.01, 0.99, 60)]
    assert set().union(*spans) == set(range(160))
    assert max(map(len, spans)) < 80


def test_the_next_one_comes_from_the_other_side() -> None:
    early = 0.2 * PASSER_TAKES_S
    assert max(columns_hidden(PASSER_FIRST_S + early)) < 80
    assert min(columns_hidden(PASSER_FIRST_S + PASSER_EVERY_S + early)) > 80
