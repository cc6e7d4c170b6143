"""Runs the server: in this thread until it is asked to end, or beside a window."""

from __future__ import annotations

import contextlib
import errno
import importlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from desktop_app.errors import SettingsError, SourceError
from desktop_app.web.app import create_app
from desktop_app.web.context import WebContext
from desktop_app.web.protocol import BoundedProtocol

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 4000
END_LIMIT_S = 5
_WANTED_FILES = 8192


class Server(uvicorn.Server):
    """Ends the open streams first, so that a request to end is not held up by whoever watches."""

    def __init__(self, config: uvicorn.Config, context: WebContext, on_started: Callable[[], object]) -> None:
        super().__init__(config)
        self._context = context
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._context.live.end()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the server: the command line turns them into `should_exit`."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address. Raises SourceError where it is taken, not allowed or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        listening = socket.socket(found[0][0], socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(found[0][4])
            listening.listen(1024)
        except BaseException:
            listening.close()
            raise
        return listening
    except (OSError, UnicodeError) as error:  # names that cannot be put into letters of the network are no OSError
        reason = getattr(error, "strerror", None) or "this is no address"
        raise SourceError(f"Nothing can be served at {host}, port {port} ({reason}).", _remedy_of(error)) from error


def _remedy_of(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if isinstance(error, UnicodeError | socket.gaierror) or number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return "Give an address of this computer: 127.0.0.1 for this computer alone, 0.0.0.0 for others, too (--host)."
    if number == errno.EACCES:
        return "Choose a port from 1024 on (--port): the system keeps those below for itself."
    return "Choose another port (--port), or end the program that uses it."


def make_server(context: WebContext, on_started: Callable[[], object] = lambda: None) -> Server:
    """Return a server over a context; `run(sockets=[...])` serves until its `should_exit` is set.

    Raises SettingsError for a certificate and a key that cannot be used.
    """
    settings = context.settings
    _allow_many_files()
    config = uvicorn.Config(
        create_app(context),
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",  # what a stranger's odd request is worth no line
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=END_LIMIT_S,
        ssl_certfile=str(settings.tls_cert) if settings.tls_cert else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
        # Where a key asks for a password, this is refused: OpenSSL would ask whoever sits at the terminal, if any.
        ssl_keyfile_password="none",
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"The certificate and its key cannot be used for https ({error}).",
            "Give two PEM files that belong together, the key without a password (--tls-cert, --tls-key).",
        ) from error
    return Server(config, context, on_started)


def _allow_many_files() -> None:
    """Raise this process's own limit of open files: every viewer is one."""
    try:
        resource: Any = importlib.import_module("resource")
    except ImportError:  # Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class ServerThread:
    """A server on a thread of its own. `stop` may be called from any thread."""

    def __init__(self, context: WebContext, listening: socket.socket) -> None:
        self._listening = listening
        self._started = threading.Event()
        self._server = make_server(context, self._started.set)
        self._thread = threading.Thread(target=self._run, name="headcount-web", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive() and self._started.is_set()

    def wait_started(self, timeout_s: float = 10.0) -> bool:
        """Wait until requests are answered; False where that did not come about."""
        return self._started.wait(timeout_s) and self._thread.is_alive()

    def stop(self, timeout_s: float = 8.0) -> bool:
        """End it; return whether it ended in time. Idempotent."""
        self._server.should_exit = True
        self._thread.join(timeout_s)
        self._listening.close()
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listening])
        except Exception:
            log.exception("the web server ended by a mistake of ours")
