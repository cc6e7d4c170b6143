"""A web server on loopback for the tests: files, Motion-JPEG, pages, error statuses, and a server that says nothing."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain",
}
BOUNDARY = "frame"


class _Handler(BaseHTTPRequestHandler):
    server: TestServer

    def do_GET(self) -> None:
        self.server.referers.append(self.headers.get("Referer", ""))
        path = unquote(urlsplit(self.path).path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if path == "/mjpeg":
                self._mjpeg()
            elif path.startswith("/status/"):
                self.send_error(int(path.rpartition("/")[2]))
            elif path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/mjpeg")
                self.end_headers()
            elif path == "/locked" and "Authorization" not in self.headers:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
            elif path == "/locked":
                self._mjpeg()
            else:
                self._file(path)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        self.server.requests.append(format % args)

    def _mjpeg(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        number = 0
        while not self.server.stopping.is_set():
            if self.server.hung.is_set():
                self.server.stopping.wait(0.05)
                continue
            picture = self.server.pictures[number % len(self.server.pictures)]
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self.wfile.write(head.encode() + picture + b"\r\n")
            number += 1
            self.server.sent = number
            self.server.stopping.wait(1 / self.server.fps)

    def _file(self, path: str) -> None:
        root = self.server.root
        file = root / path.lstrip("/") if root is not None else None
        if file is None or not file.is_file():
            self.send_error(404)
            return
        data = file.read_bytes()
        first, last = 0, len(data) - 1
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            start, _, end = wanted[len("bytes=") :].partition("-")
            first, last = int(start), int(end) if end else last
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", CONTENT_TYPES.get(file.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])


class TestServer(ThreadingHTTPServer):
    """`root` holds the files served; `pictures` are the JPEG files that /mjpeg repeats at `fps`; `hung` silences it."""

    __test__ = False
    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True

    def __init__(self, port: int = 0, root: Path | None = None, pictures: list[bytes] | None = None) -> None:
        self.root = root
        self.pictures = pictures or []
        self.fps = 20.0
        self.stopping = threading.Event()
        self.hung = threading.Event()
        self.requests: list[str] = []
        self.sent = 0
        """How many pictures the latest client of /mjpeg was sent."""
        self.referers: list[str] = []
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="test-http")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what many of the tests are about."""

    def kill(self) -> None:
        """Break every connection off and stop listening, as a crashed camera does."""
        self.stopping.set()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.shutdown()
        self.server_close()
        self._thread.join()


@contextlib.contextmanager
def silent_server(greeting: bytes = b"", port: int = 0) -> Iterator[int]:
    """A TCP server that accepts every connection and never says a word (but `greeting`); gives its port."""
    listener = socket.create_server(("127.0.0.1", port))
    listener.settimeout(0.05)
    stopping = threading.Event()
    accepted: list[socket.socket] = []

    def accept() -> None:
        while not stopping.is_set():
            with contextlib.suppress(TimeoutError):
                accepted.append(listener.accept()[0])
                accepted[-1].sendall(greeting)

    thread = threading.Thread(target=accept, name="test-silent")
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopping.set()
        thread.join()
        for connection in accepted:
            connection.close()
        listener.close()


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections, held so that nobody else gets it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def free_port() -> int:
    """A port for a server that is stopped and started again.

    It is none of those that the system gives to whoever wants any, which somebody else could have in between.
    """
    for port in range(20_000 + os.getpid() * 97 % 9_000, 30_000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no free port between 20000 and 30000")
