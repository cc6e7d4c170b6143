"""One function a parser: bytes in, nothing out, and an exception only where the parser is wrong.

What a parser may raise by its contract is caught here; everything else is a find. Seeds are small whole inputs from
which the fuzzer starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from desktop_app.errors import HeadcountError, SourceError
from desktop_app.recording.fragmented_mp4 import NotAnMp4Error, read_segment, reopen
from desktop_app.settings import load_settings, to_json
from desktop_app.sources import asking_rtsp, net
from desktop_app.sources.completeness import completeness
from desktop_app.sources.containers import looks_like_bytes
from desktop_app.sources.mjpeg import JpegSplitter
from desktop_app.sources.opening import describe, understand
from desktop_app.sources.picture_file import decode_picture, is_moving, moving_pictures
from desktop_app.sources.pixel_shape import codec_of
from desktop_app.sources.tracks import read_tracks
from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import redact, redact_prose, without_secrets
from desktop_app.system.safe_json import parse_json
from desktop_app.vision.attributes.model_card import ModelCard
from desktop_app.vision.attributes.outputs import AnswerReader
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.web.kinds import safe_name
from desktop_app.web.problems import Problem
from desktop_app.web.uploads import receive_form

_FOLDER = tempfile.TemporaryDirectory(prefix="headcount-fuzz-")


@dataclass(frozen=True)
class Target:
    """A parser under test and inputs to begin with."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...] = (b"",)


def _file(data: bytes, name: str = "input") -> Path:
    path = Path(_FOLDER.name) / name
    path.write_bytes(data)
    return path


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def containers(data: bytes) -> None:
    path = _file(data)
    completeness(path)
    read_tracks(path).patches()
    looks_like_bytes(data)


def packets(data: bytes) -> None:
    """The headers in which a change of size is found."""
    for fourcc in (b"avc1", b"hev1", b"mpg2", b"VP80", b"VP90"):
        codec = codec_of(struct.unpack("<I", fourcc)[0])
        assert codec is not None
        codec.header(data)
        if codec.size is not None:
            width, height = codec.size(data)
            assert 0 <= width <= 65536
            assert 0 <= height <= 65536


def mjpeg(data: bytes) -> None:
    whole = JpegSplitter(most_bytes=4096).feed(data)
    splitter = JpegSplitter(most_bytes=4096)
    pieces = [p for at in range(0, len(data), 13) for p in splitter.feed(data[at : at + 13])]
    if len(data) <= 4096:
        assert pieces == whole


def pictures(data: bytes) -> None:
    is_moving(data)
    with contextlib.suppress(SourceError):
        decode_picture(data, "x")
        if is_moving(data):
            for count, _ in enumerate(moving_pictures(data, "x", 1.0)):
                if count > 20:
                    break


def recordings(data: bytes) -> None:
    with contextlib.suppress(NotAnMp4Error):
        read_segment(data)
    recording = reopen(_file(data, ".headcount-x.mp4"))
    if recording is not None:
        recording.finish()


def addresses(data: bytes) -> None:
    text = _text(data)
    describe(text)
    with contextlib.suppress(SourceError):
        understand(text)
    with contextlib.suppress(SourceError):
        net.tidy_url(text)
    with contextlib.suppress(SourceError):
        net.host_and_port(text)


def redaction(data: bytes) -> None:
    text = _text(data)
    once = without_secrets(text)
    redact(text)
    redact_prose(text)
    printable(text).encode("utf-8")
    # A password between a name and a host is gone, whatever it is made of.
    for user, host in (("guard", "cam.local"), ("", "10.0.0.5:554")):
        secret = "".join(c for c in text if c.isalnum())[:40]
        if len(secret) > 5 and secret not in f"{user}{host}" and once is not None:
            address = f"rtsp://{user}:{text.replace('@', '')}{secret}@{host}/x"
            assert secret not in redact(address).replace("***", ""), address


def model_cards(data: bytes) -> None:
    folder = Path(_FOLDER.name) / "model"
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_bytes(data)
    with contextlib.suppress(HeadcountError):
        ModelCard.read(folder)
    with contextlib.suppress(ValueError):
        card = parse_json(data)
        if isinstance(card, dict):
            with contextlib.suppress(HeadcountError):
                InputSpec.from_json(card.get("input", {}))
            with contextlib.suppress(HeadcountError):
                AnswerReader(card, "x")


def settings(data: bytes) -> None:
    loaded = load_settings(_file(data, "settings.json"))
    again = load_settings(_file(to_json(loaded.settings).encode(), "settings.json"))
    assert again.settings == loaded.settings


def logins(data: bytes) -> None:
    """What a server asks for a name and password."""
    asking_rtsp._login(f"RTSP/1.0 401 x\r\n{data.decode('latin-1')}\r\n\r\n", "rtsp://h/x", "a", "b")


def _jpeg() -> bytes:
    return cv2.imencode(".jpg", np.full((16, 16, 3), 90, np.uint8))[1].tobytes()


def _mp4() -> bytes:
    path = Path(_FOLDER.name) / "seed.mp4"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 5.0, (16, 16))
    for value in range(3):
        writer.write(np.full((16, 16, 3), 80 * value, np.uint8))
    writer.release()
    return path.read_bytes()


def _pictures() -> tuple[bytes, ...]:
    image = np.full((16, 16, 3), 90, np.uint8)
    kinds = (".png", ".webp", ".avif", ".tiff", ".bmp", ".ppm")
    return tuple(np.asarray(cv2.imencode(kind, image)[1]).tobytes() for kind in kinds)


_CARD = {
    "name": "x", "file": "x.tflite", "input": {"width": 16, "height": 16}, "outputs": {"gender": "g", "age": "a"},
    "labels": {"gender": ["female"]}, "age": {"kind": "points", "at": [-3, 3], "years": [0, 80]},
    "figures": [{"what": "a", "value": "b"}],
}  # fmt: skip
_HEADERS = (b"\0\0\1\x67\x64\0\x1f", b"\0\0\1\xb3\x14\0\xf0\x13", b"\x10\0\0\x9d\x01\x2a\x40\1\xf0\0")
_ADDRESSES = (
    b"rtsp://guard:s3cret@cam.local:554/live?x=1#t", b"http://h/user=a&password=b&channel=1", b"udp://@:1234",
    b"[::1]:8080/x", b"camera:0", b"file:///a%20b#c", b"192.168.1.20:8080/video", b"'quoted'.mp4",
)  # fmt: skip


class _Sent:
    """A request of a form, in pieces of 100 bytes."""

    def __init__(self, body: bytes) -> None:
        self.headers = {"content-type": "multipart/form-data; boundary=b"}
        self._body = body

    async def stream(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 100):
            yield self._body[start : start + 100]


def forms(data: bytes) -> None:
    with contextlib.suppress(Problem):
        form = asyncio.run(receive_form(_Sent(data), folder=None, most_bytes=10**5, most_files=3))  # type: ignore[arg-type]
        for file in form.files:
            assert Path(file.name).name == file.name
            assert len(file.data) == file.size
    name = safe_name(_text(data))
    assert Path(name).name == name
    assert not name.startswith(".")


_FORM = (
    b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n\xff\xd8x\r\n'
    b'--b\r\nContent-Disposition: form-data; name="address"\r\n\r\nhttps://x.example/a.jpg\r\n--b--\r\n'
)


_CONTAINERS = (
    b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x80",
    b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x1f\x43\xb6\x75\xff\xa3\x84\x81\0\0\x80",
    b"RIFF\x10\0\0\0AVI ",
    (b"G" + bytes(187)) * 6 + b"G" * 9,
    b"\0\0\1\xba\x44" + bytes(9) + b"\0\0\1\xe0\0\x08" + bytes(8) + b"\0\0\1\xe0\0",
    b"OggS" + bytes(22) + b"\2\x20\x10" + bytes(48),
    b"FLV\1\1\0\0\0\x09" + bytes(4) + b"\x09\0\0\4" + bytes(11) + b"\0\0\0\x0f",
    b"DKIF\0\0\x20\0" + bytes(24) + b"\4\0\0\0" + bytes(12),
    b".RMF\0\0\0\x12" + bytes(10) + b"DATA\0\0\0\x20" + bytes(24),
    bytes.fromhex("060e2b34020501010d01020101") + bytes(3) + b"\x83\0\0\x58" + bytes(88),
    b"YUV4MPEG2 W4 H2 F25:1 C420p10\nFRAME\n" + bytes(24),
    b"\x1f\x07\0\xbf" + bytes(80),
)


TARGETS: dict[str, Target] = {
    "containers": Target(containers, (_mp4(), *_CONTAINERS)),
    "packets": Target(packets, _HEADERS),
    "mjpeg": Target(mjpeg, (_jpeg() * 2, b"--x\r\n\r\n" + _jpeg())),
    "pictures": Target(pictures, _pictures()),
    "recordings": Target(recordings, (_mp4(),)),
    "addresses": Target(addresses, _ADDRESSES),
    "redaction": Target(redaction, _ADDRESSES),
    "model_cards": Target(model_cards, (json.dumps(_CARD).encode(),)),
    "settings": Target(settings, (b'{"source": {"recent": ["a"], "turn": 90}, "places": [], "unknown": {"a": 1}}',)),
    "forms": Target(forms, (_FORM, b"../../x.m3u8", _FORM.replace(b"a.jpg", b"../../a.sdp"))),
    "logins": Target(logins, (b'WWW-Authenticate: Digest realm="x", nonce="y", qop="auth", algorithm=MD5',)),
}
