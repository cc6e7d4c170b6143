"""Names that are no text, and what lies behind harmless ones: pipes, devices, links, files without end."""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from desktop_app import factory
from desktop_app.cli import main as cli
from desktop_app.cli.source_file import sources_of
from desktop_app.errors import ModelError, SourceError
from desktop_app.recording.recorder import VideoRecorder
from desktop_app.settings import load_settings
from desktop_app.sources.opening import SourceForm, describe, understand
from desktop_app.system.native_names import native_name
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_file import FileTooLargeError, NotRegularFileError, open_regular, read_regular
from desktop_app.system.safe_write import close_to_others, make_folders, remove_leftovers, write_atomically
from desktop_app.vision.attributes.classifier import load_classifier
from desktop_app.vision.attributes.model_store import take_in
from tests.engine.fakes import CountingPipeline
from tests.faults.test_what_was_seen import failure, frames_of
from tests.recording.test_recorder import decode, draw, result
from tests.sources.conftest import FRAMES, Clips

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and names of POSIX")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="macOS takes only names that are text")


def latin(folder: Path, name: bytes) -> Path:
    """A path whose name is Latin-1 and no UTF-8."""
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + name))


@linux
@pytest.mark.parametrize("in_folder", [False, True])
def test_a_name_that_is_not_utf8(in_folder: bool, clips: Clips, tmp_path: Path, jpegs: list[bytes]) -> None:
    folder = latin(tmp_path, b"f\xfcr") if in_folder else tmp_path
    folder.mkdir(exist_ok=True)
    video = latin(folder, b"besucher_m\xfcller.mp4")
    video.write_bytes(clips("mp4").read_bytes())
    images, source = frames_of(str(video))
    assert len(images) == FRAMES
    assert source.info.name == "besucher_m\\xfcller.mp4"
    picture = latin(folder, b"m\xfcller.jpg")
    picture.write_bytes(jpegs[3])
    assert len(frames_of(str(picture))[0]) == 10
    missing = failure(latin(folder, b"k\xf6nig.mp4"))
    assert "k\\xf6nig.mp4" in missing
    missing.encode("utf-8")


@linux
def test_results_about_a_name_that_is_not_utf8(clips: Clips, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(factory, "build_pipeline", lambda _settings: CountingPipeline())
    video = latin(tmp_path, b"m\xfcller.mp4")
    video.write_bytes(clips("mp4").read_bytes())
    out, rows, drawn = tmp_path / "o.json", tmp_path / "o.csv", latin(tmp_path, b"gem\xe4lt.mp4")
    outputs = ["--json", str(out), "--csv", str(rows), "--annotated", str(drawn)]
    assert cli.main(["count", str(video), "--forget", *outputs]) == 0
    assert json.loads(out.read_bytes())["source"] == str(video)
    assert "m\\xfcller.mp4" in rows.read_text("utf-8")
    assert "m\\xfcller.mp4" in capsys.readouterr().out
    assert drawn.stat().st_size > 1000


@linux
def test_a_recording_into_a_folder_that_is_not_utf8(tmp_path: Path) -> None:
    folder = latin(tmp_path, b"aufnahmen f\xfcr")
    folder.mkdir()
    recorder = VideoRecorder(folder / "a.mp4", draw, wait_when_full=True)
    for i in range(30):
        recorder.on_result(result(i, i / 25))
    assert recorder.stop() == folder / "a.mp4"
    assert len(decode(Path(native_name(folder / "a.mp4")))) == 30


def test_a_percent_sign_is_no_pattern(clips: Clips, tmp_path: Path) -> None:
    for name in ("100%03d.mp4", "50% off.mkv"):
        path = tmp_path / name
        path.write_bytes(clips(name[-3:]).read_bytes())
        assert len(frames_of(path)[0]) == FRAMES


def test_what_a_terminal_obeys_is_written_out() -> None:
    name = "a\x1b[31mred\x07\r\n\u202egpj.exe\x9b\udcfc é 日本.mp4"
    assert printable(name) == "a\\x1b[31mred\\x07\\x0d\\x0a\\u202egpj.exe\\x9b\\xfc é 日本.mp4"
    assert describe("/videos/\x1b]0;x\x07.mp4") == "\\x1b]0;x\\x07.mp4"


@posix
@pytest.mark.parametrize("name", ["visit.mp4", "visit.jpg", "visit", "visit.m3u8", "visit.sdp"])
def test_a_pipe_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    if name != "visit.sdp":
        failure(tmp_path / name)


@posix
def test_pipes_and_devices_inside_a_folder(tmp_path: Path, jpegs: list[bytes]) -> None:
    (tmp_path / "1.jpg").write_bytes(jpegs[0])
    os.mkfifo(tmp_path / "2.jpg")
    (tmp_path / "3.jpg").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "4")
    images, source = frames_of(tmp_path)
    assert len(images) == 10
    assert sum("cannot be read" in text for text in source.omissions) == 2


@posix
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/random", "/dev/full"])
def test_a_device_behind_a_harmless_name(target: str, tmp_path: Path) -> None:
    (tmp_path / "visit.mp4").symlink_to(target)
    (tmp_path / "visit.jpg").symlink_to(target)
    assert "device" in failure(tmp_path / "visit.mp4")
    assert "device" in failure(tmp_path / "visit.jpg")
    with pytest.raises(NotRegularFileError):
        open_regular(tmp_path / "visit.mp4")


def test_a_file_larger_than_its_kind_can_be(tmp_path: Path) -> None:
    path = tmp_path / "big.jpg"
    with path.open("wb") as file:
        file.truncate(300 * 2**20)  # sparse: the disk is not filled
    assert "larger than" in failure(path)
    with pytest.raises(FileTooLargeError):
        read_regular(path, 10)


@posix
def test_settings_that_are_a_pipe_or_without_end(tmp_path: Path) -> None:
    pipe = tmp_path / "settings.json"
    os.mkfifo(pipe)
    assert load_settings(pipe).notice
    endless = tmp_path / "b" / "settings.json"
    endless.parent.mkdir()
    endless.symlink_to("/dev/zero")
    assert load_settings(endless).notice


@posix
def test_models_that_are_pipes_devices_or_links(tmp_path: Path) -> None:
    card = {"name": "x", "file": "x.tflite", "input": {"width": 16, "height": 16}, "outputs": {}, "labels": {}}
    secret = tmp_path / "secret.tflite"
    secret.write_bytes(b"secret")
    for number, make in enumerate(
        (os.mkfifo, lambda p: p.symlink_to("/dev/zero"), lambda p: p.symlink_to(secret), lambda p: p.mkdir())
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "model.json").write_text(json.dumps(card))
        make(folder / "x.tflite")
        with pytest.raises(ModelError):
            take_in([folder], tmp_path / "own")
        if number != 2:  # one's own link is one's own business, but what is taken in is never a link
            with pytest.raises(ModelError):
                load_classifier(folder)
    folder = tmp_path / "card"
    folder.mkdir()
    os.mkfifo(folder / "model.json")
    with pytest.raises(ModelError):
        load_classifier(folder)
    assert not list((tmp_path / "own").iterdir())


def test_what_exists_wins(tmp_path: Path, clips: Clips, jpegs: list[bytes], monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("2024", "demo", "camera", "7"):
        (tmp_path / name).mkdir()
        assert understand(name).form is SourceForm.PICTURE_FOLDER
    for name in ("'quoted'.mp4", " leading.mp4", "trailing.mp4 ", "“odd”", "localhost:80", "youtube.com"):
        (tmp_path / name).write_bytes(clips("mp4").read_bytes())
        address = understand(name)
        assert (address.form, address.target) == (SourceForm.VIDEO_FILE, name)
    assert understand("camera:0").form is SourceForm.CAMERA
    assert understand("demo:").form is SourceForm.DEMO
    odd = tmp_path / "visit #1 50%.mp4"
    odd.write_bytes(clips("mp4").read_bytes())
    assert understand(f"file://{odd}").target == str(odd)
    assert understand(odd.as_uri()).target == str(odd)
    assert len(frames_of(f"file://{odd}")[0]) == FRAMES


@pytest.mark.parametrize(
    ("text", "form", "target"),
    [
        ("udp://@:12346", SourceForm.STREAM, "udp://@:12346"),
        ("[::1]:8080/x", SourceForm.WEB, "http://[::1]:8080/x"),
        ("[fe80::1]/x", SourceForm.WEB, "http://[fe80::1]/x"),
        ("door:pw@192.168.1.5:8080/x", SourceForm.WEB, "http://door:pw@192.168.1.5:8080/x"),
        ("rtsp://admin:a/b#c?d@10.0.0.5/1", SourceForm.STREAM, "rtsp://admin:a%2Fb%23c%3Fd@10.0.0.5/1"),
        ("rtsp://admin:a%2Fb@10.0.0.5/1", SourceForm.STREAM, "rtsp://admin:a%2Fb@10.0.0.5/1"),
    ],
)
def test_addresses_as_people_write_them(text: str, form: SourceForm, target: str) -> None:
    address = understand(text)
    assert (address.form, address.target) == (form, target)


def test_formats_that_begin_with_letters(clips: Clips, tmp_path: Path) -> None:
    # Dark frames of a Y4M file are printable text from its first byte on.
    head = b"YUV4MPEG2 W16 H16 F25:1 Ip A1:1 C420jpeg\n"
    frame = b"FRAME\n" + b"A" * (16 * 16 * 3 // 2)
    (tmp_path / "visit.y4m").write_bytes(head + frame * 30)
    assert len(frames_of(tmp_path / "visit.y4m")[0]) == 30
    sdp = tmp_path / "stream.sdp"
    sdp.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n")
    assert understand(str(sdp)).form is SourceForm.STREAM


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "HEIC"),
        ("phone.mp4", b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1", "HEIC"),
        ("modern.jxl", b"\xff\x0a" + bytes(100), "JPEG XL"),
        ("modern.png", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "JPEG XL"),
        ("films.m3u", b"#EXTM3U\n/nowhere/film.mp4\n", "playlist"),
        ("light.exr", b"\x76\x2f\x31\x01" + bytes(100), "OpenEXR"),
        ("light.png", b"\x76\x2f\x31\x01" + bytes(100), "OpenEXR"),
        ("paper.png", b"%PDF-1.7" + bytes(100), "PDF"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert words in failure(tmp_path / name)


# --- what is written --------------------------------------------------------------------------------------------------


@posix
def test_links_are_written_through_and_pipes_written_to(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real.csv")
    write_atomically(link, b"one")
    assert link.is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == b"one"
    write_atomically(link, b"two")
    assert (tmp_path / "real.csv").read_bytes() == b"two"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "pipe", b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@posix
def test_private_files_are_the_owners_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "headcount" / "settings.json", b"{}", make_folder=True, private=True)
    assert stat.S_IMODE((tmp_path / "headcount" / "settings.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "headcount").stat().st_mode) == 0o700
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    make_folders(shared, private=True)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755  # chosen by a variable: it may hold more than ours
    close_to_others(tmp_path / "nowhere")


def test_temporary_files_of_a_killed_program_are_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    old, young, foreign = tmp_path / ".headcount-old1.tmp", tmp_path / ".headcount-new1.tmp", tmp_path / ".other.tmp"
    for file in (old, young, foreign):
        file.write_text("x")
    os.utime(old, (1, 1))
    os.utime(foreign, (1, 1))
    load_settings(path)
    assert not old.exists()
    assert young.exists()
    assert foreign.exists()
    remove_leftovers(tmp_path / "nowhere")


@posix
def test_one_output_that_fails_does_not_cost_the_others(clips: Clips, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(factory, "build_pipeline", lambda _settings: CountingPipeline())
    rows = tmp_path / "o.csv"
    code = cli.main(["count", str(clips("mp4")), "--forget", "--quiet", "--json", "/dev/full", "--csv", str(rows)])
    said = capsys.readouterr()
    assert code == 6
    assert rows.read_text().count("\n") > 5
    assert "Appears female" in said.out
    assert "/dev/full" in said.err


def test_a_name_too_long_is_found_before_counting(clips: Clips, tmp_path: Path, monkeypatch, capsys) -> None:
    def never(_settings: object) -> CountingPipeline:
        raise AssertionError("it began to count")

    monkeypatch.setattr(factory, "build_pipeline", never)
    target = tmp_path / ("x" * 300 + ".json")
    assert cli.main(["count", str(clips("mp4")), "--forget", "--json", str(target)]) == 6
    assert "cannot be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


NO_SOURCES = [
    "\0",
    "~nobody/x.mp4",
    "~'",
    "a\0b.mp4",
    "x" * 5000,
    "http://[",
    "rtsp://[::1",
    "udp://",
    "http://a:b:c/",
    "file://[",
]


@pytest.mark.parametrize("text", [*NO_SOURCES, "\udcff", "rtsp://\udcff/", "file://["])
def test_what_is_no_source_is_an_error_and_never_a_bug(text: str) -> None:
    with pytest.raises(SourceError):
        frames_of(text)


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-8"])
def test_a_list_of_sources_may_come_from_notepad_or_powershell(coding: str, tmp_path: Path) -> None:
    listed = tmp_path / "sources.txt"
    listed.write_bytes("rtsp://camera/1\r\n# für später\r\n\r\ncamera:2\r\n".encode(coding))
    args = argparse.Namespace(sources=[], source_file=str(listed))
    assert sources_of(args) == ["rtsp://camera/1", "camera:2"]


def test_sources_with_a_password_are_read_from_a_file(clips: Clips, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(factory, "build_pipeline", lambda _settings: CountingPipeline())
    listed = tmp_path / "sources.txt"
    listed.write_text(f"# the entrance\n\n{clips('mp4')}\n  {clips('mkv')}\n", encoding="utf-8")
    out = tmp_path / "o.json"
    assert cli.main(["count", "--source-file", str(listed), "--forget", "--json", str(out)]) == 0
    assert [record["source"] for record in json.loads(out.read_text())] == [str(clips("mp4")), str(clips("mkv"))]
    monkeypatch.setenv("HEADCOUNT_SOURCE", str(clips("mp4")))
    assert cli.main(["count", "--forget", "--json", str(out)]) == 0
    monkeypatch.delenv("HEADCOUNT_SOURCE")
    assert cli.main(["count", "--forget"]) == 2
    assert cli.main(["count", "--source-file", "/dev/zero", "--forget"]) == 3
    assert "No source" in capsys.readouterr().err
