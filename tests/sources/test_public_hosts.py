"""The address of a picture that a stranger gives leads to the public internet or nowhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from desktop_app.errors import SourceError
from desktop_app.sources import asking, public_hosts


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
        *("2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378::1", "fec0::1", "::127.0.0.1", "::ffff:0:10.0.0.1"),
        *("", "example.org", "1", "0x7f.1", "017700000001"),
    ],
)
def test_no_address_of_a_private_network_is_public(address: str) -> None:
    assert not public_hosts.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_public_internet_is(address: str) -> None:
    assert public_hosts.is_public(address)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append(self.path)
        if server.leads_to:
            self.send_response(302)
            self.send_header("Location", server.leads_to)
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"secret")

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def inside() -> Iterator[Any]:
    """A server in the private network; `asked` are the paths that reached it."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.asked, server.leads_to = [], ""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(url: str) -> bytes:
    return asking.download(url, 5.0, 1000, lambda: False, public_only=True)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "localhost",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ),
        *("user@127.0.0.1", "127.0.0.1.", "LOCALHOST"),
    ],
)
def test_every_way_to_write_this_computer_is_refused(inside: Any, host: str) -> None:
    with pytest.raises(SourceError):
        fetch(f"http://{host}:{inside.server_address[1]}/secret")
    assert inside.asked == []


def test_where_it_is_allowed_the_private_network_is_reached(inside: Any) -> None:
    url = f"http://127.0.0.1:{inside.server_address[1]}/camera.jpg"
    assert asking.download(url, 5.0, 1000, lambda: False) == b"secret"


def test_a_name_that_resolves_into_the_private_network_is_refused_at_connection_time(
    inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(SourceError, match="private network"):
        fetch(f"http://pictures.example:{inside.server_address[1]}/secret")
    assert inside.asked == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is resolved once: what a second question would answer does not matter."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    reached: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(public_hosts.socket.socket, "connect", connect, raising=False)
    with pytest.raises(SourceError):
        fetch("http://pictures.example:8000/a.jpg")
    assert reached == [("93.184.216.34", 8000)]


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/secret", "http://localhost:{port}/secret", "file:///etc/passwd", "ftp://127.0.0.1/x"],
)
def test_a_redirection_is_checked_like_the_first_address(
    inside: Any, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    port = inside.server_address[1]
    inside.leads_to = target.format(port=port)
    real = public_hosts.is_public
    seen: list[str] = []

    def first_is_public(text: str) -> bool:
        seen.append(text)
        return len(seen) == 1 or real(text)

    monkeypatch.setattr(public_hosts, "is_public", first_is_public)
    with pytest.raises(SourceError):
        fetch(f"http://127.0.0.1:{port}/start")
    assert inside.asked == ["/start"]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://1.1.1.1/x", "data:image/png;base64,AAAA", "gopher://1.1.1.1/"]
)
def test_nothing_but_http_is_opened(url: str) -> None:
    with pytest.raises(SourceError):
        fetch(url)


def test_a_proxy_of_the_environment_is_not_used(inside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{inside.server_address[1]}")
    with pytest.raises(SourceError, match="private network"):
        fetch("http://127.0.0.1:1/x")
    assert inside.asked == []
