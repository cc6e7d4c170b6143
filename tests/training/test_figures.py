"""Tables of metrics, age targets, splits and configurations."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest

from desktop_app.errors import SettingsError
from desktop_app.training import ages, config, metrics, splits
from desktop_app.training.readers import FaceRecord

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # Newcombe 1998, table I: the score interval of 81/263, 15/148 and 0/20.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (0, 0, 0.0, 1.0)],
)
def test_wilson(right: int, total: int, low: float, high: float) -> None:
    assert metrics.wilson(right, total) == pytest.approx((low, high), abs=5e-5)


def test_classification_report() -> None:
    table = metrics.confusion(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), 2)
    assert table.tolist() == [[2, 1], [0, 2]]
    report = metrics.classification_report(table, ["female", "male"])
    female, male = report.lines
    assert (female.precision, female.recall, female.support) == (1.0, pytest.approx(2 / 3), 3)
    assert (male.precision, male.recall) == (pytest.approx(2 / 3), 1.0)
    assert report.accuracy == pytest.approx(4 / 5)
    assert report.macro.precision == pytest.approx((1 + 2 / 3) / 2)
    assert report.weighted.precision == pytest.approx((3 * 1 + 2 * 2 / 3) / 5)
    assert report.weighted.recall == pytest.approx(report.accuracy)
    assert (report.macro.support, report.weighted.support) == (5, 5)
    empty = metrics.classification_report(np.zeros((2, 2), np.int64), ["a", "b"])
    assert (empty.lines[0].f1, empty.accuracy, empty.macro.f1, empty.weighted.f1) == (0, 0, 0, 0)


def test_roc() -> None:
    truth = np.array([True, True, False, False])
    assert metrics.roc(np.array([0.9, 0.8, 0.2, 0.1]), truth)[2] == 1.0
    assert metrics.roc(np.array([0.1, 0.2, 0.8, 0.9]), truth)[2] == 0.0
    assert metrics.roc(np.array([0.5, 0.5, 0.5, 0.5]), truth)[2] == 0.5


def test_calibration_finds_overconfidence_and_temperature_cures_it() -> None:
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 1.5, 20000)
    is_female = rng.random(20000) < 1 / (1 + np.exp(-logit))
    loud = 1 / (1 + np.exp(-3 * logit))
    temperature = metrics.fit_temperature(loud, is_female)
    assert temperature == pytest.approx(3, rel=0.06)

    def error(p: np.ndarray) -> float:
        return metrics.calibration(np.maximum(p, 1 - p), (p >= 0.5) == is_female)[1]

    assert error(loud) > 0.08
    assert error(1 / (1 + np.exp(-3 * logit / temperature))) < 0.02


def test_undecided_threshold() -> None:
    confidence = np.array([0.99, 0.95, 0.9, 0.9, 0.8, 0.7, 0.6])
    right = np.array([True, True, True, False, True, True, False])
    assert metrics.undecided_threshold(confidence, right, 0.99) == (0.95, pytest.approx(2 / 7))
    assert metrics.undecided_threshold(confidence, right, 0.8) == (0.7, pytest.approx(6 / 7))
    assert metrics.undecided_threshold(confidence, ~right, 0.99) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("age", "index"), [(0, 0), (2.9, 0), (3, None), (4, 1), (7, None), (35, None), (36, 5), (99, 7)]
)
def test_adience_classes(age: float, index: int | None) -> None:
    assert ages.adience_class(age) == index


@pytest.mark.parametrize(("age", "index"), [(0, 0), (17.9, 0), (18, 1), (29, 1), (30, 2), (79, 2), (80, 3), (110, 3)])
def test_groups_of_joint64_small(age: float, index: int) -> None:
    assert ages.group4(age) == index


def test_a_range_must_lie_within_one_class() -> None:
    inside = FaceRecord("a", "male", age_min=20, age_max=29)
    across = FaceRecord("b", "male", age_min=10, age_max=19)
    assert ages.age_class(inside, "bands") == 3
    assert ages.age_class(inside, "group4") == 1
    assert ages.age_class(across, "group4") is None
    assert ages.age_class(FaceRecord("c", "male", age_min=70), "bands") == 8
    assert ages.age_class(FaceRecord("d", "male"), "bands") is None


def test_shares_of_adience_classes() -> None:
    matrix = ages.band_matrix("adience8")
    assert matrix.shape == (8, 9)
    assert matrix.sum(axis=1) == pytest.approx(np.ones(8))
    assert matrix[3, 2:4] == pytest.approx([5 / 6, 1 / 6])  # 15-20: five years of 10-19 and one of 20-29


def records(count: int = 400) -> list[FaceRecord]:
    return [FaceRecord(f"{i}", ("female", "male")[i % 2], group=str(i // 4)) for i in range(count)]


@pytest.mark.parametrize("share", [0.6, 0.9])
def test_a_person_is_in_one_role_only(share: float) -> None:
    divided = splits.divide(records(), share, seed=3)
    roles: dict[str, set[str]] = {}
    for record in divided:
        roles.setdefault(record.group, set()).add(record.role)
    assert all(len(found) == 1 for found in roles.values())
    learned = sum(record.role in ("train", "val") for record in divided) / len(divided)
    assert learned == pytest.approx(share, abs=0.03)
    assert {record.role for record in divided} == {"train", "val", "test"}
    assert splits.divide(records(), share, seed=3) == divided
    assert splits.divide(records(), share, seed=4) != divided


def test_excluded_stays_excluded_and_own_roles_are_kept() -> None:
    given = [dataclasses.replace(r, role=("train", "test", "excluded")[i % 3]) for i, r in enumerate(records())]
    again = splits.divide(given, 0.8)
    assert all((a.role == "excluded") == (g.role == "excluded") for a, g in zip(again, given, strict=True))
    kept = splits.with_roles(given, None, 1)
    assert all(k.role == g.role for k, g in zip(kept, given, strict=True) if g.role == "test")
    assert any(k.role == "val" for k in kept)


@pytest.mark.parametrize("name", config.names())
def test_every_configuration_survives_its_checkpoint(name: str) -> None:
    chosen = config.load(name)
    assert chosen.network == name
    assert config.TrainingConfig.from_json(chosen.to_json()) == chosen


def test_every_network_has_a_configuration() -> None:
    assert set(config.names()) == {
        "cnn32", "fully_conv9", "mini_xception", "joint64", "joint64_small", "small_vgg96", "levi_hassner", "classical",
        "headcount", "efficientnet_lite0", "efficientnet_lite2",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["headcount", "efficientnet_lite0", "efficientnet_lite2"])
def test_a_processor_weighs_groups_as_the_schedule_of_the_shipped_networks_does(name: str) -> None:
    schedule = tomllib.loads((ROOT / "tools" / "gpu" / "schedule.toml").read_text(encoding="utf-8"))
    chosen = config.load(name)
    assert dict(chosen.group_weights) == schedule["weights"]
    assert chosen.ordinal_weight == schedule["common"]["ordinal_loss"]


def test_own_configuration_and_its_mistakes(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = '[network]\nname = "cnn32"\n[input]\nwidth = 32\nheight = 32\ncolour = "grey"\n[training]\nepochs = 2\n'
    own.write_text(text)
    assert config.load(str(own)).epochs == 2
    own.write_text(text + "epoch = 3\n")
    with pytest.raises(SettingsError, match="epoch"):
        config.load(str(own))
    own.write_text("network = [")
    with pytest.raises(SettingsError, match="TOML"):
        config.load(str(own))
    with pytest.raises(SettingsError, match="no network called"):
        config.load("resnet9000")


@pytest.mark.parametrize(("text", "share"), [("80:20", 0.8), ("60:40", 0.6), ("0.7", 0.7)])
def test_split_words(text: str, share: float) -> None:
    assert config.parse_split(text) == pytest.approx(share)


@pytest.mark.parametrize("seed", [-1, 4_000_001])
def test_a_seed_that_cannot_be_drawn_from_is_refused(seed: int) -> None:
    with pytest.raises(SettingsError, match="from 0 to 4000000"):
        config.load("cnn32").with_options(seed=seed)
    assert config.load("cnn32").with_options(seed=config.MAX_SEED).seed * 1000 + 999 < 2**32


def test_a_split_that_is_none() -> None:
    with pytest.raises(SettingsError, match="80:20"):
        config.parse_split("half")


def test_the_share_to_choose_by_can_be_chosen() -> None:
    """The founding article divides 90:10, and keeps 20% of the 90 to choose by."""
    divided = splits.with_roles(records(1000), 0.9, 1, 0.2)
    counts = {role: sum(r.role == role for r in divided) for role in ("train", "val", "test")}
    assert counts == {"train": 720, "val": 180, "test": 100}
    own = [dataclasses.replace(r, role=("train", "test")[i // 4 % 2]) for i, r in enumerate(records(1000))]
    kept = splits.with_roles(own, None, 1, 0.3)
    assert sum(r.role == "val" for r in kept) == pytest.approx(150, abs=8)
    by = "of the training faces to choose by (seed 1)"
    assert splits.division_words(records(20), 0.9, 1, 0.2) == f"90% train and val, 10% test, with 20% {by}"
    assert splits.division_words(records(20), None, 1) == f"80% train and val, 20% test, with 10% {by}"
    assert splits.division_words(own, None, 1, 0.3) == f"the data set's own roles, with 30% {by}"
    assert splits.division_words(kept, None, 1) == "the data set's own roles"


@pytest.mark.parametrize(("text", "share"), [("20%", 0.2), ("0.25", 0.25), ("12.5%", 0.125)])
def test_share_words(text: str, share: float) -> None:
    assert config.parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["a fifth", "20", "0", "-5%", "nan"])
def test_a_share_that_is_none(text: str) -> None:
    with pytest.raises(SettingsError, match="20%"):
        config.parse_share(text)


def test_a_share_of_nothing_is_no_number() -> None:
    assert (metrics.Proportion(1, 2).short, str(metrics.Proportion(1, 2))[:5]) == ("0.500", "0.500")
    assert (metrics.Proportion(0, 0).short, str(metrics.Proportion(0, 0))) == ("-", "-")
