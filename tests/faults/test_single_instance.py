"""The socket of the running window: only this user's program receives an address, and only it is heard."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.ui.window.single_instance import InstanceServer, hand_over, meeting_place, same_user

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a socket of the file system")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_socket_lies_where_nobody_else_looks(qtbot: QtBot) -> None:
    server = InstanceServer()
    try:
        assert server.listening
        assert mode(Path(server.address).parent) == 0o700
        assert mode(meeting_place()) == 0o600
    finally:
        server.close()
    assert not meeting_place().exists()


def test_a_socket_in_an_open_folder_is_told_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as trap:
        trap.bind(str(tmp_path / "trap"))
        trap.listen()
        trap.settimeout(0.2)
        meeting_place().parent.mkdir(parents=True, exist_ok=True)
        meeting_place().write_text(json.dumps({"address": str(tmp_path / "trap")}))
        assert not hand_over(["rtsp://door:s3cret@camera/1"])
        with pytest.raises(TimeoutError):
            heard.append(trap.accept()[0].recv(100))
    assert heard == []


@pytest.mark.parametrize("text", ["", "[]", '{"address": 5}', '{"address": "/nowhere/x"}', "[" * 100_000, "\0"])
def test_a_damaged_notice_is_no_running_program(qtbot: QtBot, text: str) -> None:
    meeting_place().parent.mkdir(parents=True, exist_ok=True)
    meeting_place().write_text(text)
    assert not hand_over(["x.mp4"])


def test_a_notice_that_is_a_pipe_is_not_waited_for(qtbot: QtBot) -> None:
    meeting_place().parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(meeting_place())
    assert not hand_over(["x.mp4"])


@pytest.mark.parametrize("message", [b"[" * 60_000 + b"\n", b"{}\n", b'{"open": 7}\n', b"\xff\xfe\n", b"x" * 200_000])
def test_what_is_not_understood_is_not_opened(qtbot: QtBot, message: bytes) -> None:
    server = InstanceServer()
    asked: list[object] = []
    server.asked.connect(asked.append)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(server.address)
        client.setblocking(False)
        sent = 0
        for _ in range(200):
            try:
                sent += client.send(message[sent:]) if sent < len(message) else 0
            except OSError:
                break
            qtbot.wait(2)
    server.close()
    assert asked == []


def test_the_same_user_is_known() -> None:
    first, second = socket.socketpair(socket.AF_UNIX)
    with first, second:
        assert same_user(first.fileno())
    assert not same_user(-1)
