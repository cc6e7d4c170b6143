"""Models of strangers: what is damaged is said, what kills is met in a child process, what reaches out is refused."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from desktop_app.errors import ModelError
from desktop_app.settings import data_dir
from desktop_app.system.child import ChildCrashError, run_in_child
from desktop_app.system.safe_json import parse_json
from desktop_app.vision.attributes import trial
from desktop_app.vision.attributes.classifier import load_classifier
from desktop_app.vision.attributes.model_store import list_models, take_in
from tests.vision.caffe_files import SmallNet

TINY = Path(__file__).parents[1] / "vision" / "tiny_models"
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def divided_by_zero(folder: Path) -> tuple[Path, Path]:
    """A Caffe network whose convolution moves on by nothing, over which OpenCV divides by zero."""
    layout, weights = SmallNet.random(2).write(folder, "gender")
    layout.write_text(layout.read_text().replace("stride: 4", "stride_h: 4 stride_w: 4 group: 0"))
    return layout, weights


def test_a_network_that_ends_the_process_is_refused(tmp_path: Path) -> None:
    files = divided_by_zero(tmp_path)
    with pytest.raises(ModelError) as caught:
        take_in(list(files), tmp_path / "own")
    assert caught.value.remedy
    assert not (tmp_path / "own").exists() or not list((tmp_path / "own").iterdir())


@posix
def test_a_child_that_dies_or_hangs_is_an_answer() -> None:
    with pytest.raises(ChildCrashError, match="SIGFPE"):
        run_in_child(signal.raise_signal, signal.SIGFPE)
    with pytest.raises(ChildCrashError, match="longer than"):
        run_in_child(signal.pause, limit_s=2.0)
    with pytest.raises(ValueError):
        run_in_child(int, "x")
    assert run_in_child(max, 3, 7) == 7


def test_a_model_of_the_users_folder_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    own = data_dir() / "models"
    shutil.copytree(TINY / "one", own / "mine")
    tried: list[Path] = []
    monkeypatch.setattr(trial, "try_in_child", tried.append)
    for _ in range(3):
        load_classifier(own / "mine")
    assert tried == [own / "mine"]
    os.utime(own / "mine" / "model.tflite", (1, 1))
    load_classifier(own / "mine")
    assert len(tried) == 2
    load_classifier(TINY / "one")
    assert len(tried) == 2


def npz(**changes: bytes) -> bytes:
    out = io.BytesIO()
    np.savez(out, gender_weights=np.zeros((144, 2), np.float32), gender_bias=np.zeros(2, np.float32))
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | changes
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


DAMAGED = [
    b"",
    b"\x93NUMPY",
    b"PK\x03\x04" + bytes(100),
    npz()[:200],
    npz(**{"gender_bias.npy": b"\x93NUMPY\x01\x00\xff\xff"}),
    npz(**{"gender_bias.npy": header("{'descr': '<f4', 'fortran_order': False, 'shape': (10**18,)}")}),
    npz(**{"gender_bias.npy": header("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}")}),
    npz(**{"gender_bias.npy": header("(" * 5000)}),
    npz(**{"../../evil.npy": b"x"}),
    np.random.default_rng(0).bytes(3000),
]


@pytest.mark.parametrize("number", range(len(DAMAGED)))
def test_damaged_archives_are_said(number: int, tmp_path: Path) -> None:
    card = {
        "name": "x",
        "file": "x.npz",
        "input": {"width": 32, "height": 32, "colour": "grey", "mean": [0]},
        "outputs": {"gender": "gender"},
        "labels": {"gender": ["male", "female"]},
        "hog": {"block": 16, "stride": 16, "cell": 8},
    }
    (tmp_path / "model.json").write_text(json.dumps(card))
    (tmp_path / "x.npz").write_bytes(DAMAGED[number])
    with pytest.raises(ModelError):
        load_classifier(tmp_path)


CARDS = [
    "",
    "[]",
    "[" * 200_000,
    '{"a":' * 50_000,
    '{"name": 1e999999}',
    '{"name": "x", "file": {"a": 1}}',
    '{"name": "x", "file": "x.tflite", "input": []}',
    '{"name": "x", "file": "x.tflite", "input": {"width": "a", "height": null}}',
    '{"name": "x", "file": "x.tflite", "input": {"width": ' + "9" * 400 + ', "height": 9}}',
    '{"name": "x", "file": "x.npz", "input": {"width": 32, "height": 32}, "hog": {"bins": 1e400}}',
    '{"name": "x", "nets": {"gender": []}, "input": {"width": 32, "height": 32}, "outputs": {}}',
    '{"name": "x", "nets": {"gender": {"prototxt": "../x", "weights": "y"}}, "input": {"width": 9, "height": 9}}',
    '{"name": ["x"], "file": "\\u0000", "input": {"width": 32, "height": 32}}',
    '{"name": "x", "file": "x.tflite", "figures": [[[]]], "data": {"a": {"b": []}}, "outputs": 5, "explain": 7}',
    '{"name": "\\ud800", "file": "x.tflite"}',
]


@pytest.mark.parametrize("number", range(len(CARDS)))
def test_damaged_cards_are_said_and_hide_no_other_model(number: int, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(TINY / "one", own / "good")
    (own / "bad").mkdir()
    (own / "bad" / "model.json").write_text(CARDS[number])
    with pytest.raises(ModelError):
        load_classifier(own / "bad")
    with pytest.raises(ModelError):
        take_in([own / "bad"], tmp_path / "taken")
    entries = {entry.key: entry for entry in list_models(own)}
    assert entries["good"].card is not None
    assert "bad" in entries


def test_deep_json_is_a_value_error() -> None:
    for text in ("[" * 100_000, "[" * 40 + "]" * 40, '{"a":' * 40 + "1" + "}" * 40):
        with pytest.raises(ValueError, match="deep"):
            parse_json(text)
    assert parse_json('{"a": [1]}') == {"a": [1]}


def test_tampered_networks_are_said(tmp_path: Path) -> None:
    whole = (TINY / "joint" / "model.tflite").read_bytes()
    card = json.loads((TINY / "joint" / "model.json").read_text()) | {"file": "model.tflite"}
    card.pop("sha256", None)
    (tmp_path / "model.json").write_text(json.dumps(card))
    for cut in (0, 7, 8, 100, len(whole) // 2, len(whole) - 3):
        (tmp_path / "model.tflite").write_bytes(whole[:cut])
        with pytest.raises(ModelError):
            trial.try_in_child(tmp_path)
