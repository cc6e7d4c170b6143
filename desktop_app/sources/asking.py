"""Asks a server directly what lies at an address, because FFmpeg only says that it could not open it.

Whatever a server answers, what comes out of this module is an answer or a `SourceError`: the standard library raises
many kinds of exceptions over malformed headers, and one that is not foreseen must not end the program.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from desktop_app.errors import SourceError
from desktop_app.sources import public_hosts
from desktop_app.sources.net import (
    hide_password,
    host_and_port,
    http_error,
    network_error,
    silent_error,
    split_address,
)
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_file import size_text

USER_AGENT = "Mozilla/5.0 (compatible; Headcount)"

_CHUNK_BYTES = 65536
_LONGEST_NUMBER = 18
"""Digits; a length of more is a lie, and Python refuses to read very long ones."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The head of a web server's answer.

    `content_type` is in lower case without its parameters, `length` None if not stated, `url` the address after
    redirections, `ranges` whether the server can send a part of the file, `headers` the headers by lower-case name.
    """

    status: int
    content_type: str
    length: int | None
    url: str
    ranges: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpStream:
    """An answer under way. `read` belongs to one thread, `close` may be called from any and ends a read under way."""

    def __init__(self, answer: http.client.HTTPResponse, head: HttpAnswer, limit_s: float) -> None:
        self._answer = answer
        self._limit_s = limit_s
        self._reading = threading.Lock()
        self._closed = False
        self.head = head

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """Return what has arrived, at most `size` bytes, b"" at the end and after `close`.

        Raises SourceError where the server falls silent or breaks off.
        """
        try:
            with self._reading, answering(self.head.url, self._limit_s):
                return b"" if self._closed else self._answer.read1(size)
        except SourceError:
            if self._closed:
                return b""
            raise
        finally:
            self._close_if_asked()

    def close(self) -> None:
        self._closed = True
        raw = getattr(getattr(self._answer, "fp", None), "raw", None)
        connection = getattr(raw, "_sock", None)
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
            except OSError:
                pass  # the other side was faster
        self._close_if_asked()

    def _close_if_asked(self) -> None:
        if self._closed and self._reading.acquire(blocking=False):
            try:
                self._answer.close()
            finally:
                self._reading.release()


def file_name(url: str) -> str:
    """Return the last part of an address's path, for the eye; "" where it has none."""
    return printable(unquote(PurePosixPath(urlsplit(url).path).name))


def check_reachable(url: str, limit_s: float) -> None:
    """Connect to the server once. Raises a SourceError that says why it cannot be reached."""
    host, port = host_and_port(url)
    try:
        with socket.create_connection((host, port), timeout=limit_s):
            return
    except (OSError, ValueError, OverflowError) as error:
        raise network_error(url, error, limit_s) from error


def ask_http(url: str, limit_s: float, *, ranges: bool = False) -> HttpAnswer:
    """Ask a web server for the head of what lies at `url`, following redirections.

    `ranges` asks as well whether it can send a part of it; simple cameras stumble over the question.

    Name and password in the URL are sent as the server asks for them. Raises SourceError if the server cannot be
    reached or does not answer within `limit_s` seconds; an error status is returned, not raised.
    """
    with answering(url, limit_s):
        try:
            with _http_open(url, limit_s, {"Range": "bytes=0-"} if ranges else None) as answer:
                return _head(answer, url)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 416:  # an empty file has no first byte
                    return HttpAnswer(200, "", 0, url)
                return HttpAnswer(error.code, "", None, url)


def open_http(url: str, limit_s: float, *, public_only: bool = False) -> HttpStream:
    """Open what lies at `url` for reading. Raises SourceError as `ask_http`, and for an error status.

    With `public_only` no connection is made into a private network; see `sources.public_hosts`.
    """
    with answering(url, limit_s):
        try:
            answer = _http_open(url, limit_s, public_only=public_only)
        except urllib.error.HTTPError as error:
            with error:
                raise http_error(url, error.code) from error
        return HttpStream(answer, _head(answer, url), limit_s)


def part_of(url: str, limit_s: float, first: int, count: int) -> bytes:
    """Fetch `count` bytes of a file from byte number `first` on, fewer at its end.

    Raises SourceError if the server cannot be reached or refuses, or sends the whole file where a later part was asked.
    """
    with answering(url, limit_s):
        try:
            with _http_open(url, limit_s, {"Range": f"bytes={first}-{first + count - 1}"}) as answer:
                if answer.status != 206 and first > 0:
                    raise http_error(url, answer.status)
                return answer.read(count)
        except urllib.error.HTTPError as error:
            with error:
                raise http_error(url, error.code) from error


def download(
    url: str,
    limit_s: float,
    most_bytes: int,
    cancelled: Callable[[], bool],
    what: str = "picture",
    *,
    public_only: bool = False,
) -> bytes:
    """Fetch a whole file of at most `most_bytes` within `limit_s` seconds; b"" once `cancelled()`.

    Raises SourceError if the server cannot be reached, refuses, or sends more or slower than that.
    """
    data = bytearray()
    head = download_into(data.extend, url, limit_s, most_bytes, cancelled, what, public_only=public_only)
    return b"" if head is None else bytes(data)


def download_into(
    take: Callable[[bytes], object],
    url: str,
    limit_s: float,
    most_bytes: int,
    cancelled: Callable[[], bool],
    what: str = "picture",
    *,
    public_only: bool = False,
) -> HttpAnswer | None:
    """Hand a whole file to `take`, piece by piece, and return the head of the answer; None once `cancelled()`.

    Raises SourceError as `download`.
    """
    deadline = time.monotonic() + limit_s
    done = 0
    stream = open_http(url, limit_s, public_only=public_only)
    try:
        while not cancelled():
            chunk = stream.read()
            if not chunk:
                if done < (stream.head.length or 0):
                    raise SourceError(
                        f"What lies at “{hide_password(url)}” broke off after {size_text(done)}.",
                        "Try again; check the network.",
                        retryable=True,
                    )
                return stream.head
            done += len(chunk)
            if done > most_bytes:
                raise SourceError(
                    f"What lies at “{hide_password(url)}” is too large for a {what} (over {size_text(most_bytes)}).",
                    "Download it and open the file.",
                )
            take(chunk)
            if time.monotonic() > deadline:
                raise silent_error(url, limit_s)
    finally:
        stream.close()
    return None


@contextmanager
def _closing_on_failure(answer: Any) -> Iterator[None]:
    """Close an answer over which a handler of `urllib` stumbles; it does not do so itself."""
    try:
        yield
    except urllib.error.HTTPError:
        raise  # holds the answer, and whoever catches it closes it
    except Exception:
        answer.close()
        raise


class _BasicHandler(urllib.request.HTTPBasicAuthHandler):
    def http_error_401(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        with _closing_on_failure(fp):
            return super().http_error_401(req, fp, code, msg, headers)


class _DigestHandler(urllib.request.HTTPDigestAuthHandler):
    """Digest login with the algorithm of newer cameras besides the one that `urllib` knows (RFC 7616)."""

    def http_error_401(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        with _closing_on_failure(fp):
            return super().http_error_401(req, fp, code, msg, headers)

    def get_algorithm_impls(self, algorithm: str) -> tuple[Callable[[str], str], Callable[[str, str], str]]:
        if algorithm.upper() != "SHA-256":
            return super().get_algorithm_impls(algorithm)

        def digest(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        return digest, lambda secret, data: digest(f"{secret}:{data}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to other web addresses only: never to ftp:, never to a file."""

    def http_error_302(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        with _closing_on_failure(fp):
            return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if urlsplit(newurl).scheme.lower() not in ("http", "https"):
            raise http.client.HTTPException(f"it leads to {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _http_open(
    url: str, limit_s: float, headers: Mapping[str, str] | None = None, *, public_only: bool = False
) -> http.client.HTTPResponse:
    parts = split_address(url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
    handlers: list[urllib.request.BaseHandler] = [_Redirects()]
    if public_only:
        handlers += public_hosts.handlers()
    if parts.username is not None:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, plain, unquote(parts.username), unquote(parts.password or ""))
        handlers += [_BasicHandler(passwords), _DigestHandler(passwords)]
    sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **(headers or {})}
    request = urllib.request.Request(plain, headers=sent)
    answer: http.client.HTTPResponse = urllib.request.build_opener(*handlers).open(request, timeout=limit_s)
    return answer


def _head(answer: http.client.HTTPResponse, url: str) -> HttpAnswer:
    headers = {name.lower(): str(value) for name, value in answer.headers.items()}
    final = answer.geturl()
    parts = urlsplit(url)
    if parts.username is not None and urlsplit(final).hostname == parts.hostname:
        netloc = f"{parts.netloc.rpartition('@')[0]}@{urlsplit(final).netloc}"
        final = urlunsplit(urlsplit(final)._replace(netloc=netloc))
    total = headers.get("content-range", "").rpartition("/")[2]
    length = total if answer.status == 206 else headers.get("content-length", "")
    return HttpAnswer(
        200 if answer.status == 206 else answer.status,
        answer.headers.get_content_type().lower() if "content-type" in headers else "",
        int(length) if length.isascii() and length.isdecimal() and len(length) <= _LONGEST_NUMBER else None,
        final,
        answer.status == 206,
        headers,
    )


@contextmanager
def answering(url: str, limit_s: float) -> Iterator[None]:
    """Turn whatever goes wrong between this computer and a server into a SourceError."""
    try:
        yield
    except (SourceError, urllib.error.HTTPError):
        raise
    except public_hosts.NotPublicError as error:
        raise SourceError(
            f"“{hide_password(url)}” leads into a private network.", "Give an address on the public web."
        ) from error
    except Exception as error:
        raise _failure(url, error, limit_s) from error


def _failure(url: str, error: Exception, limit_s: float) -> SourceError:
    host, port = host_and_port(url)
    if isinstance(error, TimeoutError):  # connecting in vain comes wrapped in a URLError, so this was the answer
        return silent_error(url, limit_s)
    if isinstance(error, http.client.RemoteDisconnected) or (
        isinstance(error, OSError) and not isinstance(error, urllib.error.ContentTooShortError)
    ):
        return network_error(url, error, limit_s)
    if isinstance(error, http.client.IncompleteRead):
        return SourceError(
            f"“{host}:{port}” broke off in the middle of its answer.", "Try again; check the network.", retryable=True
        )
    if isinstance(error, http.client.HTTPException) and "leads to" not in str(error):
        return SourceError(
            f"“{host}:{port}” is not a web server.",
            "Check the port; for a camera's stream try rtsp:// instead of http://.",
        )
    return SourceError(
        f"“{host}:{port}” answers in a way that is not understood ({printable(hide_password(str(error)))[:200]}).",
        "Open the address in a browser; check in the device's settings how it asks for the password (Basic or Digest).",
    )
