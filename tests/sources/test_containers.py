"""Whole and cut files, told by their own structure."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.completeness import Completeness, completeness
from desktop_app.sources.containers import looks_like
from desktop_app.sources.video_file import VideoFileSource
from tests.sources.conftest import Clips, ramp

STATING = ["mp4", "mov", "mkv", "webm", "avi", "wmv", "flv", "gif"]


@pytest.mark.parametrize("container", STATING)
def test_whole_and_cut(clips: Clips, tmp_path: Path, container: str) -> None:
    path = clips(container)
    assert completeness(path) is Completeness.WHOLE
    data = path.read_bytes()
    cut = tmp_path / path.name
    for share in (0.5, 0.9):
        cut.write_bytes(data[: int(len(data) * share)])
        assert completeness(cut) in (Completeness.CUT, Completeness.NO_INDEX, Completeness.CUT_AT_END), share
    cut.write_bytes(data + bytes(100))
    if container != "mp4":
        assert completeness(cut) is Completeness.WHOLE


@pytest.mark.parametrize("container", ["264", "ts", "mpg"])
def test_containers_that_state_no_size(clips: Clips, container: str) -> None:
    assert completeness(clips(container)) is Completeness.UNKNOWN


H264 = ("-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p")
ENDLESS: dict[str, tuple[str, ...]] = {
    "ts": H264,
    "m2ts": (*H264, "-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    "mpg": ("-c:v", "mpeg2video"),
    "m1.mpg": ("-c:v", "mpeg1video", "-f", "mpeg"),
    "ogv": ("-c:v", "libtheora"),
    "flv": ("-c:v", "flv", "-flvflags", "no_duration_filesize"),
    "ivf": ("-c:v", "libvpx"),
    "rm": ("-c:v", "rv10", "-s", "176x144"),
    "mxf": ("-c:v", "mpeg2video"),
    "mjpeg": ("-c:v", "mjpeg"),
    "dv": ("-c:v", "dvvideo", "-s", "720x480", "-r", "30000/1001", "-pix_fmt", "yuv411p"),
    "y4m": ("-pix_fmt", "yuv422p10le", "-strict", "-1"),
    "mkv": (*H264, "-f", "matroska", "-live", "1"),
    "mp4": (*H264, "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"),
}
"""How files are made that state no length, or that are read piece by piece, by their ending."""


def endless(clips: Clips, kind: str) -> Path:
    return clips.make(f"endless.{kind}", *ramp(25), *ENDLESS[kind])


@pytest.mark.parametrize("kind", list(ENDLESS))
def test_a_last_piece_that_is_not_whole_is_told(clips: Clips, tmp_path: Path, kind: str) -> None:
    data = endless(clips, kind).read_bytes()
    cut = tmp_path / f"cut.{kind}"
    wrong = []
    for place in range(2000, len(data) - 1, max(1, len(data) // 41)):
        cut.write_bytes(data[:place])
        if completeness(cut) is not Completeness.CUT_AT_END:
            wrong.append(place)
    assert len(wrong) <= 2, wrong  # by chance between two pieces
    cut.write_bytes(data)
    assert completeness(cut) in (Completeness.UNKNOWN, Completeness.WHOLE)


@pytest.mark.parametrize("kind", ["ts", "mpg", "mjpeg", "ivf"])
def test_a_cut_file_gives_all_its_pictures_and_then_says_so(clips: Clips, tmp_path: Path, kind: str) -> None:
    data = endless(clips, kind).read_bytes()
    cut = tmp_path / f"cut.{kind}"
    cut.write_bytes(data[: len(data) * 2 // 3 + 1])
    source = VideoFileSource(cut)
    source.open()
    seen: list[Frame] = []
    with pytest.raises(SourceError, match=r"breaks off after 0\.\d s; it is incomplete"):
        seen.extend(iter(source.read, None))
    source.close()
    assert len(seen) > 10


@pytest.mark.parametrize("lead", [1, 100, 187])
def test_a_transport_stream_may_begin_within_a_packet(clips: Clips, tmp_path: Path, lead: int) -> None:
    data = endless(clips, "ts").read_bytes()
    piece = tmp_path / "piece.ts"
    piece.write_bytes(data[188 * 5 + lead :])
    assert completeness(piece) is Completeness.UNKNOWN
    piece.write_bytes(data[188 * 5 + lead : -50])
    assert completeness(piece) is Completeness.CUT_AT_END


def test_bytes_behind_the_last_packet_that_belong_to_none_are_no_cut(clips: Clips, tmp_path: Path) -> None:
    padded = tmp_path / "padded.ts"
    padded.write_bytes(endless(clips, "ts").read_bytes() + bytes(100))
    assert completeness(padded) is Completeness.UNKNOWN


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
