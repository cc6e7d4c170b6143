"""One window a user: a second start hands its files to the first and ends."""

from __future__ import annotations

import getpass
import hashlib
import json
import logging

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_LOG = logging.getLogger(__name__)

_MAX_BYTES = 65_536
_WAIT_MS = 1_000


def server_name(suffix: str = "") -> str:
    """Return the name of the socket; another one for each user of the computer."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "user"
    return "headcount-" + hashlib.sha256(f"{user}{suffix}".encode()).hexdigest()[:16]


def hand_over(sources: list[str], name: str | None = None) -> bool:
    """Tell a running program to come to the front and open `sources`; return False where none runs."""
    socket = QLocalSocket()
    socket.connectToServer(name or server_name())
    if not socket.waitForConnected(_WAIT_MS):
        return False
    socket.write(json.dumps({"open": sources}).encode() + b"\n")
    socket.flush()
    # With nothing left to write, Qt's waiting for it counts as a failure.
    written = socket.bytesToWrite() == 0 or socket.waitForBytesWritten(_WAIT_MS)
    # The answer tells a program that lives from one that hangs: with the latter a second window is better than none.
    answered = written and socket.waitForReadyRead(_WAIT_MS) and bytes(socket.readAll().data()).startswith(b"ok")
    socket.disconnectFromServer()
    return bool(answered)


class InstanceServer(QObject):
    """Listens for later starts. Signal `asked(list of source texts)`, an empty list to come to the front only."""

    asked = Signal(object)

    def __init__(self, name: str | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        name = name or server_name()
        if not self._server.listen(name):
            # Left behind by a program that was killed: nobody answered it, so it may go.
            QLocalServer.removeServer(name)
            if not self._server.listen(name):
                _LOG.warning("a second start will open a second window: %s", self._server.errorString())

    @property
    def listening(self) -> bool:
        return self._server.isListening()

    def close(self) -> None:
        self._server.close()

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda s=socket: self._read(s))
            socket.disconnected.connect(socket.deleteLater)
            if socket.bytesAvailable():
                self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _MAX_BYTES:
                socket.abort()
            return
        try:
            message = json.loads(bytes(socket.readLine().data()))
            sources = [str(s) for s in message["open"]]
        except (ValueError, KeyError, TypeError):
            _LOG.warning("a message on the program's socket was not understood")
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.asked.emit(sources)
