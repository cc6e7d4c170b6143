"""Who may do what: tokens with a role, kept as hashes only, and the signed cookie of a browser that showed one."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from desktop_app.errors import SettingsError
from desktop_app.system.safe_file import read_regular
from desktop_app.system.safe_json import parse_json
from desktop_app.system.safe_write import write_atomically

log = logging.getLogger(__name__)

COOKIE = "headcount"
COOKIE_S = 30 * 86400
"""How long a browser stays signed in."""

_MOST_FILE_BYTES = 1_000_000
_MARK = "hc_"


class Role(IntEnum):
    """What somebody may do; each role includes the ones below it."""

    SEE = 1
    """See figures, live and kept."""
    COUNT = 2
    """Send pictures and videos, and have counts made again."""
    CORRECT = 3
    """Put counts right."""

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may come in. `name` is what corrections are signed with; `by_cookie` that a browser sent it."""

    role: Role
    name: str
    by_cookie: bool = False


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token as it is kept: the SHA-256 of 256 random bits cannot be turned back, so it needs no salt."""

    digest: str
    role: Role
    name: str
    made_utc: float


@dataclass(slots=True)
class _File:
    tokens: list[KeptToken] = field(default_factory=list)
    secret: str = ""


class Access:
    """Decides who comes in. Thread-safe.

    With `open_to` set, whoever has no token comes in with that role: for a server that only this computer reaches.
    """

    def __init__(self, path: Path, *, open_to: Role | None = None, given: Mapping[Role, str] | None = None) -> None:
        """`given` are tokens from the environment, which are never written anywhere. Raises SettingsError."""
        self._path = path
        self._lock = threading.Lock()
        self._stamp = self._stamp_of_file()
        self._file = self._read()
        self._given = [KeptToken(_digest(text), role, role.word, 0.0) for role, text in (given or {}).items() if text]
        for role, text in (given or {}).items():
            if text and len(text) < 20:
                raise SettingsError(
                    f"The token for the role “{role.word}” is too short.", "Give 20 letters or more, chosen by chance."
                )
        self._key = (self._file.secret or _secret_of(self._given) or secrets.token_hex(32)).encode()
        self.open_to = open_to

    @property
    def tokens(self) -> tuple[KeptToken, ...]:
        """The tokens that hold, also those that the command line made or forgot while the server runs."""
        with self._lock:
            if (stamp := self._stamp_of_file()) != self._stamp:
                self._stamp = stamp
                try:
                    self._file = self._read()
                except SettingsError as error:
                    log.warning("%s", error)
                    self._file = _File(secret=secrets.token_hex(32))
                if self._file.secret:
                    self._key = self._file.secret.encode()
            return (*self._file.tokens, *self._given)

    def make(self, role: Role, name: str = "") -> str:
        """Make a token, keep its hash and return it: nobody can read it again. Raises OSError."""
        text = new_token()
        with self._lock:
            self._file.tokens.append(KeptToken(_digest(text), role, name or role.word, time.time()))
            self._write()
        return text

    def forget_all(self) -> int:
        """Forget every kept token, and with them every cookie; return how many there were. Raises OSError."""
        with self._lock:
            count = len(self._file.tokens)
            self._file = _File()
            self._write()
            self._key = self._file.secret.encode()
        return count

    def identify(self, token: str | None, cookie: str | None) -> Identity | None:
        """Return who shows this token or, without one, this cookie; None for nobody who may come in."""
        if token is not None:
            kept = self._find(_digest(token))
            return None if kept is None else Identity(kept.role, kept.name)
        if cookie is not None and (kept := self._of_cookie(cookie)) is not None:
            return Identity(kept.role, kept.name, by_cookie=True)
        return None if self.open_to is None else Identity(self.open_to, "")

    def cookie_for(self, token: str) -> str | None:
        """Return the value of the cookie for a browser that showed this token, None where it is not a good one."""
        kept = self._find(_digest(token))
        if kept is None:
            return None
        body = f"{kept.digest[:32]}.{int(time.time()) + COOKIE_S}"
        return f"{body}.{self._signature(body)}"

    def _of_cookie(self, value: str) -> KeptToken | None:
        body, _, signature = value.rpartition(".")
        if not value.isascii() or not hmac.compare_digest(signature, self._signature(body)):
            return None
        beginning, _, until = body.partition(".")
        if int(until) < time.time():
            return None
        return next((t for t in self.tokens if t.digest[:32] == beginning), None)

    def _signature(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()

    def _find(self, digest: str) -> KeptToken | None:
        found = None
        for kept in self.tokens:  # all of them, so that the time taken says nothing
            if hmac.compare_digest(kept.digest, digest):
                found = kept
        return found

    def _read(self) -> _File:
        try:
            values: Any = parse_json(read_regular(self._path, _MOST_FILE_BYTES, follow_links=False))
            tokens = [
                KeptToken(str(t["digest"]), Role(t["role"]), str(t["name"]), float(t["made"])) for t in values["tokens"]
            ]
            return _File(tokens, str(values["secret"]))
        except FileNotFoundError:
            return _File()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"The file of tokens {self._path} cannot be read ({error}).", "Delete it; then new tokens are made."
            ) from error

    def _write(self) -> None:
        self._file.secret = self._file.secret or secrets.token_hex(32)
        self._key = self._file.secret.encode()
        values = {
            "secret": self._file.secret,
            "tokens": [
                {"digest": t.digest, "role": int(t.role), "name": t.name, "made": t.made_utc} for t in self._file.tokens
            ],
        }
        write_atomically(self._path, json.dumps(values, indent=1).encode(), make_folder=True, private=True)
        self._stamp = self._stamp_of_file()

    def _stamp_of_file(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size, status.st_ino)


def _secret_of(given: Sequence[KeptToken]) -> str:
    """Return a secret for cookies that is the same after a restart while the tokens are, "" without tokens.

    It is slow on purpose: who has one of the tokens and a cookie must not find the others by trying.
    """
    text = "".join(sorted(kept.digest for kept in given)).encode()
    return hashlib.scrypt(text, salt=b"headcount cookie", n=2**14, r=8, p=1).hex() if text else ""


def new_token() -> str:
    """Return a token of 256 random bits."""
    return f"{_MARK}{secrets.token_urlsafe(32)}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.strip().encode("utf-8", "replace")).hexdigest()


class RateLimit:
    """At most `most` events in `window_s` seconds for each key (a token bucket); of bounded size. Thread-safe."""

    def __init__(
        self, most: int, window_s: float, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._window_s, self._keys, self._clock = most, window_s, keys, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Note an event; return 0.0 where it is allowed, else after how many seconds it will be."""
        now = self._clock()
        with self._lock:
            left, at = self._left.pop(key, (float(self._most), now))
            left = min(float(self._most), left + (now - at) * self._most / self._window_s)
            allowed = left >= 1.0
            self._left[key] = (left - 1.0 if allowed else left, now)
            while len(self._left) > self._keys:
                self._left.popitem(last=False)
            return 0.0 if allowed else (1.0 - left) * self._window_s / self._most
