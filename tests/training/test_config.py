"""A configuration of one's own: every setting of a wrong kind or out of range is refused by its name."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from desktop_app.errors import HeadcountError, SettingsError
from desktop_app.training import config
from desktop_app.training.balance import face_weights
from desktop_app.training.cli import options
from desktop_app.training.facestore import FaceStore
from desktop_app.training.feed import Feed

WRONG = [
    ("training", "epochs = 2.5", "'epochs' cannot be 2.5"),
    ("training", 'epochs = "40"', "'epochs' cannot be '40'"),
    ("training", "batch_size = true", "'batch_size' cannot be True"),
    ("training", "learning_rate = nan", "'learning_rate' cannot be nan"),
    ("training", "learning_rate = inf", "'learning_rate' cannot be inf"),
    ("training", "seed = 1.5", "'seed' cannot be 1.5"),
    ("training", "weight_decay = -1", "'weight_decay' cannot be -1"),
    ("training", "label_smoothing = 3", "'label_smoothing' cannot be 3"),
    ("training", "age_softness = -1", "'age_softness' cannot be -1"),
    ("training", 'train_share = "80:20"', "'train_share' cannot be '80:20'"),
    ("training", "optimizer = 3", "'optimizer' cannot be 3"),
    ("training", "sizes = [[32, 0]]", "have no epochs"),
    ("training", "sizes = [[0, 30]]", "pictures of 0x0"),
    ("training", "sizes = [32, 30]", "not of the right kind"),
    ("network", 'face = "yes"', "'face' cannot be 'yes'"),
    ("network", "gender = 1", "'gender' cannot be 1"),
    ("input", "width = 32.5", "32.5x32"),
    ("input", 'width = "32"', "cannot be used"),
    ("input", "mean = [nan]", "not made of numbers"),
    ("input", 'mean = "127"', "mean is a list of numbers"),
    ("input", "mean = 127", "mean is a list of numbers"),
    ("input", 'border = ["x"]', "the border"),
    ("augment", "blur = -0.1", "'blur' cannot be -0.1"),
    ("augment", 'shift = "far"', "'shift' cannot be 'far'"),
    ("weights", "black = -2", "'black' cannot be -2"),
    ("weights", 'young = "a"', "'young' cannot be 'a'"),
    ("about", "title = 3", "'title' of .about. cannot be 3"),
]


@pytest.mark.parametrize(("section", "line", "words"), WRONG)
def test_a_setting_of_a_wrong_kind_is_refused_by_its_name(tmp_path: Path, section: str, line: str, words: str) -> None:
    whole = {
        "network": ['name = "cnn32"'], "input": ["width = 32", "height = 32", 'colour = "grey"'],
        "training": ["epochs = 30"], "augment": [], "weights": [], "about": [],
    }  # fmt: skip
    own = tmp_path / "own.toml"

    def write() -> None:
        own.write_text("\n".join(f"[{name}]\n" + "\n".join(lines) for name, lines in whole.items()), encoding="utf-8")

    write()
    config.load(str(own))
    key = line.split(" = ")[0]
    whole[section] = [other for other in whole[section] if not other.startswith(f"{key} =")] + [line]
    write()
    with pytest.raises(HeadcountError, match=words):
        config.load(str(own))


def test_a_file_as_windows_saves_it_is_read_and_another_encoding_is_refused(tmp_path: Path) -> None:
    text = (config.CONFIG_FOLDER / "cnn32.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8-sig", newline="\r\n")
    assert config.load(str(own)) == config.load("cnn32")
    own.write_text(text, encoding="utf-16")
    with pytest.raises(SettingsError, match="not in UTF-8"):
        config.load(str(own))
    own.write_text(text.replace("[training]", "[[training]]"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"no section \[training\]"):
        config.load(str(own))


@pytest.mark.parametrize("name", config.names())
def test_every_configuration_of_the_tool_is_read_and_comes_back_from_its_notes(name: str) -> None:
    chosen = config.load(name)
    assert config.TrainingConfig.from_json(chosen.to_json()) == chosen


@pytest.mark.train
@pytest.mark.allow_threads
def test_a_network_that_cannot_do_what_is_wanted_says_so() -> None:
    from desktop_app.training import networks

    chosen = config.load("mini_xception")
    with pytest.raises(SettingsError, match="mini_xception has no answer “face or not”"):
        networks.build(dataclasses.replace(chosen, face=True))
    with pytest.raises(SettingsError, match="mini_xception takes crops of one size, 64 pixels"):
        networks.build(dataclasses.replace(chosen, sizes=((48, 20), (64, 20))))


@pytest.mark.train
@pytest.mark.allow_threads
@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("headcount", {"gender": "sigmoid"}, "headcount does not answer gender by sigmoid"),
        ("headcount", {"age": "years"}, "headcount does not answer the ages 'years'"),
    ],
)
def test_answers_that_a_network_does_not_have_are_refused(name: str, changes: dict[str, str], words: str) -> None:
    from desktop_app.training import networks

    with pytest.raises(SettingsError, match=words):
        networks.build(dataclasses.replace(config.load(name), **changes))


def test_settings_that_differ_are_named() -> None:
    chosen = config.load("headcount")
    other = dataclasses.replace(
        chosen.at_size(64), seed=3, epochs=9, sizes=(), about={}, augment=dataclasses.replace(chosen.augment, blur=0.5)
    )
    assert chosen.differing(other) == ["augment.blur", "input.height", "input.width", "seed", "sizes"]
    assert chosen.differing(dataclasses.replace(chosen, sizes=())) == ["sizes"]
    assert chosen.differing(chosen) == []


def test_heads_that_are_turned_count_what_the_configuration_says(store: FaceStore) -> None:
    straight = np.array([[20, 20], [40, 20], [30, 30], [22, 40], [38, 40]], np.float32)
    away = straight + np.array([[0, 0], [0, 0], [9, 0], [0, 0], [0, 0]], np.float32)
    points = np.stack([straight, away] * 60)
    chosen = dataclasses.replace(config.load("cnn32"), batch_size=80, group_weights={"turned": 3.0})
    assert chosen.wants_landmarks
    assert not config.load("cnn32").wants_landmarks
    rows = store.rows("train")
    feed = Feed(dataclasses.replace(store, landmarks=points), rows, chosen)
    weights = feed.batch(0)[2]["gender"][np.argsort(feed._order_of(0))]
    assert weights[1::2] == pytest.approx(3 * weights[0])


def test_a_crop_wider_than_what_is_kept_of_a_picture_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (config.CONFIG_FOLDER / "cnn32.toml").read_text(encoding="utf-8")
    for scale, said in ((1.6, False), (2, True)):
        own = tmp_path / "own.toml"
        own.write_text(text.replace("[training]", f"box_scale = {scale}\n[training]"), encoding="utf-8")
        options.configuration(argparse.Namespace(network=str(own), epochs=None, seed=None, val_share=None))
        assert ("the crops of cnn32 show 2 times" in capsys.readouterr().out) == said


def test_weights_that_leave_no_face_are_refused() -> None:
    nobody = np.ones(4, np.bool_)
    with pytest.raises(SettingsError, match="leave no face that counts"):
        face_weights(np.zeros(4), nobody, nobody, {"black": 0.0})
