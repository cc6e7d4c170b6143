"""Servers that answer wrongly, absurdly or never: each is an error in a sentence."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from desktop_app.errors import SourceError
from desktop_app.sources.asking_rtsp import ask_rtsp
from desktop_app.sources.ffmpeg_options import NETWORK_PROTOCOLS, ffmpeg_options
from desktop_app.sources.mjpeg import JpegSplitter
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.reconnect import ConnectionPhase, ConnectionState, ReconnectingSource, ReconnectPolicy
from desktop_app.sources.stream import StreamSource, TimeLimits
from desktop_app.sources.video_site import VideoSiteSource
from desktop_app.sources.web import WebSource
from tests.faults.test_what_was_seen import failure, frames_of
from tests.patience import AT_ONCE_S, PATIENCE_S
from tests.servers.hostile import hostile, ok
from tests.servers.http_server import TestServer
from tests.sources.conftest import CODECS, FRAMES, Clips, ffmpeg, ramp
from tests.sources.fakes import FakeCapture, FakeSource

LIMITS = TimeLimits(open_s=3.0, read_s=3.0)


def refused(header: str, status: str = "401 Unauthorized") -> bytes:
    return f"HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize(
    "header",
    [
        'WWW-Authenticate: Digest realm="x", nonce="1", algorithm=SHA-256, qop="auth"',
        'WWW-Authenticate: Digest realm="x", nonce="1", algorithm=SHA-512-256, qop="auth"',
        'WWW-Authenticate: Digest realm="x", nonce="1", algorithm=MD5, qop="auth-int"',
        "WWW-Authenticate: Digest",
        'WWW-Authenticate: Digest realm="x',
        "WWW-Authenticate: Negotiate",
        "WWW-Authenticate: NTLM",
        "WWW-Authenticate: Bearer",
        "WWW-Authenticate:",
        "WWW-Authenticate: Basic",
        'WWW-Authenticate: Basic realm="\x1b[31m"',
        "WWW-Authenticate: ,,,=,,",
        'WWW-Authenticate: Digest ====,"""',
    ],
)
def test_every_kind_of_login_ends_in_a_sentence(header: str) -> None:
    with hostile(refused(header)) as server:
        for user in ("", "door:s3cret@", "d%C3%B6r:p%C3%A4ss@"):
            said = failure(server.url.replace("http://", f"http://{user}") + "/x")
            assert "s3cret" not in said
            assert "\x1b" not in said


def test_a_login_by_sha_256_is_answered(jpegs: list[bytes]) -> None:
    def respond(_path: str, head: str) -> bytes:
        if "Authorization: Digest" not in head:
            return refused('WWW-Authenticate: Digest realm="cam", nonce="abc", algorithm=SHA-256, qop="auth"')
        assert "algorithm" in head
        return ok(jpegs[0], "image/jpeg", extra="Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n")

    with hostile(respond) as server:
        images, _ = frames_of(server.url.replace("http://", "http://door:s3cret@") + "/x.jpg")
    assert images


@pytest.mark.parametrize(
    "location",
    [
        "http://[",
        "http://[::1",
        "http://:99999999/",
        "file:///etc/passwd",
        "ftp://x/",
        "//[",
        "",
        "/x",
        "\x00",
        "data:,x",
    ],
)
def test_redirects_to_nowhere(location: str) -> None:
    with hostile(refused(f"Location: {location}", "302 Found")) as server:
        failure(f"{server.url}/x")


def test_a_redirect_without_end_is_said() -> None:
    with hostile(refused("Location: /x", "302 Found")) as server:
        assert "in a circle" in failure(f"{server.url}/x")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\nContent-Type: video/mp4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\nContent-Type: video/mp4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: image/jpeg\r\n\r\nzz\r\n",
        b"HTTP/1.1 999999999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"\x00" * 1000,
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 100\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n" + b"x" * 2_000_000,
        b"HTTP/1.1 200 OK\r\nContent-Type: \xff\xfe\x1b[31m\r\n\r\nxx",
    ],
)
def test_absurd_answers(head: bytes) -> None:
    with hostile(head) as server:
        said = failure(f"{server.url}/x")
    assert "\x1b" not in said
    said.encode("utf-8")


# --- what a stranger's page may make the program open -----------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "concat:/etc/passwd|/etc/hostname", "subfile,,start,0,end,9,,:/etc/passwd", "pipe:0", "fd:"],
)
def test_a_page_cannot_name_a_file(address: str) -> None:
    found = {"url": address, "title": "x", "protocol": "https"}
    source = VideoSiteSource("https://site.example/x", extract=lambda _url, _log: found)
    with pytest.raises(SourceError):
        source.open()
    source.close()


def test_a_stream_address_cannot_be_a_file(clips: Clips) -> None:
    opened: list[object] = []
    source = StreamSource(clips("mp4").as_uri(), open_capture_with=lambda *a: opened.append(a) or FakeCapture())
    with pytest.raises(SourceError, match="not"):
        source.open()
    assert opened == []


def test_a_playlist_from_the_network_cannot_name_a_file(clips: Clips, tmp_path: Path) -> None:
    local = clips("ts")
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{local}\n#EXTINF:2,\n{local}\n#EXT-X-ENDLIST\n"
    with hostile(ok(text.encode(), "application/vnd.apple.mpegurl")) as server:
        failure(f"{server.url}/a.m3u8")


def test_the_protocols_are_stated_for_every_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.delenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", raising=False)
    for target in ("rtsp://cam/1", "http://x/a.m3u8", "/videos/a.mp4", "/videos/a.m3u8", "/videos/a.sdp"):
        with ffmpeg_options(target):
            stated = os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"]
        assert stated.startswith("protocol_whitelist;")
        assert ("file" in stated.split("|")[0].split(",")[0] + ",") == target.startswith("/")
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ
    assert not {"file", "concat", "subfile", "pipe", "fd", "async", "cache"} & set(NETWORK_PROTOCOLS)


# --- cameras that do it their own way ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "between"),
    [
        ("multipart/x-mixed-replace; boundary=frame", "--frame\r\nContent-Type: image/jpeg\r\n\r\n"),
        ("multipart/x-mixed-replace;boundary=frame", "frame\r\nContent-Type: image/jpg\r\n\r\n"),
        ("multipart/x-mixed-replace", ""),
        ('multipart/x-mixed-replace; boundary="--x y"', "\r\n--x y\r\ncontent-type:image/jpg\r\nX: 1\r\n\r\n"),
        ("multipart/mixed; boundary=a", "--a\nContent-Type: image/jpeg\n\n"),
        ("video/x-motion-jpeg", ""),
    ],
)
def test_motion_jpeg_as_browsers_play_it(kind: str, between: str, jpegs: list[bytes]) -> None:
    def respond(_path: str, _head: str) -> list[bytes]:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode()
        return [head, *(between.encode() + jpeg + b"\r\n" for jpeg in jpegs * 40)]

    with hostile(respond) as server:
        images, source = frames_of(f"{server.url}/video", most=5)
    assert len(images) == 5
    assert source.info.is_live
    assert (source.info.width, source.info.height) == (64, 48)


def test_pictures_are_cut_out_whatever_the_pieces(jpegs: list[bytes]) -> None:
    stream = b"--x\r\n" + b"\r\n--x\r\nContent-Type: image/jpg\r\n\r\n".join(jpegs) + b"\xff\xd8\xff\xe0 not one"
    for size in (1, 7, 1000, len(stream)):
        splitter = JpegSplitter()
        found = [p for at in range(0, len(stream), size) for p in splitter.feed(stream[at : at + size])]
        assert found == jpegs


def test_a_picture_inside_a_picture_is_not_cut_out(jpegs: list[bytes]) -> None:
    thumbnail = jpegs[0]
    outer = jpegs[1][:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + jpegs[1][2:]
    assert JpegSplitter().feed(outer + jpegs[2]) == [outer, jpegs[2]]


def test_a_snapshot_address_is_asked_again_and_again(jpegs: list[bytes]) -> None:
    asked: list[str] = []

    def respond(path: str, _head: str) -> bytes:
        asked.append(path)
        return ok(jpegs[len(asked) % len(jpegs)], "image/jpg", extra="Cache-Control: no-store\r\n")

    with hostile(respond) as server:
        images, source = frames_of(f"{server.url}/snap.cgi?user=a", most=4)
    assert len(images) == 4
    assert source.info.is_live


@pytest.mark.parametrize("ending", ["", ".jpg", ".bin"])
def test_segments_under_any_name(ending: str, tmp_path: Path, web: TestServer) -> None:
    hls = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_playlist_type", "vod"]
    ffmpeg(*ramp(50), *CODECS["mp4"], *hls, tmp_path / "a.m3u8")
    text = (tmp_path / "a.m3u8").read_text()
    for part in tmp_path.glob("*.ts"):
        part.rename(part.with_suffix(ending))
    (tmp_path / "a.m3u8").write_text(text.replace(".ts", ending))
    assert len(frames_of(f"{web.url}/a.m3u8")[0]) == 50


# --- losing and finding again -----------------------------------------------------------------------------------------


def policy(limit_s: float = 0.6) -> ReconnectPolicy:
    return ReconnectPolicy(first_wait_s=0.02, longest_wait_s=0.05, give_up_after_s=limit_s)


def test_a_source_that_opens_and_never_gives_a_picture_ends_at_the_limit() -> None:
    told: list[ConnectionState] = []
    lost = SourceError("nothing came", retryable=True)
    source = ReconnectingSource(lambda: FakeSource(count=0, error=lost), policy=policy(), listener=told.append)
    source.open()
    with pytest.raises(SourceError, match="did not come back"):
        source.read()
    assert ConnectionPhase.CONNECTED not in [state.phase for state in told]
    assert told[-1].phase is ConnectionPhase.GAVE_UP


def test_connected_needs_a_picture() -> None:
    told: list[ConnectionState] = []
    source = ReconnectingSource(lambda: FakeSource(count=3), policy=policy(), listener=told.append)
    source.open()
    assert told == []
    source.read()
    assert [state.phase for state in told] == [ConnectionPhase.CONNECTED]
    source.close()


def test_a_link_that_breaks_every_few_seconds_is_not_waited_for_longer_and_longer() -> None:
    told: list[ConnectionState] = []
    lost = SourceError("gone", retryable=True)
    waits = ReconnectPolicy(first_wait_s=0.01, longest_wait_s=15.0, give_up_after_s=60.0)
    source = ReconnectingSource(
        lambda: FakeSource(count=8, pause_s=0.1, error=lost), policy=waits, listener=told.append
    )
    source.open()
    for _ in range(8 * 4):
        assert source.read() is not None
    source.close()
    assert max(state.wait_s for state in told) <= 0.02


def test_undecodable_pictures_are_said() -> None:
    # More pictures than can be asked for in the time, which is so long that a busy machine is not taken for a loss.
    capture = FakeCapture([40.0 * i for i in range(1_000_000)], undecodable=range(1_000_000))
    source = StreamSource("rtsp://cam/1", live=True, limits=TimeLimits(0.2, 1.5), open_capture_with=lambda *_: capture)
    source.open()
    with pytest.raises(SourceError, match="cannot be decoded") as caught:
        source.read()
    assert caught.value.retryable
    source.close()


def test_an_rtsp_server_with_digest_says_what_is_wrong() -> None:
    def respond(_path: str, head: str) -> bytes:
        if "Authorization: Digest" not in head:
            challenge = 'WWW-Authenticate: Digest realm="cam", nonce="abc"\r\nWWW-Authenticate: Basic realm="cam"'
            return f"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n{challenge}\r\n\r\n".encode()
        return b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n"

    with hostile(respond) as server:
        url = f"rtsp://door:s3cret@127.0.0.1:{server.port}/wrong"
        assert ask_rtsp(url, PATIENCE_S) == 404
        assert ask_rtsp(f"rtsp://127.0.0.1:{server.port}/wrong", PATIENCE_S) == 401
        assert not any("s3cret" in head for head in server.heads)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0\r\n\r\n", b"RTSP/1.0 \xff\r\n\r\n", b"\0" * 20_000])
def test_what_is_no_rtsp(answer: bytes) -> None:
    with hostile(answer) as server:
        assert ask_rtsp(f"rtsp://127.0.0.1:{server.port}/x", 3.0) is None


def test_closing_answers_at_once_while_a_server_drips() -> None:
    def drip(_path: str, _head: str) -> object:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n"
        while True:
            time.sleep(0.05)
            yield b"x"

    with hostile(drip) as server:  # type: ignore[arg-type]
        source = open_source(f"{server.url}/x", OpenOptions(limits=LIMITS, reconnect=None))
        with pytest.raises(SourceError):
            source.open()
        before = time.monotonic()
        source.close()
        assert time.monotonic() - before < AT_ONCE_S
        assert WebSource(f"{server.url}/x").info.is_live


def test_a_camera_that_is_switched_off_keeps_no_file_waiting(clips: Clips) -> None:
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = [socket.socket() for _ in range(4)]  # nobody takes these in, so a further one gets no answer
    for knock in waiting:
        knock.setblocking(False)
        knock.connect_ex(full.getsockname())
    dead = open_source(f"rtsp://127.0.0.1:{full.getsockname()[1]}/live", OpenOptions(limits=TimeLimits(600, 600)))
    failed: list[SourceError] = []

    def open_dead() -> None:
        try:
            dead.open()
        except SourceError as error:
            failed.append(error)

    opening = threading.Thread(target=open_dead)
    opening.start()
    try:
        time.sleep(0.3)
        for kind in ("mp4", "mkv"):
            images, _ = frames_of(clips(kind))
            assert len(images) == FRAMES
        assert opening.is_alive()
        assert not failed
    finally:
        dead.close()
        opening.join()
        for knock in (*waiting, full):
            knock.close()
