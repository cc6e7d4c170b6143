"""Whole and cut files, told by their own structure."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.sources.containers import Completeness, completeness, looks_like
from tests.sources.conftest import Clips

STATING = ["mp4", "mov", "mkv", "webm", "avi", "wmv", "flv", "gif"]


@pytest.mark.parametrize("container", STATING)
def test_whole_and_cut(clips: Clips, tmp_path: Path, container: str) -> None:
    path = clips(container)
    assert completeness(path) is Completeness.WHOLE
    data = path.read_bytes()
    cut = tmp_path / path.name
    for share in (0.5, 0.9):
        cut.write_bytes(data[: int(len(data) * share)])
        assert completeness(cut) in (Completeness.CUT, Completeness.NO_INDEX), share
    cut.write_bytes(data + bytes(100))
    if container != "mp4":
        assert completeness(cut) is Completeness.WHOLE


@pytest.mark.parametrize("container", ["264", "ts", "mpg"])
def test_containers_that_state_no_size(clips: Clips, container: str) -> None:
    assert completeness(clips(container)) is Completeness.UNKNOWN


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"RIFF", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x00\x00", b"FLV", b"\x00\x00\x00\x01ftyp", bytes(40)),
        *(b"\x00\x00\x00\x00ftyp", b"\xff" * 64, b"RIFF\xff\xff\xff\xffAVI ", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    ],
)
def test_fragments_do_not_upset_it(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert completeness(path) in Completeness
    assert isinstance(looks_like(path), str)


def test_a_missing_file_is_unknown(tmp_path: Path) -> None:
    assert completeness(tmp_path / "no.mp4") is Completeness.UNKNOWN
    assert looks_like(tmp_path / "no.mp4") == ""


def test_shared_clips_are_whole(shared_clips: Path) -> None:
    for path in shared_clips.iterdir():
        if path.suffix not in (".md", ".csv"):
            assert completeness(path) in (Completeness.WHOLE, Completeness.UNKNOWN), path.name
