"""Training on a GPU with PyTorch: on the processor, and a dozen made-up faces. Skipped where there is no PyTorch."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from desktop_app.domain.types import Box
from desktop_app.errors import SettingsError
from desktop_app.training import config, starts
from desktop_app.training.seen import SeenFaces
from desktop_app.vision.attributes.preprocess import InputSpec, crop_faces
from tests.training import test_residual as twin
from tests.training.conftest import face
from tests.training.test_efficientnet import random_weights, reference
from tools.gpu import packed, schedule

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tools.gpu import augment, covers  # noqa: E402  (they need PyTorch)
from tools.gpu import run as gpu_run  # noqa: E402
from tools.gpu.augment import Strength  # noqa: E402
from tools.gpu.faces import Faces  # noqa: E402
from tools.gpu.layers import HEADS, Network  # noqa: E402
from tools.gpu.measure import account_of, answers, robustness  # noqa: E402
from tools.gpu.networks import EfficientNetLite, build, load_start  # noqa: E402
from tools.gpu.residual import Residual  # noqa: E402
from tools.gpu.stage import Stage, Targets  # noqa: E402

SIDE = 64
POINTS = np.array([[24, 26], [40, 26], [32, 34], [26, 44], [38, 44]], np.float32)
"""The eyes, the tip of the nose and the corners of the mouth of an upright drawn face."""


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def dozen() -> packed.Packed:
    """12 drawn faces of 64x64, three of them to choose by, and 10 pictures of noise."""
    rng = np.random.default_rng(5)
    female = np.arange(12) % 2 == 0
    band = np.arange(12) % 9
    pictures = np.stack([face(bool(f), 20.0 + b, rng, SIDE)[..., ::-1] for f, b in zip(female, band, strict=True)])
    return packed.Packed(
        pictures=np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)),
        negatives=rng.integers(0, 255, (10, 3, SIDE, SIDE), np.uint8),
        boxes=np.tile(np.array([[8, 6, 56, 58]], np.float32), (12, 1)),
        landmarks=np.tile(POINTS, (12, 1, 1)),
        female=female, band=band, years=band * 10.0, race=np.arange(12) % 2, races=("Black", "White"),
        fold=np.array([0, 1, 2, 3] * 2 + [0, -1, -1, -1]), rows=np.arange(100, 112),
        marks=np.stack([np.arange(1, 13), np.zeros(12)], 1).astype(np.uint64),
        soft_female=np.full(12, np.nan, np.float32), soft_age=np.full((12, 9), np.nan, np.float32),
    )  # fmt: skip


@pytest.fixture
def faces(dozen: packed.Packed) -> Faces:
    return Faces.on(torch.device("cpu"), dozen, {"balance": 0.5})


def plan(**changes: Any) -> schedule.Plan:
    small = schedule.Plan("small", "efficientnet_lite0", 32, 8, 4.0, 1e6, start="0", negatives=3)
    return dataclasses.replace(small, **changes)


def network(name: str = "efficientnet_lite0", **options: float) -> EfficientNetLite:
    made = EfficientNetLite(name, **options)
    load_start(made, {k: v for k, v in random_weights(name).items() if k.split(".")[0] not in HEADS})
    return made


# --- faces and crops --------------------------------------------------------------------------------------------------


def test_faces_on_the_card_have_the_labels_they_were_packed_with(dozen: packed.Packed, faces: Faces) -> None:
    assert (faces.gender[:, 0] == 1).tolist() == dozen.female.tolist()
    assert faces.gender.sum(1).tolist() == [1.0] * 12
    assert faces.age.argmax(1).tolist() == dozen.band.tolist()
    assert faces.age.sum(1).numpy() == pytest.approx(1, abs=1e-6)
    assert faces.val.tolist() == [9, 10, 11]


@pytest.mark.parametrize("side", [80, 112])
def test_a_plain_crop_is_the_one_that_the_app_makes(side: int) -> None:
    rng = np.random.default_rng(1)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (136, 136, 3), np.uint8), (0, 0), 4)
    picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
    box = Box(20.0, 4.0, 110.0, 128.0)
    (wanted,) = crop_faces(picture, [box], InputSpec(side, side, "bgr"))
    boxes = torch.tensor([[box.x1, box.y1, box.x2, box.y2]])
    found = augment.plain(torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()).float(), boxes, side)
    assert found.shape == (1, 3, side, side)
    assert np.abs(found[0].numpy().transpose(1, 2, 0) - wanted.astype(float)).mean() < 4


# --- distortions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [80, 112])
def test_varied_faces_stay_pictures_and_follow_from_the_seed(faces: Faces, side: int) -> None:
    def varied(seed: int) -> Any:
        torch.manual_seed(seed)
        return augment.varied(faces.pictures.float(), faces.boxes, faces.landmarks, side, Strength())

    first, again, other = varied(1), varied(1), varied(2)
    assert first.dtype == torch.float32
    assert first.shape == (12, 3, side, side)
    assert torch.isfinite(first).all()
    assert first.min() >= 0
    assert first.max() <= 255
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len({float(x.mean()) for x in first}) == 12


def test_without_strength_a_varied_face_is_the_plain_one_or_its_mirror_image(faces: Faces) -> None:
    off = Strength(**{field.name: 0.0 for field in dataclasses.fields(Strength)})
    torch.manual_seed(1)
    found = augment.varied(faces.pictures.float(), faces.boxes, faces.landmarks, 112, off)
    plain = augment.plain(faces.pictures.float(), faces.boxes, 112)
    away = torch.minimum((found - plain).abs().mean((1, 2, 3)), (found - plain.flip(3)).abs().mean((1, 2, 3)))
    assert away.max() < 25  # what is left is the stretch and the perspective
    assert (found - plain).abs().mean() > away.mean()


@pytest.mark.parametrize("name", ["blur", "motion", "small", "light", "noise", "jpeg"])
def test_each_distortion_changes_pictures_and_keeps_their_range(faces: Faces, name: str) -> None:
    x = augment.plain(faces.pictures.float(), faces.boxes, 80)
    all_on = Strength(blur=1, motion=1, small=1, light=1, dark=0.5, grey=0.3, shadow=0.5)
    change = {
        "blur": lambda: augment.blur(x, all_on),
        "motion": lambda: augment.motion(x, all_on), "small": lambda: augment.small(x, all_on),
        "light": lambda: augment.light(x, all_on), "noise": lambda: augment.noise(x, 1.0),
        "jpeg": lambda: augment.jpeg(x, 1.0, 20, 40),
    }[name]  # fmt: skip
    found = change()
    assert found.shape == x.shape
    assert found.min() >= -0.5  # a blur of float pictures may fall short of 0 by rounding
    assert found.max() <= 255.5
    assert ((found - x).abs().mean((1, 2, 3)) > 0.2).all()


def test_a_blur_keeps_the_brightness() -> None:
    x = torch.full((6, 3, 80, 80), 90.0)
    assert augment.blur(x, Strength(blur=1)).numpy() == pytest.approx(90, abs=1e-2)
    assert augment.motion(x, Strength(motion=1)).numpy() == pytest.approx(90, abs=1e-2)


def test_a_point_that_moves_leaves_a_line_of_even_brightness_that_has_it_in_the_middle() -> None:
    x = torch.zeros((24, 3, 81, 81))
    x[:, :, 40, 40] = 255.0
    moved = augment.motion(x, Strength(motion=1))[:, 0]
    steps = torch.arange(81.0) - 40
    total = moved.sum((1, 2))
    assert total.numpy() == pytest.approx(255, rel=0.02)
    for along in (moved.sum(1), moved.sum(2)):
        assert ((along * steps).sum(1) / total).abs().max() < 0.6
    u, v = (moved.sum(1) * steps**2).sum(1) / total, (moved.sum(2) * steps**2).sum(1) / total
    # The variance of a line of length L is L squared / 12; 4 to 36 of 128 pixels, a little more for reading between
    # pixels.
    length = ((u + v) * 12).sqrt() * 128 / 81
    assert float(length.min()) > 3.5
    assert float(length.max()) < 40
    assert (moved.amax((1, 2)) < 150).all()


def test_no_distortion_is_left_out_of_a_small_batch(faces: Faces) -> None:
    one = faces.pictures[:1].float()
    for probability in (0.0, 1.0):
        strength = Strength(**{f.name: probability for f in dataclasses.fields(Strength)})
        assert augment.varied(one, faces.boxes[:1], faces.landmarks[:1], 32, strength).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("quality", [20, 50, 85])
def test_jpeg_on_the_card_leaves_what_opencvs_leaves(quality: int) -> None:
    """Of the brightness: OpenCV smooths the halved colour when it brings it back, which the card does not."""
    rng = np.random.default_rng(2)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (72, 88, 3), np.uint8), (0, 0), 1.5)
    rgb = torch.from_numpy(picture[..., ::-1].copy()).permute(2, 0, 1)[None].float()
    ours = augment.jpeg(rgb, 1.0, quality, quality)[0].permute(1, 2, 0).numpy()
    theirs = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    assert ours.shape == theirs.shape
    grey = np.array([0.299, 0.587, 0.114])
    before, found, wanted = picture[..., ::-1] @ grey, ours @ grey, theirs[..., ::-1] @ grey
    # Half a level is OpenCV's rounding to whole numbers.
    assert np.abs(found - wanted).mean() < 0.4 * np.abs(wanted - before).mean() + 0.5


def crops_of(picture: np.ndarray, points: np.ndarray, count: int = 8) -> tuple[Any, Any, Any]:
    """The picture as `count` crops of itself: (crops, where their pixels come from, landmarks)."""
    steps = torch.arange(SIDE, dtype=torch.float32) + 0.5
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)[None].expand(count, -1, -1, -1)
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float().expand(count, -1, -1, -1).contiguous()
    return x, grid, torch.from_numpy(points).float()[None].expand(count, 5, 2)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """Landmarks turned round the middle of the picture."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return ((points - SIDE / 2) @ turn + SIDE / 2).astype(np.float32)


COVERED = {
    # kind: (what is always covered, what never is), in face coordinates: across in eye-to-mouth lengths, down from the
    # eyes (0) to the mouth (1)
    "mask": ([(0, 1), (0.2, 1.3)], [(0, 0), (0.45, 0), (0, -0.5)]),
    "glasses": ([(0.44, 0), (-0.44, 0), (0, 0)], [(0, 1), (0, -0.7), (0, 0.6)]),
    "cap": ([(0, -1.2), (0.6, -1.2)], [(0, 0), (0.44, 0), (0, 1)]),
    "hood": ([(1.5, 0.4), (-1.5, 0.4)], [(0, 0), (0, 1), (0.44, 0)]),
    "no hair": ([(1.5, 0.6), (-1.5, 1.2)], [(0, 0), (0, 1), (0.6, 0.5)]),
}


@pytest.mark.parametrize("degrees", [0, 40, 90, 180])
@pytest.mark.parametrize("name", list(COVERED))
def test_a_cover_lies_where_its_name_says_however_the_head_is_turned(name: str, degrees: float) -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(90, 110, (SIDE, SIDE, 3), np.uint8)
    points = turned(POINTS, degrees)
    x, grid, landmarks = crops_of(picture, points, 24)
    before = x.clone()
    found = covers.covered(x, grid, landmarks, 1.0, covers.KINDS.index(name))
    assert torch.equal(x, before)
    assert found.dtype == torch.float32
    assert found.shape == x.shape
    assert found.min() >= 0
    assert found.max() <= 255
    changed = (found != x).any(1)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down = mouth - eyes
    across = np.array([down[1], -down[0]])
    for places, wanted in zip(COVERED[name], (True, False), strict=True):
        for u, v in places:
            column, row = np.floor(eyes + u * across + v * down).astype(int)
            if 0 <= column < SIDE and 0 <= row < SIDE:
                assert (changed[:, row, column] == wanted).all(), (name, u, v)
    assert 0 < changed.float().mean() < 1


def test_a_bar_goes_right_across_the_face_and_a_hand_and_a_block_cover_a_part() -> None:
    picture = np.random.default_rng(4).integers(90, 110, (SIDE, SIDE, 3), np.uint8)
    x, grid, landmarks = crops_of(picture, POINTS, 24)
    bar = (covers.covered(x, grid, landmarks, 1.0, covers.KINDS.index("bar")) != x).any(1)
    assert torch.equal(bar.all(2), bar.any(2))
    assert bar.any((1, 2)).all()
    for name in ("hand", "block"):
        share = (covers.covered(x, grid, landmarks, 1.0, covers.KINDS.index(name)) != x).any(1).float().mean((1, 2))
        assert 0 < share.min() < share.max() < 0.9, name


def test_only_as_many_faces_are_covered_as_asked_for_and_none_without_landmarks() -> None:
    picture = np.random.default_rng(4).integers(90, 110, (SIDE, SIDE, 3), np.uint8)
    x, grid, landmarks = crops_of(picture, POINTS, 20)
    changed = (covers.covered(x, grid, landmarks, 0.3) != x).any(3).any(2).any(1)
    assert 0 < int(changed.sum()) <= 6
    unknown = torch.full_like(landmarks, math.nan)
    for kind in range(len(covers.KINDS)):
        assert torch.equal(covers.covered(x, grid, unknown, 1.0, kind), x)


def test_the_back_of_a_head_has_hair_where_the_face_was(faces: Faces) -> None:
    picture = np.full((SIDE, SIDE, 3), 20, np.uint8)
    cv2.ellipse(picture, (32, 35), (15, 19), 0, 0, 360, (210, 210, 210), -1)
    x, grid, landmarks = crops_of(picture, POINTS, 4)
    behind = augment.sample(x, covers.turned_away(grid, landmarks))
    assert x[:, :, 26:46, 24:40].mean() > 200
    assert behind[:, :, 26:46, 24:40].mean() < 60
    found = augment.not_faces(
        faces.pictures.float(), faces.boxes, faces.landmarks, 32, Strength(tilt=0, dark=0, shadow=0)
    )
    assert found.shape == (12, 3, 32, 32)
    assert found.min() >= 0
    assert found.max() <= 255


# --- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite2"])
def test_the_network_computes_what_its_keras_twin_does(name: str) -> None:
    """Both are held against the same arithmetic in numpy (`test_efficientnet`)."""
    weights = random_weights(name)
    made = EfficientNetLite(name).eval()
    missing, unexpected = made.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()}, strict=False)
    assert not unexpected
    assert all(key.endswith("num_batches_tracked") for key in missing)
    x = np.random.default_rng(1).uniform(-1, 1, (2, 3, 33, 33))
    with torch.no_grad():
        found = made(torch.from_numpy(x).float())
    wanted = reference(name, weights, x)
    for head in ("gender", "age", "face"):
        assert found[head].numpy() == pytest.approx(wanted[head], abs=1e-3), head


@pytest.mark.parametrize("side", [80, twin.SIDE])
def test_the_residual_network_computes_what_its_keras_twin_does(side: int) -> None:
    """Both are held against the same arithmetic in numpy (`test_residual`)."""
    weights = twin.random_weights()
    made = Residual().eval()
    missing, unexpected = made.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()}, strict=False)
    assert not unexpected
    assert all(key.endswith("num_batches_tracked") for key in missing)
    x = np.random.default_rng(1).uniform(-1, 1, (2, 3, side, side))
    with torch.no_grad():
        found = made(torch.from_numpy(x).float())
    wanted = twin.reference(weights, x)
    for head in ("gender", "age", "face"):
        assert found[head].numpy() == pytest.approx(wanted[head], abs=1e-4), head


@pytest.mark.parametrize(("name", "grey"), [("headcount", 127.5), ("efficientnet_lite2", 127.0)])
def test_a_network_takes_crops_as_the_app_will_give_them(name: str, grey: float) -> None:
    made: Network = build(name)
    spec = config.load(name).input
    assert (made.mean, made.scale) == (spec.mean[0], pytest.approx(spec.scale))
    assert float(made.normalised(torch.full((1, 3, 8, 8), grey)).abs().max()) == pytest.approx(0)


def test_starting_weights_of_another_network_are_refused() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_start(EfficientNetLite("efficientnet_lite2"), random_weights("efficientnet_lite0"))


@pytest.mark.parametrize(
    ("border", "around"), [("replicate", cv2.BORDER_REPLICATE), ("reflect", cv2.BORDER_REFLECT), ("grey", None)]
)
def test_a_crop_with_a_margin_shows_over_the_rim_what_the_schedule_says(border: str, around: int | None) -> None:
    picture = np.random.default_rng(4).integers(0, 256, (64, 64, 3), np.uint8)
    box = torch.tensor([[8.0, 8.0, 56.0, 56.0]])
    found = augment.plain(
        torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()).float(), box, 128, schedule.Crop(8 / 3, border)
    )
    if around is None:
        wide = cv2.copyMakeBorder(picture, 32, 32, 32, 32, cv2.BORDER_CONSTANT, value=(127, 127, 127))
    else:
        wide = cv2.copyMakeBorder(picture, 32, 32, 32, 32, around)
    assert found[0].numpy().transpose(1, 2, 0) == pytest.approx(wide.astype(np.float32), abs=1e-2)


def test_answers_are_probabilities_and_the_mirrored_ones_are_the_same_for_a_mirrored_picture(faces: Faces) -> None:
    made = network().eval()
    rows = torch.arange(12)
    said = answers(made, faces, rows, 32, augment.APP)
    assert said["gender"].sum(1).numpy() == pytest.approx(1, abs=1e-5)
    assert said["age"].sum(1).numpy() == pytest.approx(1, abs=1e-5)
    assert ((said["face"] >= 0) & (said["face"] <= 1)).all()
    both = answers(made, faces, rows, 32, augment.APP, mirrored=True)
    flipped = dataclasses.replace(faces, pictures=faces.pictures.flip(3), boxes=SIDE - faces.boxes[:, [2, 1, 0, 3]])
    flipped.boxes[:, 1], flipped.boxes[:, 3] = faces.boxes[:, 1], faces.boxes[:, 3]
    again = answers(made, flipped, rows, 32, augment.APP, mirrored=True)
    assert again["gender"].numpy() == pytest.approx(both["gender"].numpy(), abs=1e-3)
    found = account_of(said, faces, rows)
    assert 0 <= found["gender"] <= 1
    measured = robustness(made, faces, faces.negatives, 32, augment.APP)
    assert set(measured) >= {"face", "gender at 24", "gender at 16", "none taken for a face"}
    assert all(0 <= share <= 1 for share in measured.values())


# --- training ---------------------------------------------------------------------------------------------------------


def run_stage(faces: Faces, chosen: schedule.Plan, seconds: float = 1e6) -> tuple[Stage, Any]:
    torch.manual_seed(1)
    rows = (faces.fold >= 0).nonzero()[:, 0]
    stage = Stage(chosen, network(), faces, faces.negatives, rows, Targets.labels(faces, 0.05))
    return stage, stage.run(seconds, lambda words: None, lambda averaged: None)


def test_a_stage_trains_for_its_epochs_and_repeats_itself_by_seed(faces: Faces) -> None:
    chosen = plan(mixup=0.3)
    first, made = run_stage(faces, chosen)
    assert first.steps == round(4.0 * 9 / 5)
    assert math.isfinite(first.loss)
    assert first.summary()["epochs"] == pytest.approx(4.0, abs=0.6)
    start = dict(network().state_dict())
    assert all(torch.isfinite(v).all() for v in made.state_dict().values())
    assert not torch.equal(made.state_dict()["gender.weight"], start["gender.weight"])
    assert not made.training
    second, again = run_stage(faces, chosen)
    assert second.loss == pytest.approx(first.loss, rel=1e-4)
    assert again.state_dict()["gender.weight"].numpy() == pytest.approx(
        made.state_dict()["gender.weight"].numpy(), abs=1e-5
    )


def test_a_stage_begins_with_small_crops_and_ends_with_large_ones(faces: Faces) -> None:
    torch.manual_seed(1)
    rows = (faces.fold >= 0).nonzero()[:, 0]
    chosen = plan(network="headcount", start="", small_side=32, small_share=0.5, side=48, epochs=6.0)
    stage = Stage(chosen, build("headcount"), faces, faces.negatives, rows, Targets.labels(faces, 0.05))
    sides: list[int] = []
    made = stage.batch
    stage.batch = lambda rows, side: sides.append(side) or made(rows, side)  # type: ignore[method-assign, func-returns-value]
    stage.run(1e6, lambda words: None, lambda averaged: None)
    assert stage.steps == len(sides) == round(6.0 * 9 / 5)
    assert sides == sorted(sides)
    assert 0.3 < sides.count(32) / len(sides) < 0.7


def test_a_stage_without_time_ends_at_once(faces: Faces) -> None:
    stage, _ = run_stage(faces, plan(epochs=1e5), seconds=1e-9)
    assert stage.steps == 2


def test_a_batch_holds_each_face_once_before_any_again_and_says_what_is_none(faces: Faces) -> None:
    rows = (faces.fold >= 0).nonzero()[:, 0]
    stage = Stage(plan(), network(), faces, faces.negatives, rows, Targets.labels(faces, 0.0))
    orders = stage._orders()
    seen = torch.cat([next(orders) for _ in range(9)])
    assert sorted(seen[:9].tolist()) == rows.tolist()
    assert torch.bincount(seen)[rows].tolist() == [5] * 9
    batch = stage.batch(seen[:5], 32)
    assert batch["x"].shape == (8, 3, 32, 32)
    assert batch["x"].abs().max() <= 1
    assert batch["face"].tolist() == [1] * 5 + [0] * 3
    assert batch["weight"][5:].tolist() == [0] * 3
    assert batch["gender"][:5].tolist() == faces.gender[seen[:5]].tolist()
    assert batch["age"][5:].abs().sum() == 0


@pytest.fixture
def folder(dozen: packed.Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with starting weights, from which the dozen is read."""
    weights = {k: v for k, v in random_weights("efficientnet_lite0").items() if k.split(".")[0] not in HEADS}
    np.savez(tmp_path / "weights-0.npz", **weights)  # type: ignore[arg-type]
    monkeypatch.setattr(packed, "read", lambda folders: dozen)
    return tmp_path


def whole(folder: Path, *, contradicted: float = 0.97, **options: Any) -> gpu_run.Run:
    teacher = plan(name="teacher", epochs=1.0)
    students = (plan(name="one", epochs=1.0, soft=0.6), plan(name="two", epochs=1.0, side=40, soft=0.0))
    wanted = schedule.Schedule({}, teacher, (0.0, 0.3, 0.3, 0.0), students, contradicted)
    known = {
        "data": [folder], "out": folder / "out", "device": "cpu", "seconds": 1e9, "epochs": 1.0, "batch": 1.0,
        "time": 1.0, "folds": 4, "benchmark": False,
    }  # fmt: skip
    return gpu_run.Run(argparse.Namespace(**{**known, **options}), wanted)


def test_a_whole_run_leaves_weights_that_convert_reads_and_a_log(folder: Path) -> None:
    run = whole(folder)
    run.students(*run.teach())
    assert {p.name for p in run.out.iterdir()} == {"teacher.npz", "one.npz", "two.npz", "soft.npz", "log.json"}
    log = json.loads((run.out / "log.json").read_text())
    assert [stage["name"] for stage in log["stages"]] == [*(f"teacher{k}" for k in range(4)), "one", "two"]
    assert all(math.isfinite(stage["loss"]) for stage in log["stages"])
    assert 0 <= log["ensemble_val"]["gender"] <= 1
    assert log["stages"][-1]["robustness"]["face"] <= 1
    weights = starts.read_arrays(run.out / "one.npz")
    assert set(weights) >= set(random_weights("efficientnet_lite0"))
    seen = SeenFaces.from_arrays(weights)
    assert (len(seen.trained), len(seen.chosen), seen.known) == (9, 3, True)
    with np.load(run.out / "soft.npz") as soft:
        training = run.faces.labels.fold >= 0
        assert soft["rows"].tolist() == list(range(100, 112))
        assert soft["gender"].sum(1)[training] == pytest.approx(1, abs=1e-2)
        assert soft["gender"].sum(1)[~training] == pytest.approx(0)  # no teacher held them out


def says(run: gpu_run.Run, monkeypatch: pytest.MonkeyPatch, female: np.ndarray) -> None:
    """Let every teacher answer `female` without being trained."""
    gender = torch.tensor(np.stack([female, 1 - female], 1), dtype=torch.float32)
    said = {"gender": gender, "age": torch.full((12, 9), 1 / 9), "face": torch.ones(12, 1)}
    monkeypatch.setattr(gpu_run, "answers", lambda *_, **__: said)
    run.stage = lambda network, *_: run.log["stages"].append({}) or network  # type: ignore[method-assign, func-returns-value]


def test_a_label_that_unseen_teachers_contradict_is_replaced_and_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = whole(folder)
    female = np.where(run.faces.labels.female, 0.9, 0.1)
    female[2] = 0.02  # labelled female; sure of the other
    female[4] = 0.10  # labelled female; less sure
    female[10] = 0.0  # labelled female, to choose by
    says(run, monkeypatch, female)
    hard, soft = run.teach()
    assert run.log["contradicted"] == [102]
    assert hard.gender[2].tolist() == pytest.approx([0.02, 0.98], abs=1e-6)
    smooth = run.schedule.teacher.label_smoothing / 2
    assert hard.gender[4].tolist() == pytest.approx([1 - smooth, smooth])
    assert hard.gender[10].tolist() == soft.gender[10].tolist() == pytest.approx([1 - smooth, smooth])
    assert soft.gender[0].tolist() == pytest.approx([0.9, 0.1])


def test_without_teachers_the_students_learn_what_was_packed(folder: Path) -> None:
    run = whole(folder)
    run.schedule = dataclasses.replace(run.schedule, teacher=None)
    assert [t.gender.tolist() for t in run.teach()] == [Targets.labels(run.faces, 0.06).gender.tolist()] * 2
    female = torch.where(run.faces.gender[:, 0] > 0.5, 0.9, 0.1)
    female[2] = 0.02  # labelled female; the model is sure of the other
    female[4] = 0.10
    female[6] = 0.0
    run.faces.soft_gender = torch.stack([female, 1 - female], 1)
    run.faces.soft_gender[6] = 0.0  # was not asked
    run.faces.soft_age = torch.full((12, 9), 1 / 9)
    hard, soft = run.teach()
    assert run.log["contradicted"] == [102]
    assert hard.gender[2].tolist() == pytest.approx([0.02, 0.98], abs=1e-6)
    assert hard.gender[4].tolist() == pytest.approx([0.97, 0.03])
    assert soft.gender[4].tolist() == pytest.approx([0.1, 0.9])
    assert soft.gender[6].tolist() == hard.gender[6].tolist() == pytest.approx([0.97, 0.03])
    assert soft.gender[10].tolist() == pytest.approx([0.97, 0.03])  # a face to choose by keeps its label
    assert soft.age[0].tolist() == pytest.approx([1 / 9] * 9)


def test_teachers_and_packed_answers_count_alike(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = whole(folder)
    says(run, monkeypatch, np.where(run.faces.labels.female, 0.8, 0.2))
    run.faces.soft_gender = torch.tensor([[0.6, 0.4]]).repeat(12, 1)
    run.faces.soft_age = torch.full((12, 9), 1 / 9)
    _, soft = run.teach()
    assert soft.gender[0].tolist() == pytest.approx([0.7, 0.3])


def test_with_fewer_teachers_what_is_learned_is_still_a_probability(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = whole(folder, folds=2)
    says(run, monkeypatch, np.where(run.faces.labels.female, 0.9, 0.1))
    hard, soft = run.teach()
    assert len(run.log["stages"]) == 2
    for targets in (hard, soft, Targets.mixed(hard, soft, 0.6)):
        assert targets.gender.sum(1).numpy() == pytest.approx(1, abs=1e-5)
        assert targets.age.sum(1).numpy() == pytest.approx(1, abs=1e-5)


def test_a_run_whose_time_is_over_trains_no_further(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = whole(folder, seconds=5.0)
    run.students(*run.teach())
    assert run.log["stages"] == []
    said = capsys.readouterr().out
    assert "no time is left for teacher0" in said
    assert "no time is left for one" in said


def test_what_is_left_of_the_time_is_shared_as_planned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = whole(folder, seconds=100.0)
    monkeypatch.setattr(gpu_run.time, "monotonic", lambda: run.began)
    teacher = plan(name="teacher", seconds=20.0)
    first, second = plan(name="one", seconds=30.0), plan(name="two", seconds=10.0)
    run.schedule = dataclasses.replace(run.schedule, teacher=teacher, students=(first, second))
    left = 100 - 2 * gpu_run.RESERVE_S
    assert run.seconds_for(teacher, [first, second]) == pytest.approx(20)
    assert run.seconds_for(teacher, [teacher, teacher, first, second]) == pytest.approx(left * 20 / 100)
    assert run.seconds_for(first, [second], most=2.0) == pytest.approx(left * 30 / 40)
    assert run.seconds_for(second, [], most=2.0) == pytest.approx(20)


def test_what_a_run_lacks_is_said_before_it_begins(folder: Path) -> None:
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="no GPU that PyTorch can use here"):
            whole(folder, device="cuda")
    (folder / "weights-0.npz").unlink()
    with pytest.raises(SettingsError, match="starting weights 0 of the schedule are not packed"):
        whole(folder)
