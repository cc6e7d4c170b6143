"""The form as it comes over the wire: names, limits, what is damaged; and the folder in which its files lie."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.system.file_lock import FileLock
from desktop_app.web.kinds import ItemKind, kind_of, safe_name, sent_name
from desktop_app.web.problems import Problem
from desktop_app.web.upload_folder import UploadFolder
from desktop_app.web.uploads import ReceivedForm, receive_form
from tests.patience import PATIENCE_S
from tests.web.conftest import jpeg


class Sent:
    """A request with a body that comes in pieces."""

    def __init__(self, body: bytes, piece: int = 1000, kind: str = "multipart/form-data; boundary=frontier") -> None:
        self.headers = {"content-type": kind}
        self._body, self._piece = body, piece

    async def stream(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), self._piece):
            yield self._body[start : start + self._piece]


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    about = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    return b"--frontier\r\nContent-Disposition: " + about.encode() + b"\r\n\r\n" + data + b"\r\n"


def received(body: bytes, folder: Path | None = None, piece: int = 1000, **limits: int) -> ReceivedForm:
    allowed: dict[str, Any] = {"most_bytes": 100_000, "most_files": 3, **limits}
    return asyncio.run(receive_form(Sent(body, piece), folder=folder, **allowed))  # type: ignore[arg-type]


END = b"--frontier--\r\n"


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_files_and_fields_arrive_whole_however_the_body_is_cut(tmp_path: Path, piece: int) -> None:
    data = bytes(range(256)) * 40 + b"\r\n--frontie\r\n"
    body = part("files", data, "a.jpg") + part("models", b"headcount") + part("files", b"", "") + END
    form = received(body, tmp_path, piece)
    assert [(f.name, f.size, f.field) for f in form.files] == [("a.jpg", len(data), "files")]
    assert form.files[0].path is not None
    assert form.files[0].path.read_bytes() == data
    assert form.values("models") == ["headcount"]
    assert received(body, None, piece).files[0].data == data


@pytest.mark.parametrize(
    ("body", "limits", "status"),
    [
        (part("f", b"x" * 200_000, "a.jpg") + END, {}, 413),
        (part("f", b"x" * 2000, "a.jpg") + END, {"most_file_bytes": 1000}, 413),
        (b"".join(part("f", b"x", f"{n}.jpg") for n in range(4)) + END, {}, 413),
        (b"".join(part(f"f{n}", b"x") for n in range(60)) + END, {}, 413),
        (part("f", b"x" * 20_000) + END, {}, 413),
        (part("f", b"x", "a.jpg"), {}, 400),
        (b"nonsense", {}, 400),
        (b"", {}, 400),
        (b"--frontier\r\nno header\r\n\r\n", {}, 400),
    ],
)
def test_a_form_that_is_too_large_or_damaged_is_refused(
    tmp_path: Path, body: bytes, limits: dict[str, int], status: int
) -> None:
    with pytest.raises(Problem) as found:
        received(body, tmp_path, **limits)
    assert found.value.status == status


@pytest.mark.parametrize("boundary", ["x" * 5000, '"\x7f"', "a b"])
def test_a_boundary_that_no_form_has_is_refused(boundary: str) -> None:
    sent = Sent(b"--x\r\n", kind=f"multipart/form-data; boundary={boundary}")
    with pytest.raises(Problem) as found:
        asyncio.run(receive_form(sent, folder=None, most_bytes=99, most_files=1))  # type: ignore[arg-type]
    assert 400 <= found.value.status < 500


def test_a_body_that_is_no_form_is_refused() -> None:
    with pytest.raises(Problem) as found:
        asyncio.run(receive_form(Sent(b"{}", kind="application/json"), folder=None, most_bytes=9, most_files=1))  # type: ignore[arg-type]
    assert found.value.status == 415


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [
                    b"--frontier\r\n",
                    b"--frontier--",
                    b"\r\n",
                    b"\r\n\r\n",
                    b'Content-Disposition: form-data; name="f"',
                    b'; filename="../../x.jpg"',
                    b"Content-Disposition",
                    b": ",
                    b'; filename="',
                    b"\x00",
                    b'"',
                ]
            ),
        ),
        max_size=12,
    ),
    st.integers(1, 50),
)
def test_no_form_however_odd_is_anything_but_a_form_or_a_problem(pieces: list[bytes], piece: int) -> None:
    try:
        form = received(b"".join(pieces), None, piece)
    except Problem as problem:
        refused = problem.status
    else:
        refused = 0
        assert all("/" not in f.name for f in form.files)
    assert refused == 0 or 400 <= refused < 500


@given(st.text(max_size=200))
def test_a_name_names_a_file_in_its_own_folder_whatever_was_sent(text: str) -> None:
    name = safe_name(text)
    assert name
    assert Path(name).name == name
    assert not name.startswith(".")
    assert len(name) <= 100
    assert all(c.isprintable() for c in name)
    assert Path(name).suffix.lower() not in (".m3u8", ".m3u", ".sdp", ".mpd", ".concat", ".ffconcat", ".txt")


def test_names_keep_what_is_harmless() -> None:
    assert safe_name("Gäste am Tor (2).MP4") == "Gäste am Tor (2).mp4"
    assert safe_name("..\\..\\windows\\x.jpg") == "x.jpg"
    assert safe_name("/etc/passwd") == "passwd"
    assert safe_name("list.m3u8") == "list_m3u8"
    assert safe_name("") == "file"


def test_a_name_is_shown_with_the_ending_that_was_sent() -> None:
    assert sent_name("C:\\pictures\\Door 2.TGA") == "Door 2.tga"
    assert sent_name("../list.m3u8") == "list.m3u8"
    assert sent_name("no ending") == "no ending"
    assert sent_name("..") == "file"


def test_a_picture_is_told_from_a_video_by_what_is_in_it() -> None:
    assert kind_of("x.mp4", jpeg()) is ItemKind.PICTURE
    assert kind_of("x.jpg", b"\0\0\0\x20ftypisom") is ItemKind.PICTURE
    assert kind_of("x", b"\x1a\x45\xdf\xa3") is ItemKind.VIDEO
    assert kind_of("x.gif", b"GIF89a") is ItemKind.VIDEO


# ---- the folder


def test_files_of_a_killed_server_are_removed_at_the_next_start(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from desktop_app.web.upload_folder import UploadFolder\n"
        "folder = UploadFolder(pathlib.Path(sys.argv[1]))\n"
        "(folder.make() / 'secret.jpg').write_bytes(b'x')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=PATIENCE_S)
    assert ended.returncode == -9
    assert list(tmp_path.rglob("secret.jpg"))
    folder = UploadFolder(tmp_path)
    try:
        assert folder.swept == 1
        assert not list(tmp_path.rglob("secret.jpg"))
        assert folder.path.stat().st_mode & 0o077 == 0
        second = UploadFolder(tmp_path)
        assert second.swept == 0, "a folder in use stays"
        second.close()
        assert folder.path.is_dir()
    finally:
        folder.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_the_system_cleared_away_is_made_again(tmp_path: Path) -> None:
    """What lies in /tmp for days and nobody touches, many systems remove."""
    folder = UploadFolder(tmp_path)
    shutil.rmtree(folder.path)
    assert folder.free_bytes() > 0
    made = folder.make()
    assert made.is_dir()
    second = UploadFolder(tmp_path)
    assert second.swept == 0, "the new one is locked, too"
    second.close()
    assert made.is_dir()
    folder.close()
    assert not made.exists()


def test_a_link_beside_the_folder_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "in-use.lock").touch()
    (precious / "data").write_text("mine")
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "headcount-uploads-x").symlink_to(precious)
    UploadFolder(uploads).close()
    assert (precious / "data").read_text() == "mine"


def test_the_lock_of_a_folder_is_held_while_it_is_used(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    assert not FileLock(folder.path / "in-use.lock").acquire()
    folder.close()
