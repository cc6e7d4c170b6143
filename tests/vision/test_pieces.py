"""Parts of a picture laid side by side, and which parts of a picture changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.vision.faces.changes import ChangeMap, change_of_light, has_changed, parts_to_search
from desktop_app.vision.faces.pieces import CANVASES, GAP, Part, joined, lay_out

SIDES = st.integers(1, 200)


def overlap(a: Part, b: Part) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300), SIDES, SIDES), max_size=8))
def test_joined_parts_hold_all_that_was_asked_for_and_do_not_overlap(given_parts: list[Part]) -> None:
    parts = [(x, y, x + w, y + h) for x, y, w, h in given_parts]
    found = joined(parts)
    assert not any(overlap(a, b) for i, a in enumerate(found) for b in found[:i])
    for x1, y1, x2, y2 in parts:
        assert any(f[0] <= x1 and f[1] <= y1 and x2 <= f[2] and y2 <= f[3] for f in found)


def test_parts_that_do_not_touch_stay_as_they_are() -> None:
    assert joined([(0, 0, 10, 10), (50, 0, 60, 10)]) == [(0, 0, 10, 10), (50, 0, 60, 10)]


@given(st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=6))
def test_every_picture_lies_on_the_canvas_as_it_is_and_apart_from_the_others(sizes: list[tuple[int, int]]) -> None:
    pictures = [np.full((h, w, 3), i + 1, np.uint8) for i, (w, h) in enumerate(sizes)]
    layout = lay_out(sizes, less_than=10**6)
    if layout is None:
        assert sum((w + GAP) * (h + GAP) for w, h in sizes) > 384 * 384 / 4, "so little finds room"
        return
    canvas, places = layout.canvas(pictures), layout.places
    assert (canvas.shape[1], canvas.shape[0]) in CANVASES
    for i, (x1, y1, x2, y2) in enumerate(places):
        assert (x2 - x1, y2 - y1) == sizes[i]
        assert (canvas[y1:y2, x1:x2] == i + 1).all()
    grown = [(x1, y1, x2 + GAP, y2 + GAP) for x1, y1, x2, y2 in places]
    assert not any(overlap(a, b) for i, a in enumerate(grown) for b in places[:i])
    assert int((canvas > 0).all(axis=2).sum()) == sum(w * h for w, h in sizes)


def test_a_canvas_that_is_no_smaller_than_the_picture_is_not_used() -> None:
    width, height = CANVASES[0]
    assert lay_out([(100, 100)], less_than=width * height + 1) is not None
    assert lay_out([(100, 100)], less_than=width * height) is None


# ---------------------------------------------------------------------------------------- what changed


def cells(value: int = 100) -> NDArray[np.uint8]:
    return np.full((45, 80, 3), value, np.uint8)


def seen(picture: NDArray[np.uint8]) -> ChangeMap:
    changes = ChangeMap()
    changes.searched(picture, (0, 0, 640, 360), (640, 360))
    return changes


def test_two_people_apart_are_two_parts_with_a_margin() -> None:
    now = cells()
    now[10:14, 10:14] = 200
    now[30:34, 60:64] = 200
    first, second = parts_to_search(seen(cells()).changed(now), (0, 0, 640, 360), (640, 360), 40)
    assert first[0] <= 80 - 40
    assert first[2] >= 112 + 40
    assert first[2] < second[0]
    assert second[1] <= 240 - 40
    assert second[3] >= 272 + 40


def test_a_cell_that_flickers_is_no_change() -> None:
    now = cells()
    now[20, 20] = 130
    assert not seen(cells()).changed(now)[:19].any()
    line = cells()
    line[20, 20:24] = 104
    assert not seen(cells()).changed(line).any()


@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_slowly_changing_light_is_no_change_but_somebody_in_it_is(factor: float) -> None:
    rng = np.random.default_rng(1)
    room = rng.integers(60, 160, (45, 80, 3)).astype(np.uint8)
    changes, before = seen(room), room
    for step in range(1, 12):
        now = np.clip(np.rint(room * factor**step), 0, 255).astype(np.uint8)
        changes.follow(change_of_light(before, now))
        assert changes.changed(now).mean() < 0.01
        before = now
    now = before.copy()
    now[20:26, 30:36] = 255
    changes.follow(change_of_light(before, now))
    assert changes.changed(now)[21:25, 31:35].all()


def test_another_picture_says_nothing_of_the_light() -> None:
    rng = np.random.default_rng(2)
    one, other = (rng.integers(0, 256, (45, 80, 3)).astype(np.uint8) for _ in range(2))
    assert change_of_light(one, other).tolist() == [1.0, 1.0, 1.0]


def test_what_is_in_doubt_counts_as_changed_until_it_is_searched() -> None:
    changes, picture = seen(cells()), cells()
    changes.doubt((80, 80, 160, 160), (640, 360))
    assert has_changed(changes.changed(picture), Box(100, 100, 120, 120), (640, 360))
    assert not has_changed(changes.changed(picture), Box(300, 100, 320, 120), (640, 360))
    changes.searched(picture, (0, 0, 640, 360), (640, 360))
    assert not changes.changed(picture).any()
