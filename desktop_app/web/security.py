"""What every request passes before anything looks at it, and what every answer carries.

Plain ASGI, so that a stream stays one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desktop_app.web.access import COOKIE, Identity, Role
from desktop_app.web.problems import Problem, answer

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # With "no-referrer" browsers send "Origin: null" with the forms of this server's own pages (Fetch, 3.2), and over
    # plain http from another device nothing else says where a form comes from.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "x-frame-options": "DENY",
}

MOST_BODY_BYTES = 1_000_000
"""For everything but uploads, which count their bytes themselves."""

BODY_SILENCE_S = 20.0
SLOWEST_BYTES_A_S = 1000
"""A body that comes slower than this on the whole is broken off; it would hold a connection for hours."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "localhost.localdomain"})


def is_loopback(host: str) -> bool:
    """Whether an address to listen at can be reached from this computer only."""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(address: str) -> tuple[str, str]:
    """Return the host of an address, and the host with its port, in lower case; "" for what is no address."""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "").lower(), parts.netloc.lower()
    except ValueError:
        return "", ""


class SecurityHeaders:
    """Adds the headers that keep a browser from doing more with a page than it should."""

    def __init__(self, app: ASGIApp, secure: bool = False) -> None:
        self._app = app
        self._headers = {**HEADERS, **({"strict-transport-security": "max-age=31536000"} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class KnownHosts:
    """Refuses requests for names that are not this server's.

    Without it, a page elsewhere whose name is made to lead to 127.0.0.1 (DNS rebinding) could read a server that is
    open to this computer. A server that asks for a token takes any name: such a page has no token.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...] | None) -> None:
        self._app = app
        self._names = None if names is None else {*_LOOPBACK_NAMES, *(n.lower() for n in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._names is not None:
            host = _parts(f"//{Headers(scope=scope).get('host', '')}")[0]
            if host not in self._names and not is_loopback(host):
                problem = Problem(421, "This server does not go by that name.", "Use the address it printed.")
                await _refuse(scope, receive, send, problem)
                return
        await self._app(scope, receive, send)


class SameOrigin:
    """Refuses changes that a page from elsewhere asks a browser to make (CSRF).

    Browsers say where a request comes from (Sec-Fetch-Site, Origin); programs send neither, and have no cookies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not self._is_own(Headers(scope=scope)):
            problem = Problem(
                403, "A page from elsewhere asked for this.", "Open this server's own page and try again."
            )
            await _refuse(scope, receive, send, problem)
            return
        await self._app(scope, receive, send)

    @staticmethod
    def _is_own(headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            return True
        return origin != "null" and _parts(origin)[1] == headers.get("host", "").lower()


class BoundedBodies:
    """Ends requests whose body is too large or comes too slowly."""

    def __init__(self, app: ASGIApp, most_upload_bytes: int, upload_paths: tuple[str, ...]) -> None:
        self._app = app
        self._most_upload_bytes = most_upload_bytes
        self._upload_paths = upload_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_upload = scope["path"] in self._upload_paths
        most = self._most_upload_bytes if is_upload else MOST_BODY_BYTES
        length = Headers(scope=scope).get("content-length", "")
        if length.isascii() and length.isdecimal() and int(length[:18]) > most:
            problem = Problem(413, "This is too large.", f"At most {most // 10**6} MB are taken.", headers=_CLOSE)
            await _refuse(scope, receive, send, problem)
            return
        received, began, over, answered = 0, time.monotonic(), False, asyncio.Event()

        async def bounded_receive() -> Message:
            nonlocal received, over
            if over or answered.is_set():
                return await receive()  # waits for the other side to leave: no limit on that
            try:
                message = await asyncio.wait_for(receive(), BODY_SILENCE_S)
            except TimeoutError:
                if answered.is_set():  # a stream has begun meanwhile
                    return await receive()
                raise Problem(408, "The rest of the request did not come.", "Send it again.", headers=_CLOSE) from None
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                over = not message.get("more_body", False)
                if received > most:
                    raise Problem(413, "This is too large.", f"At most {most // 10**6} MB are taken.", headers=_CLOSE)
                took_s = time.monotonic() - began
                if not over and took_s > BODY_SILENCE_S and received < took_s * SLOWEST_BYTES_A_S:
                    raise Problem(408, "The request comes too slowly.", "Send it again.", headers=_CLOSE)
            return message

        async def noting_send(message: Message) -> None:
            answered.set()
            await send(message)

        await self._app(scope, bounded_receive, noting_send)


_CLOSE = {"connection": "close"}


async def _refuse(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    """Answer a request that does not reach the application, as every other problem is answered."""
    await answer(Request(scope), problem)(scope, receive, send)


def client_of(request: Request) -> str:
    """Return what a rate is limited by: the other side's address, a whole /64 for IPv6."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host


def identity_of(request: Request) -> Identity | None:
    """Return who asks: by the Authorization header, a cookie, or because this server is open to this computer."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    shown = token if kind.lower() == "bearer" else None
    found: Identity | None = request.app.state.context.access.identify(shown, request.cookies.get(COOKIE))
    return found


def needs(role: Role) -> Callable[[Request], Awaitable[Identity]]:
    """Return a dependency that lets in who has at least this role, and says who it is. Raises Problem 401 or 403."""

    async def check(request: Request) -> Identity:
        identity = identity_of(request)
        if identity is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "A token is needed.",
                "Sign in with the token that “headcount serve” showed at its first start.",
                headers={"www-authenticate": "Bearer"},
            )
        if identity.role < role:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                f"This token may not do that: it is for “{identity.role.word}”, and “{role.word}” is needed.",
                "Ask whoever runs this server for another token.",
            )
        return identity

    return check


def limit_rate(limit: Any, request: Request) -> None:
    """Raise Problem 429 where the other side did this too often; `limit` is a `RateLimit`."""
    wait_s = limit.take(client_of(request))
    if wait_s > 0:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many requests.",
            f"Wait {wait_s:.0f} s and try again.",
            headers={"retry-after": str(int(wait_s) + 1)},
        )
