"""A server on loopback that answers with exactly the bytes a test gives it, well-formed or not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

from tests.patience import PATIENCE_S

Answer = bytes | Iterable[bytes]
"""Sent as it is; of an iterable each part is sent on its own, until the connection or the server ends."""

Responder = Callable[[str, str], Answer]
"""From the path and the head of a request to the answer."""


class HostileServer:
    """Answers each connection once, with what `respond` makes of its request, and closes it."""

    def __init__(self, respond: Responder) -> None:
        self._respond = respond
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.stopping = threading.Event()
        self.heads: list[str] = []
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        self._socket.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(PATIENCE_S)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="hostile-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE_S)
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = connection.recv(4096)
                if not chunk:
                    return
                head += chunk
            text = head.decode("latin-1")
            self.heads.append(text)
            path = text.split(" ", 2)[1] if text.count(" ") >= 2 else ""
            answer = self._respond(path, text)
            for part in [answer] if isinstance(answer, bytes) else answer:
                if self.stopping.is_set():
                    return
                connection.sendall(part)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(0.5)
                connection.recv(1)


@contextlib.contextmanager
def hostile(respond: Responder | Answer) -> Iterator[HostileServer]:
    """Run a `HostileServer` for a block; bytes are answered to everything."""
    server = HostileServer(respond if callable(respond) else lambda _path, _head: respond)
    try:
        yield server
    finally:
        server.kill()


def ok(body: bytes, kind: str = "video/mp4", length: bool = True, extra: str = "") -> bytes:
    """Return a plain answer that knows no ranges."""
    stated = f"Content-Length: {len(body)}\r\n" if length else ""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{stated}{extra}Connection: close\r\n\r\n".encode() + body
