"""Still pictures and folders of them."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.errors import SourceError
from desktop_app.sources.pictures import (
    HELD_FPS,
    PictureSource,
    natural_key,
    picture_file,
    picture_folder,
    shows_nobody,
)
from tests.sources.conftest import Clips
from tests.sources.fakes import picture


def write(path: Path, value: int, width: int = 40, height: int = 30) -> None:
    path.write_bytes(cv2.imencode(path.suffix, picture(value, width, height))[1].tobytes())


def shades(source: PictureSource) -> list[tuple[float, int]]:
    source.open()
    seen = []
    while (frame := source.read()) is not None:
        seen.append((round(frame.time_s, 3), round(float(frame.image_bgr.mean()))))
    source.close()
    return seen


def test_natural_order() -> None:
    names = ["b10.jpg", "B2.jpg", "b1.jpg", "a.jpg", "10.jpg", "9.jpg"]
    assert sorted(names, key=natural_key) == ["9.jpg", "10.jpg", "a.jpg", "b1.jpg", "B2.jpg", "b10.jpg"]


def test_a_picture_is_held(tmp_path: Path) -> None:
    write(tmp_path / "one.png", 90)
    source = picture_file(tmp_path / "one.png", hold_s=2.0)
    assert shades(source) == [(round(n / HELD_FPS, 3), 90) for n in range(10)]
    assert source.info.duration_s == pytest.approx(2.0)


def test_a_folder_in_natural_order(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        write(tmp_path / f"p{number}.bmp", number * 10)
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.jpg").write_bytes(b"")
    assert [shade for _, shade in shades(picture_folder(tmp_path, hold_s=0.2))] == [10, 20, 100]
    assert shades(picture_folder(tmp_path, fps=10.0)) == [(0.0, 10), (0.1, 20), (0.2, 100)]


def test_seek(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.png", number * 10)
    source = picture_folder(tmp_path, hold_s=1.0)
    source.open()
    source.seek(3.0)
    frame = source.read()
    assert frame is not None
    assert (frame.time_s, int(frame.image_bgr[0, 0, 0])) == (3.0, 30)
    source.seek(99.0)
    assert source.read() is None
    source.close()


def test_unreadable_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", number * 10)
    (tmp_path / "0.png").write_bytes(b"broken")
    (tmp_path / "2.png").write_bytes(b"")
    source = picture_folder(tmp_path, hold_s=0.2)
    assert shades(source) == [(0.2, 10)]
    assert len(source.skipped) == 2
    assert "“0.png”" in source.skipped[0]
    assert "“2.png” is empty" in source.skipped[1]


def test_a_picture_that_may_show_somebody_is_not_said_to_show_nobody_before_it_was_searched(tmp_path: Path) -> None:
    """Somebody in front of a plain wall, and a face cut out: whether there is one, only a look at it tells."""
    scene = cv2.resize(np.random.default_rng(1).integers(0, 255, (9, 12, 3), np.uint8), (120, 90))
    wall = np.full((360, 640, 3), (150, 120, 90), np.uint8)
    wall[120:210, 250:370] = scene
    folder = tmp_path / "visit"
    folder.mkdir()
    for name, image in (("1.png", wall), ("2.png", scene[:40, :40]), ("3.png", np.full((90, 120, 3), 255, np.uint8))):
        cv2.imwrite(str(folder / name), image)
    source = picture_folder(folder)
    source.open()
    while source.read() is not None:
        continue
    assert source.omissions == ("“3.png” is of one colour: nobody can be seen in it.",)
    assert "but for some words" in shows_nobody(wall, "1.png")
    assert "too small" in shows_nobody(scene[:40, :40], "2.png")


def test_exif_turns_a_picture_upright(tmp_path: Path) -> None:
    data = cv2.imencode(".jpg", picture(50, 40, 30))[1].tobytes()
    orientation_6 = (
        b"\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
        b"\x00\x00\x00\x00"
    )
    (tmp_path / "turned.jpg").write_bytes(data[:2] + orientation_6 + data[2:])
    source = picture_file(tmp_path / "turned.jpg")
    source.open()
    assert (source.info.width, source.info.height) == (30, 40)
    source.close()


@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 4)])
def test_grey_and_transparent_pictures(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(cv2.imencode(".png", np.full(shape, 80, np.uint8))[1].tobytes())
    source = picture_file(path)
    source.open()
    frame = source.read()
    source.close()
    assert frame is not None
    assert frame.image_bgr.shape == (30, 40, 3)


def failure(source: PictureSource) -> SourceError:
    try:
        with pytest.raises(SourceError) as caught:
            source.open()
        assert caught.value.remedy
        return caught.value
    finally:
        source.close()


def test_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "new.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert "does not exist" in failure(picture_file(tmp_path / "no.jpg")).message
    assert "is empty" in failure(picture_file(tmp_path / "empty.jpg")).message
    assert "not a picture" in failure(picture_file(tmp_path / "text.jpg")).message
    heic = failure(picture_file(tmp_path / "new.heic"))
    assert "HEIC" in heic.message
    assert "jpg or png" in heic.remedy
    assert "None of the 2 pictures" in failure(picture_folder(tmp_path)).message
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "not permitted" in failure(picture_file(tmp_path / "text.jpg")).message


def test_folder_failures(tmp_path: Path) -> None:
    (tmp_path / "x.txt").touch()
    for path, words in (
        (tmp_path, "no picture"),
        (tmp_path / "no", "does not exist"),
        (tmp_path / "x.txt", "not a folder"),
    ):
        with pytest.raises(SourceError, match=words):
            picture_folder(path)


@pytest.mark.parametrize("bad", [{"hold_s": 0.0}, {"hold_s": float("nan")}, {"fps": -1.0}])
def test_absurd_settings(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        PictureSource("x", [], **bad)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi"])
def test_a_video_under_the_name_of_a_picture_is_called_one(ending: str, clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "film.jpg"
    path.write_bytes(clips(ending).read_bytes())
    source = picture_file(path)
    with pytest.raises(SourceError, match="it is a video") as caught:
        source.open()
    assert ".mp4" in (caught.value.remedy or "")
