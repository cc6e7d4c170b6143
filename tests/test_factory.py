"""What the program runs is what `factory` wires: no benchmark or test may wire another."""

from __future__ import annotations

from desktop_app import factory
from desktop_app.settings import Settings


def test_the_shipped_pipeline_tells_people_apart_by_their_face() -> None:
    likeness = factory.build_pipeline(Settings()).likeness
    assert likeness is not None
    assert likeness.projection.shape[0] == likeness.mean.shape[0]
