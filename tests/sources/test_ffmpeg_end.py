"""Raw streams whose copy was interrupted within their last picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources import ffmpeg_library
from desktop_app.sources.completeness import Completeness, completeness
from desktop_app.sources.ffmpeg_end import ends_within_picture, is_raw_stream
from desktop_app.sources.video_file import VideoFileSource
from tests.sources.conftest import Clips

pytestmark = pytest.mark.skipif(ffmpeg_library.ffmpeg_library() is None, reason="FFmpeg cannot be called here")

NOISE = ("-f", "lavfi", "-i", "testsrc=s=160x120:r=25,noise=alls=20:allf=t", "-frames:v", "40", "-pix_fmt", "yuv420p")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params")
CODED: dict[str, tuple[str, ...]] = {
    "cabac.264": ("-c:v", "libx264", "-g", "12"),
    "open.264": ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=12:bframes=3"),
    "plain.264": ("-c:v", "libx264", "-profile:v", "baseline", "-g", "1000"),
    "closed.265": (*X265, "keyint=12:log-level=none"),
    "open.265": (*X265, "keyint=12:open-gop=1:log-level=none"),
    "two.m2v": ("-c:v", "mpeg2video", "-g", "12", "-bf", "2"),
    "fields.m2v": ("-c:v", "mpeg2video", "-flags", "+ildct+ilme"),
}
"""How the streams are made, by their names. Of H.265 a cut that leaves whole slices is not noticed."""


@pytest.mark.parametrize("name", list(CODED))
def test_a_stream_that_ends_within_a_picture_is_told_and_no_other_one(clips: Clips, tmp_path: Path, name: str) -> None:
    path = clips.make(name, *NOISE, *CODED[name])
    data, cut = path.read_bytes(), tmp_path / name
    assert is_raw_stream(path)
    assert not ends_within_picture(str(path))
    told = []
    for place in range(len(data) // 5, len(data) - 60, len(data) // 17):
        cut.write_bytes(data[:place])
        told.append(ends_within_picture(str(cut)))
    assert sum(told) >= len(told) * (0.5 if name.endswith("265") else 0.85)
    for pictures in (1, 12, 13, 14, 25, 39):  # whole ones, also where they refer to the pictures of the group before
        whole = clips.make(f"{pictures}_{name}", "-i", path, "-c", "copy", "-frames:v", str(pictures))
        assert not ends_within_picture(str(whole)), pictures


def test_a_cut_stream_gives_its_pictures_and_then_says_so(clips: Clips, tmp_path: Path) -> None:
    data = clips.make("cabac.264", *NOISE, *CODED["cabac.264"]).read_bytes()
    path = tmp_path / "cut.264"
    path.write_bytes(data[: len(data) * 6 // 10])
    source = VideoFileSource(path)
    source.open()
    seen: list[Frame] = []
    with pytest.raises(SourceError, match="breaks off after"):
        seen.extend(iter(source.read, None))
    source.close()
    assert len(seen) > 15


def test_whoever_stops_does_not_wait_for_the_end_of_a_long_stream(clips: Clips, tmp_path: Path) -> None:
    data, path = clips.make("cabac.264", *NOISE, *CODED["cabac.264"]).read_bytes(), tmp_path / "cut.264"
    path.write_bytes(data[: len(data) * 6 // 10])
    asked: list[bool] = []

    def is_cancelled() -> bool:
        asked.append(len(asked) == 4)
        return asked[-1]

    assert ends_within_picture(str(path))
    assert not ends_within_picture(str(path), is_cancelled)
    assert len(asked) == 5


def test_what_is_in_a_container_is_no_raw_stream(clips: Clips, tmp_path: Path) -> None:
    assert not any(is_raw_stream(clips(kind)) for kind in ("mp4", "mkv", "mpg", "ts", "avi"))
    assert not is_raw_stream(tmp_path / "missing.264")
    garbage = tmp_path / "garbage.264"
    garbage.write_bytes(b"\0\0\1" + bytes(range(256)) * 40)
    assert is_raw_stream(garbage)
    assert not ends_within_picture(str(garbage))


def test_an_av1_stream_states_the_length_of_its_pieces(clips: Clips, tmp_path: Path) -> None:
    path = clips.make("av1.obu", *NOISE, "-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime")
    data, cut = path.read_bytes(), tmp_path / "cut.obu"
    assert completeness(path) is Completeness.UNKNOWN
    told = 0
    for place in range(len(data) // 5, len(data) - 20, len(data) // 17):
        cut.write_bytes(data[:place])
        told += completeness(cut) is Completeness.CUT_AT_END
    assert told >= 13
