"""The films of `benchmarks.screen_films` show what they say they do."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.clips import HALVES, half_of
from benchmarks.screen_films import ROOMS, SHOWN, SIZE, Film, Opening, Visitor, films, is_lit, leaf, open_share


def test_the_films_differ_and_are_of_both_halves() -> None:
    names = [film.name for film in films()]
    assert len(set(names)) == len(names)
    for kind in ("talk", "door", "front", "enters"):
        assert {half_of(name) for name in names if name.startswith(kind)} == set(HALVES)


@pytest.mark.parametrize("room", list(ROOMS))
def test_what_is_shown_fills_the_opening_and_nothing_else(room: str) -> None:
    opening, around = Opening(Film("call", room, "x")), np.full((SIZE[1], SIZE[0], 3), 200, np.uint8)
    picture = opening.show(np.full((90, 160, 3), 90, np.uint8), around)
    x, y = opening.corners.mean(0)
    assert opening.holds(float(x), float(y))
    assert not opening.holds(2.0, SIZE[1] - 2.0)
    assert abs(int(picture[round(float(y)), round(float(x)), 0]) - 90) <= 1
    assert (picture[-2, 2] == 200).all()


def test_a_door_opens_and_shuts_and_a_lamp_is_switched() -> None:
    assert [open_share(t) for t in (0.0, 2.25, 4.0, 7.25, 8.0, 10.25)] == [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    assert [is_lit(t) for t in (1.0, 2.0, 5.9, 6.1, 8.5)] == [False, True, True, False, True]
    behind = np.full((SHOWN[1], SHOWN[0], 3), 250, np.uint8)
    shares = [float((leaf(behind, share) == 250).all(2).mean()) for share in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([0.0, 0.5, 1.0], abs=0.01)


def test_a_visitor_comes_and_goes_and_their_face_is_before_the_opening() -> None:
    film = Film("enters", "wall", "news", "somebody")
    opening = Opening(film)
    visitor, around = Visitor(opening), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    assert [film.stands_at(t) for t in (0.0, 15.0, 30.0)] == [-0.8, 0.0, 0.8]
    assert opening.holds(*visitor.face(0.0))
    person = np.full((100, 100, 3), 180, np.uint8)
    assert visitor.stand(person, around, 0.0)[-1].any()
    assert not visitor.stand(person, around, -0.8)[:, SIZE[0] // 2 :].any()
