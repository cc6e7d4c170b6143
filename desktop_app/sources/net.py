"""Addresses of servers, and the sentences that say what is wrong with one."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from desktop_app.errors import SourceError
from desktop_app.sources.schemes import LISTENING_SCHEMES
from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import find_user_info, redact

DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443}


def hide_password(url: str) -> str:
    """Return `url` with its secrets replaced and nothing in it that a terminal obeys, for messages and titles."""
    return printable(redact(url))


def split_address(url: str) -> SplitResult:
    """Split a URL. Raises SourceError where it has no host or an impossible port.

    Where the program itself listens (udp://@:1234) no host is needed, but a port.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        usable = bool(parts.hostname) or (parts.scheme.lower() in LISTENING_SCHEMES and port is not None)
    except ValueError:
        usable = False
    if not usable:
        raise SourceError(
            f"“{hide_password(url)}” is not a complete address.",
            "It must look like rtsp://192.168.1.20:554/stream or https://example.org/video.mp4.",
        )
    return parts


def escape_user_info(url: str) -> str:
    """Return `url` with the reserved letters in its name and password written as %XX.

    Cameras' passwords are typed as they are; `/`, `#`, `?` or `@` in one would end the host's name for every parser.
    """
    info = find_user_info(url)
    if info is None or "://" not in url:
        return url
    pair = _quoted(info.user)
    if info.password is not None:
        pair += f":{_quoted(info.password)}"
    return url[: info.start] + pair + url[info.end :]


def _quoted(text: str) -> str:
    # What is escaped already stays; a lone % is a letter of the password.
    plain = unquote(text) if _is_escaped(text) else text
    return quote(plain.encode("utf-8", "surrogateescape"), safe="")


def _is_escaped(text: str) -> bool:
    rest = text.split("%")[1:]
    return bool(rest) and all(len(r) >= 2 and all(c in "0123456789abcdefABCDEF" for c in r[:2]) for r in rest)


def tidy_url(url: str) -> str:
    """Return `url` as it goes over the wire: spaces and letters beyond ASCII encoded, in the host's name as IDNA."""
    url = escape_user_info(url)
    parts = split_address(url)
    host = parts.hostname or ""
    if not host.isascii():
        try:
            netloc = parts.netloc.replace(host, host.encode("idna").decode())
        except UnicodeError:
            return url
        parts = parts._replace(netloc=netloc)
    kept = "%/:=&?~+!$,;'@()*[]|"
    try:
        tidied = urlunsplit(parts._replace(path=quote(parts.path, safe=kept), query=quote(parts.query, safe=kept)))
    except UnicodeEncodeError as error:  # half a character, from a name that is not UTF-8
        raise SourceError(
            f"“{hide_password(url)}” is not a complete address.", "Type it anew; it holds half a letter."
        ) from error
    split_address(tidied)  # an odd host may have become one that cannot be taken apart
    return tidied


def host_and_port(url: str) -> tuple[str, int]:
    """Return the host and port that a URL names; 0 where neither it nor its scheme names a port."""
    parts = split_address(url)
    return parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme.lower(), 0)


def http_error(url: str, status: int) -> SourceError:
    """Return the error that says what an HTTP or RTSP status means."""
    host = split_address(url).hostname or ""
    shown = hide_password(url)
    if status in (404, 410):
        return SourceError(
            f"The server “{host}” says that there is nothing at this address ({status} not found): {shown}",
            "Check the part of the address behind the server's name; the camera's manual tells it.",
        )
    if 300 <= status < 400:
        return SourceError(
            f"The server “{host}” sends on in a circle, or to an address that is none of the web ({status}).",
            "Open the address in a browser to see where it leads.",
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
    kind = f" (it sends “{printable(content_type)}”)" if content_type else ""
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
            f"The certificate of “{host}” is not valid ({printable(str(reason.verify_message))}).",
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
        f"“{host}:{port}” cannot be reached from this computer ({printable(str(reason))}).",
        "Check that this computer is connected to the network.",
        retryable=True,
    )
