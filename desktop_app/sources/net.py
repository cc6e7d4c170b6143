"""Asks a server directly what is wrong, because FFmpeg only says that it could not open the stream."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from desktop_app.errors import SourceError

DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443}
USER_AGENT = "Mozilla/5.0 (compatible; Headcount)"

_CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The head of a web server's answer.

    `content_type` is in lower case without its parameters, `length` None if not stated, `url` the address after
    redirections.
    """

    status: int
    content_type: str
    length: int | None
    url: str


def hide_password(url: str) -> str:
    """Return `url` with a password in it replaced, for messages, titles and logs."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{host}"))
    except ValueError:
        return re.sub(r"//[^/@]*@", "//***@", url)


def split_address(url: str) -> SplitResult:
    """Split a URL. Raises SourceError where it has no host or an impossible port."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise SourceError(
            f"“{hide_password(url)}” is not a complete address.",
            "It must look like rtsp://192.168.1.20:554/stream or https://example.org/video.mp4.",
        )
    return parts


def tidy_url(url: str) -> str:
    """Return `url` as it goes over the wire: spaces and letters beyond ASCII encoded, in the host's name as IDNA."""
    parts = split_address(url)
    host = parts.hostname or ""
    if not host.isascii():
        try:
            netloc = parts.netloc.replace(host, host.encode("idna").decode())
        except UnicodeError:
            return url
        parts = parts._replace(netloc=netloc)
    kept = "%/:=&?~+!$,;'@()*[]|"
    return urlunsplit(parts._replace(path=quote(parts.path, safe=kept), query=quote(parts.query, safe=kept)))


def host_and_port(url: str) -> tuple[str, int]:
    """Return the host and port that a URL names; 0 where neither it nor its scheme names a port."""
    parts = split_address(url)
    return parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme.lower(), 0)


def check_reachable(url: str, limit_s: float) -> None:
    """Connect to the server once. Raises a SourceError that says why it cannot be reached."""
    host, port = host_and_port(url)
    try:
        with socket.create_connection((host, port), timeout=limit_s):
            return
    except OSError as error:
        raise network_error(url, error, limit_s) from error


def ask_http(url: str, limit_s: float) -> HttpAnswer:
    """Ask a web server for the head of what lies at `url`, following redirections.

    Name and password in the URL are sent as the server asks for them. Raises SourceError if the server cannot be
    reached or does not answer within `limit_s` seconds; an error status is returned, not raised.
    """
    try:
        with _http_open(url, limit_s) as answer:
            return _head(answer, url)
    except urllib.error.HTTPError as error:
        with error:
            return HttpAnswer(error.code, "", None, url)
    except (OSError, http.client.HTTPException) as error:
        raise _http_failure(url, error, limit_s) from error


def download(url: str, limit_s: float, most_bytes: int, cancelled: Callable[[], bool]) -> bytes:
    """Fetch a whole file of at most `most_bytes` within `limit_s` seconds; b"" once `cancelled()`.

    Raises SourceError if the server cannot be reached, refuses, or sends more or slower than that.
    """
    deadline = time.monotonic() + limit_s
    data = bytearray()
    try:
        with _http_open(url, limit_s) as answer:
            while not cancelled():
                chunk = answer.read1(_CHUNK_BYTES)
                if not chunk:
                    return bytes(data)
                data += chunk
                if len(data) > most_bytes:
                    raise SourceError(
                        f"What lies at “{hide_password(url)}” is too large for a picture "
                        f"(over {most_bytes // 2**20} MB).",
                        "Download it and open the file.",
                    )
                if time.monotonic() > deadline:
                    raise TimeoutError
    except urllib.error.HTTPError as error:
        with error:
            raise http_error(url, error.code) from error
    except (OSError, http.client.HTTPException) as error:
        raise _http_failure(url, error, limit_s) from error
    return b""


def ask_rtsp(url: str, limit_s: float) -> int | None:
    """Ask an RTSP server to describe `url` (RFC 2326) and return its status, None if the answer is not RTSP.

    Raises SourceError if the server cannot be reached or stays silent.
    """
    parts = split_address(url)
    host, port = host_and_port(url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    request = f"DESCRIBE {plain} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\nUser-Agent: Headcount\r\n"
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        request += f"Authorization: Basic {base64.b64encode(pair).decode()}\r\n"
    try:
        with socket.create_connection((host, port), timeout=limit_s) as connection:
            connection.settimeout(limit_s)
            connection.sendall(f"{request}\r\n".encode())
            answer = connection.recv(4096)
    except TimeoutError as error:
        raise silent_error(url, limit_s) from error
    except OSError as error:
        raise network_error(url, error, limit_s) from error
    match = re.match(rb"RTSP/\d\.\d (\d{3})", answer)
    return int(match.group(1)) if match else None


def http_error(url: str, status: int) -> SourceError:
    """Return the error that says what an HTTP or RTSP status means."""
    host = split_address(url).hostname or ""
    shown = hide_password(url)
    if status in (404, 410):
        return SourceError(
            f"The server “{host}” says that there is nothing at this address ({status} not found): {shown}",
            "Check the part of the address behind the server's name; the camera's manual tells it.",
        )
    if status == 401:
        return SourceError(
            f"The server “{host}” asks for a name and password, or does not accept those given ({status}).",
            "Write them into the address: rtsp://name:password@host/path",
        )
    if status in (402, 403, 407, 451):
        return SourceError(
            f"The server “{host}” does not permit this ({status} forbidden).",
            "Ask whoever runs it, or open the page in a browser to see what it wants.",
        )
    if status == 429:
        return SourceError(
            f"The server “{host}” has had too many requests ({status}).", "Wait a few minutes.", retryable=True
        )
    if status >= 500:
        return SourceError(
            f"The server “{host}” has a fault of its own ({status}).",
            "Try again later, or restart the camera or server.",
            retryable=True,
        )
    return SourceError(f"The server “{host}” refused the request ({status}): {shown}", "Check the address.")


def no_video_error(url: str, content_type: str) -> SourceError:
    kind = f" (it sends “{content_type}”)" if content_type else ""
    return SourceError(
        f"“{hide_password(url)}” answers, but sends no video that can be read{kind}.",
        "Check the address; the camera's manual or its web page tells that of its stream.",
        retryable=not content_type,
    )


def silent_error(url: str, limit_s: float) -> SourceError:
    host, port = host_and_port(url)
    return SourceError(
        f"The server “{host}:{port}” accepts the connection but sent nothing for {limit_s:.0f} s.",
        "Restart the camera or server; check that the address is that of a video stream.",
        retryable=True,
    )


def network_error(url: str, error: BaseException, limit_s: float) -> SourceError:
    """Return the error that says in plain words why a server cannot be reached."""
    host, port = host_and_port(url)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, socket.gaierror | UnicodeError):
        return SourceError(
            f"The address “{host}” is not known.",
            "Check its spelling, and that this computer is connected to the network.",
            retryable=True,
        )
    if isinstance(reason, ConnectionRefusedError):
        return SourceError(
            f"“{host}:{port}” refuses the connection: nothing is serving there.",
            "Check the port, and that the camera or server is switched on.",
            retryable=True,
        )
    if isinstance(reason, ssl.SSLCertVerificationError):
        return SourceError(
            f"The certificate of “{host}” is not valid ({reason.verify_message}).",
            "Check this computer's date; for a camera in your own network use http instead of https.",
        )
    if isinstance(reason, ssl.SSLError):
        return SourceError(
            f"“{host}:{port}” does not speak the secure protocol of this address.", "Try http instead of https."
        )
    if isinstance(reason, TimeoutError):
        return SourceError(
            f"“{host}:{port}” did not answer within {limit_s:.0f} s.",
            "Check the address, that the camera or server is switched on, and the firewall.",
            retryable=True,
        )
    if isinstance(reason, ConnectionResetError | BrokenPipeError | http.client.RemoteDisconnected):
        return SourceError(
            f"“{host}:{port}” broke the connection off.",
            "Restart the camera or server, then try again.",
            retryable=True,
        )
    return SourceError(
        f"“{host}:{port}” cannot be reached from this computer ({reason}).",
        "Check that this computer is connected to the network.",
        retryable=True,
    )


def _http_open(url: str, limit_s: float) -> http.client.HTTPResponse:
    parts = split_address(url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    handlers: list[urllib.request.BaseHandler] = []
    if parts.username is not None:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, plain, unquote(parts.username), unquote(parts.password or ""))
        handlers = [urllib.request.HTTPBasicAuthHandler(passwords), urllib.request.HTTPDigestAuthHandler(passwords)]
    request = urllib.request.Request(plain, headers={"User-Agent": USER_AGENT, "Accept": "*/*"})
    answer: http.client.HTTPResponse = urllib.request.build_opener(*handlers).open(request, timeout=limit_s)
    return answer


def _head(answer: http.client.HTTPResponse, url: str) -> HttpAnswer:
    length = answer.headers.get("Content-Length", "")
    final = answer.geturl()
    parts = urlsplit(url)
    if parts.username is not None and urlsplit(final).hostname == parts.hostname:
        netloc = f"{parts.netloc.rpartition('@')[0]}@{urlsplit(final).netloc}"
        final = urlunsplit(urlsplit(final)._replace(netloc=netloc))
    return HttpAnswer(
        answer.status,
        answer.headers.get_content_type().lower() if answer.headers.get("Content-Type") else "",
        int(length) if length.isdecimal() else None,
        final,
    )


def _http_failure(url: str, error: BaseException, limit_s: float) -> SourceError:
    if isinstance(error, TimeoutError):  # connecting in vain comes wrapped in a URLError, so this was the answer
        return silent_error(url, limit_s)
    if isinstance(error, http.client.HTTPException) and not isinstance(error, http.client.RemoteDisconnected):
        host, port = host_and_port(url)
        return SourceError(
            f"“{host}:{port}” is not a web server.",
            "Check the port; for a camera's stream try rtsp:// instead of http://.",
        )
    return network_error(url, error, limit_s)
