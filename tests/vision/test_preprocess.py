"""The one crop: where it lies, what it does at the edges, what it hands to the network."""

from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.types import Box
from desktop_app.errors import ModelError
from desktop_app.vision.attributes.preprocess import InputSpec, crop_face, crop_faces, face_square, normalise


@pytest.mark.parametrize(
    ("box", "scale", "square"),
    [
        (Box(10, 20, 50, 70), 1.0, (5, 20, 50)),
        (Box(10, 20, 50, 70), 2.0, (-20, -5, 100)),
        (Box(0, 0, 100, 40), 1.0, (0, -30, 100)),
        (Box(5, 5, 5, 5), 1.0, (4, 4, 2)),
    ],
)
def test_square_shares_the_centre_of_the_box(box: Box, scale: float, square: tuple[int, int, int]) -> None:
    assert face_square(box, scale) == square


def test_crop_at_its_own_size_is_the_picture_itself_in_rgb() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    crop = crop_face(image, Box(10, 4, 42, 36), InputSpec(32, 32, box_scale=1.0))
    np.testing.assert_array_equal(crop, image[4:36, 10:42, ::-1])


def test_over_the_edge_the_outermost_pixel_is_repeated() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 0] = (10, 20, 30)
    crop = crop_face(image, Box(-16, 0, 16, 32), InputSpec(32, 32, colour="bgr", box_scale=1.0))
    assert (crop[:, :17] == (10, 20, 30)).all()
    assert (crop[:, 17:] == 0).all()


@pytest.mark.parametrize(
    ("border", "mode"), [("replicate", {"mode": "edge"}), ("reflect", {"mode": "symmetric"}), ("constant", {})]
)
@pytest.mark.parametrize("colour", ["rgb", "bgr", "grey"])
def test_what_lies_over_the_edge_is_filled_as_the_model_says(border: str, mode: dict[str, str], colour: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    if colour == "grey":
        image = np.repeat(image[..., :1], 3, axis=2)
    mean = (90.0,) if colour == "grey" else (90.0, 100.0, 110.0)
    spec = InputSpec(32, 32, colour, mean=mean, box_scale=1.0, border=border)
    seen = image[..., ::-1] if colour == "rgb" else image[..., :1] if colour == "grey" else image
    for x, y in ((-9, -12), (37, 20), (10, 4)):
        padded = np.stack([
            np.pad(seen[..., k], 40, **(mode or {"mode": "constant", "constant_values": int(mean[k])}))  # type: ignore[call-overload]
            for k in range(spec.channels)
        ], -1)  # fmt: skip
        crop = crop_face(image, Box(x, y, x + 32, y + 32), spec)
        np.testing.assert_array_equal(crop, padded[40 + y : 72 + y, 40 + x : 72 + x])
    nothing = normalise(crop_face(image, Box(-32, -32, 1, 1), spec)[None], spec)
    assert (nothing[0, 0, 0] == 0).all() == (border == "constant")
    for far in (Box(-900, 5, -800, 90), Box(0, 0, 900, 900)):  # further over the edge than the picture is wide
        assert crop_face(image, far, spec).shape == spec.shape


def test_the_border_is_read_from_the_card_and_an_unknown_one_is_refused() -> None:
    assert InputSpec.from_json({"width": 32, "height": 32}).border == "replicate"  # as every card before
    reflecting = InputSpec(32, 32, border="reflect")
    assert InputSpec.from_json(reflecting.to_json()) == reflecting
    with pytest.raises(ModelError, match="border 'wrap'; known are replicate, reflect, constant"):
        InputSpec(32, 32, border="wrap")


def test_a_box_wholly_outside_gives_a_crop_all_the_same() -> None:
    image = np.full((40, 40, 3), 7, np.uint8)
    assert (crop_face(image, Box(100, 100, 132, 132), InputSpec(32, 32)) == 7).all()


def test_shrinking_averages_areas() -> None:
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    image = np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)
    crop = crop_face(image, Box(0, 0, 64, 64), InputSpec(32, 32, box_scale=1.0))
    assert abs(int(crop.min()) - 128) <= 1
    assert abs(int(crop.max()) - 128) <= 1


def test_many_faces_are_the_single_ones_in_order() -> None:
    image = np.random.default_rng(1).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    boxes = [Box(0, 0, 30, 40), Box(50, 50, 80, 90)]
    spec = InputSpec(24, 24, colour="grey")
    crops = crop_faces(image, boxes, spec)
    assert crops.shape == (2, 24, 24, 1)
    assert crops.dtype == np.uint8
    for crop, box in zip(crops, boxes, strict=True):
        np.testing.assert_array_equal(crop, crop_face(image, box, spec))
    assert crop_faces(image, [], spec).shape == (0, 24, 24, 1)


def test_normalise_takes_the_mean_of_each_channel_and_scales() -> None:
    crops = np.full((2, 8, 8, 3), 100, np.uint8)
    array = normalise(crops, InputSpec(8, 8, colour="bgr", mean=(100, 90, 110), scale=0.5))
    assert array.dtype == np.float32
    np.testing.assert_allclose(array[1, 3, 3], (0, 5, -5))


def test_golden_values_of_the_default_input() -> None:
    """Training wrote its arrays with these very values; a change here makes every shipped network wrong."""
    ramp = np.arange(30 * 30, dtype=np.float32).reshape(30, 30)
    image = np.stack([ramp % 251, ramp % 241, ramp % 239], -1).astype(np.uint8)
    array = normalise(crop_faces(image, [Box(3.2, 4.4, 24.9, 28.1)], InputSpec(10, 10)), InputSpec(10, 10))
    assert array.shape == (1, 10, 10, 3)
    np.testing.assert_allclose(array[0, 2, 7], (-0.411765, -0.427451, -0.505882), atol=1e-5)
    # The same by hand: rows 4 to 28, columns 2 to 26, each output pixel the mean of 2.5 x 2.5 input pixels.
    doubled = np.repeat(np.repeat(image[4:29, 2:27, ::-1].astype(np.float64), 2, axis=0), 2, axis=1)
    means = np.rint(doubled.reshape(10, 5, 10, 5, 3).mean(axis=(1, 3)))
    np.testing.assert_allclose(array[0], (means - 127.5) / 127.5, atol=1e-6)


def test_a_spec_survives_json() -> None:
    spec = InputSpec(64, 48, "bgr", (78.426, 87.769, 114.896), 1.0, 1.4)
    assert InputSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 4, "height": 80},
        {"width": 80},
        {"width": 80, "height": 80, "colour": "hsv"},
        {"width": 80, "height": 80, "mean": [1, 2]},
        {"width": 80, "height": 80, "scale": 0},
        {"width": 80, "height": 80, "mean": ["a"]},
        {"width": "wide", "height": 80},
    ],
)
def test_a_wrong_description_of_the_input_is_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        InputSpec.from_json(wrong)
