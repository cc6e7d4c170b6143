"""Asks an RTSP server directly what lies at an address, as `asking` asks a web server."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import socket
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlunsplit

from desktop_app.sources.asking import answering
from desktop_app.sources.net import host_and_port, silent_error, split_address


def ask_rtsp(url: str, limit_s: float) -> int | None:
    """Ask an RTSP server to describe `url` (RFC 2326) and return its status, None if the answer is not RTSP.

    Name and password are sent as the server asks for them, Basic or Digest (RFC 7616). Raises SourceError if the
    server cannot be reached or stays silent.
    """
    parts = split_address(url)
    host, port = host_and_port(url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    with answering(url, limit_s):
        try:
            answer = _describe(host, port, plain, "", limit_s)
            if answer.startswith(b"RTSP/") and b" 401 " in answer[:16] and parts.username is not None:
                login = _login(answer.decode("latin-1"), plain, name, password)
                answer = _describe(host, port, plain, login, limit_s) if login else answer
        except TimeoutError as error:
            raise silent_error(url, limit_s) from error
    match = re.match(rb"RTSP/\d\.\d (\d{3})", answer)
    return int(match.group(1)) if match else None


def _describe(host: str, port: int, url: str, login: str, limit_s: float) -> bytes:
    request = f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\nUser-Agent: Headcount\r\n{login}\r\n"
    with socket.create_connection((host, port), timeout=limit_s) as connection:
        connection.settimeout(limit_s)
        connection.sendall(request.encode("utf-8", "replace"))
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < 16384:
            chunk = connection.recv(4096)
            if not chunk:
                break
            answer += chunk
        return answer


def _login(answer: str, url: str, name: str, password: str) -> str:
    """Return the header that answers the server's question for a name, "" where none of its ways is known."""
    asked = re.findall(r"^WWW-Authenticate:[ \t]*(\w+)[ \t]*(.*?)\r?$", answer, re.MULTILINE | re.IGNORECASE)
    for scheme, rest in asked:
        if scheme.lower() == "digest" and (header := _digest(rest, url, name, password)):
            return header
    if any(scheme.lower() == "basic" for scheme, _ in asked):
        pair = base64.b64encode(f"{name}:{password}".encode()).decode()
        return f"Authorization: Basic {pair}\r\n"
    return ""


def _digest(challenge: str, url: str, name: str, password: str) -> str:
    try:
        given = urllib.request.parse_keqv_list(
            [part for part in urllib.request.parse_http_list(challenge) if part and "=" in part]
        )
    except (ValueError, IndexError):  # a value that is missing
        return ""
    algorithm = given.get("algorithm", "MD5").upper()
    hashes: dict[str, Callable[..., Any]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
    if algorithm not in hashes or "nonce" not in given:
        return ""

    def digest(text: str) -> str:
        return str(hashes[algorithm](text.encode(), usedforsecurity=False).hexdigest())

    realm, nonce = given.get("realm", ""), given["nonce"]
    first, second = digest(f"{name}:{realm}:{password}"), digest(f"DESCRIBE:{url}")
    values = {"username": name, "realm": realm, "nonce": nonce, "uri": url}
    if "auth" in given.get("qop", "").lower().split(","):
        client = secrets.token_hex(8)
        answer = digest(f"{first}:{nonce}:00000001:{client}:auth:{second}")
        extra = f', qop=auth, nc=00000001, cnonce="{client}"'
    else:
        answer, extra = digest(f"{first}:{nonce}:{second}"), ""
    shown = ", ".join(f'{key}="{_header_text(value)}"' for key, value in values.items())
    return f'Authorization: Digest {shown}, response="{answer}", algorithm={algorithm}{extra}\r\n'


def _header_text(text: str) -> str:
    return re.sub(r'[\x00-\x1f"\\]', "", text)
