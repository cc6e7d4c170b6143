"""One window a user: a second start hands its files to the first and ends.

An address may hold a password, so only the same user's program may receive it. Where the running program listens is
written into a file that nobody else can read, under a name that cannot be guessed; on Linux and macOS the socket lies
in a folder closed to others, and each side asks the system who the other one is.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import stat
import struct
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop_app.settings import data_dir, write_atomically
from desktop_app.system.safe_file import read_text
from desktop_app.system.safe_json import parse_json

_LOG = logging.getLogger(__name__)

_MAX_BYTES = 65_536
_MAX_SOURCES = 100
_WAIT_MS = 1_000
_LONGEST_PATH = 100
"""Bytes; the system takes no longer name for a socket (104 on macOS, 108 on Linux)."""


def meeting_place(suffix: str = "") -> Path:
    """Return the file that says where the running program listens."""
    return data_dir() / f"instance{'-' + suffix if suffix else ''}.json"


def hand_over(sources: list[str], suffix: str = "") -> bool:
    """Tell a running program to come to the front and open `sources`; return False where none of this user's runs."""
    address = _address(meeting_place(suffix))
    if not address:
        return False
    connection = QLocalSocket()
    connection.connectToServer(address)
    if not connection.waitForConnected(_WAIT_MS):
        return False
    if not same_user(int(connection.socketDescriptor())):
        _LOG.warning("another user's program answers on this program's socket; it is told nothing")
        connection.abort()
        return False
    connection.write(json.dumps({"open": sources}).encode() + b"\n")
    connection.flush()
    # With nothing left to write, Qt's waiting for it counts as a failure.
    written = connection.bytesToWrite() == 0 or connection.waitForBytesWritten(_WAIT_MS)
    # The answer tells a program that lives from one that hangs: with the latter a second window is better than none.
    answered = (
        written and connection.waitForReadyRead(_WAIT_MS) and bytes(connection.readAll().data()).startswith(b"ok")
    )
    connection.disconnectFromServer()
    return bool(answered)


def _address(place: Path) -> str:
    """Return where the running program listens, "" where none runs or where somebody else could listen there."""
    try:
        found = parse_json(read_text(place, _MAX_BYTES))
        address = found["address"] if isinstance(found, dict) else ""
    except (OSError, ValueError, KeyError):
        return ""
    if not isinstance(address, str) or not address:
        return ""
    if os.name != "nt" and not is_private(Path(address).parent):
        return ""
    return address


def is_private(folder: Path) -> bool:
    """Tell whether a folder is the user's own and closed to others."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077


def same_user(descriptor: int) -> bool:
    """Tell whether the other end of a local socket belongs to this user; True where the system cannot be asked."""
    platform: str = sys.platform
    if platform == "win32":
        return True
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=os.dup(descriptor)) as end:
            if platform.startswith("linux"):
                found = end.getsockopt(socket.SOL_SOCKET, getattr(socket, "SO_PEERCRED"), 12)  # noqa: B009
                return int(struct.unpack("3i", found)[1]) == os.getuid()
            if platform == "darwin":
                found = end.getsockopt(0, 1, 76)  # SOL_LOCAL, LOCAL_PEERCRED: version and user first
                return int(struct.unpack_from("II", found)[1]) == os.getuid()
    except (OSError, OverflowError, struct.error):
        return False
    return True


def _new_address() -> str:
    """Return a name nobody can guess, for a socket in a folder of the user's own."""
    name = secrets.token_hex(12)
    if os.name == "nt":
        return f"headcount-{name}"
    for folder in (os.environ.get("XDG_RUNTIME_DIR", ""), str(data_dir())):
        path = _private_folder(Path(folder) / "headcount-run") if folder else None
        if path is not None and len(os.fsencode(path / name)) <= _LONGEST_PATH:
            return str(path / name)
    return f"{tempfile.mkdtemp(prefix='headcount-')}/{name}"


def _private_folder(folder: Path) -> Path | None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
    except OSError:
        return None
    return folder if is_private(folder) else None


class InstanceServer(QObject):
    """Listens for later starts. Signal `asked(list of source texts)`, an empty list to come to the front only."""

    asked = Signal(object)

    def __init__(self, suffix: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._place = meeting_place(suffix)
        self._address = _new_address()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        if not self._server.listen(self._address):
            _LOG.warning("a second start will open a second window: %s", self._server.errorString())
            return
        try:
            text = json.dumps({"address": self._address}).encode()
            write_atomically(self._place, text, make_folder=True, private=True)
        except OSError as error:
            _LOG.warning("a second start will open a second window: %s", error)

    @property
    def listening(self) -> bool:
        return self._server.isListening()

    @property
    def address(self) -> str:
        """Where it listens: a path, on Windows a name."""
        return self._address

    def close(self) -> None:
        """Stop listening, and take the notice away unless a later program has written its own. Idempotent."""
        self._server.close()
        if _address(self._place) == self._address:
            self._place.unlink(missing_ok=True)

    def _connected(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            connection.disconnected.connect(connection.deleteLater)
            if not same_user(int(connection.socketDescriptor())):
                _LOG.warning("another user's program spoke on this program's socket and was not heard")
                connection.abort()
                continue
            connection.readyRead.connect(lambda c=connection: self._read(c))
            if connection.bytesAvailable():
                self._read(connection)

    def _read(self, connection: QLocalSocket) -> None:
        if not self.listening:  # the window is closing: what is asked for now, a start of its own does
            connection.abort()
            return
        if not connection.canReadLine():
            if connection.bytesAvailable() > _MAX_BYTES:
                connection.abort()
            return
        try:
            message = parse_json(bytes(connection.readLine(_MAX_BYTES).data()))
            sources = [str(s) for s in message["open"][:_MAX_SOURCES]]
        except (ValueError, KeyError, TypeError):
            _LOG.warning("a message on the program's socket was not understood")
            connection.abort()
            return
        connection.write(b"ok\n")
        connection.flush()
        self.asked.emit(sources)
