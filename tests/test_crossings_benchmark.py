"""The scenes of walkers show what their truth says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.crossings import HEIGHT, WIDTH, ZONE, SceneOfWalkers, play, scenes


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_the_truth_of_a_scene_is_what_its_paths_do(scene: SceneOfWalkers) -> None:
    into = out = visits = 0
    enters, leaves = ZONE.points[0][0] * WIDTH, ZONE.points[1][0] * WIDTH
    for walker in scene.walkers:
        times = np.arange(0, scene.seconds, 0.02)
        xs = [place[0] for t in times if (place := walker.path(float(t))) is not None]
        into += xs[0] < WIDTH / 2 < xs[-1]
        out += xs[-1] < WIDTH / 2 < xs[0]
        inside = [enters <= x <= leaves for x in xs]
        visits += sum(now and not before for before, now in zip([False, *inside], inside, strict=False))
    assert (into, out, visits) == (scene.into, scene.out, scene.visits)


def test_a_scene_is_drawn_the_same_each_time_and_the_pillar_hides_what_is_behind_it() -> None:
    scene = next(s for s in scenes() if s.pillar)
    faces = [np.full((64, 64, 3), 250, np.uint8)]
    first, second = (list(play(scene, faces, 3, 5.0)) for _ in range(2))
    assert all((a.image_bgr == b.image_bgr).all() for a, b in zip(first, second, strict=True))
    assert len(first) == round(scene.seconds * 5)
    middle = [frame.image_bgr[:, WIDTH // 2] for frame in first]
    assert all((column == 70).all() for column in middle)
    assert first[0].image_bgr.shape == (HEIGHT, WIDTH, 3)
