"""Shows a count on phones while the window counts: a server beside the window, reachable in the local network."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from desktop_app.session.manager import SessionManager
from desktop_app.settings import data_dir
from desktop_app.store.store import Store
from desktop_app.web.access import Access, Role, new_token
from desktop_app.web.context import make_context
from desktop_app.web.security import is_loopback
from desktop_app.web.serving import ServerThread, listen
from desktop_app.web.settings import WebSettings

DEFAULT_PORT = 8080


def tokens_file() -> Path:
    """Return where the hashes of this user's tokens are kept."""
    return data_dir() / "web" / "tokens.json"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where the live count is seen. `address` signs a phone in by itself (for a QR code); `shown` is for the eye."""

    address: str
    shown: str


class BackgroundServer:
    """A server that `start_in_thread` started. All methods may be called from any thread."""

    def __init__(self, thread: ServerThread, invitation: Invitation) -> None:
        self._thread = thread
        self.invitation = invitation

    @property
    def address(self) -> str:
        """The address to be opened on a phone; it holds a token that allows seeing, and nothing else."""
        return self.invitation.address

    @property
    def is_running(self) -> bool:
        return self._thread.is_running

    def stop(self, timeout_s: float = 8.0) -> bool:
        """End it, and with it the token of the address; return whether it ended in time. Idempotent."""
        return self._thread.stop(timeout_s)


def start_in_thread(
    manager: SessionManager,
    store: Store | None = None,
    *,
    host: str = "0.0.0.0",
    port: int = DEFAULT_PORT,
    wait_s: float = 10.0,
) -> BackgroundServer:
    """Serve the live count of a manager in the local network, to whoever has the address with its token.

    The token is made for this start and kept nowhere. Where the port is taken, any free one is used. Waits up to
    `wait_s` seconds for the first answer. Raises SourceError where no port can be had.
    """
    settings = WebSettings(host=host, port=port)
    try:
        listening = listen(host, port)
    except Exception:
        if port == 0:
            raise
        listening = listen(host, 0)
    token = new_token()
    access = Access(tokens_file(), given={Role.SEE: token})
    context = make_context(settings, access, manager=manager, store=store)
    thread = ServerThread(context, listening)
    thread.wait_started(wait_s)
    reached = host if is_loopback(host) else local_address()
    base = f"http://{in_url(reached)}:{listening.getsockname()[1]}"
    return BackgroundServer(thread, Invitation(f"{base}/enter?token={quote(token)}", f"{base}/live"))


def local_address() -> str:
    """Return the address of this computer in its network, "127.0.0.1" without one. Nothing is sent."""
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return "127.0.0.1"


def in_url(host: str) -> str:
    """Return an address as it is written in a URL: IPv6 in brackets."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
