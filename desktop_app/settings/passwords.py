"""Where the secrets of an address go: out of the settings, into the system's keyring.

Settings, logs and lists hold an address without its password. The whole address lies in the keyring (macOS Keychain,
Windows Credential Locker, Secret Service), or where there is none in a file that only its owner can read, and is put
together again when the source is opened.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from desktop_app.settings.settings_file import APP_NAME, data_dir
from desktop_app.system.redaction import without_secrets
from desktop_app.system.safe_file import read_text
from desktop_app.system.safe_json import parse_json
from desktop_app.system.safe_write import write_atomically

log = logging.getLogger(__name__)

FILE_NAME = "secrets.json"
PATIENCE_S = 5.0
"""A keyring may ask its owner to unlock it; a source is not waited for longer than this."""

_MOST_BYTES = 2**20
_MOST_SECRETS = 200
_IN_KEYRING = True

T = TypeVar("T")


def without_password(text: str) -> str:
    """Return a source text that is safe to keep: an address loses its secrets, all else stays; see `redaction`."""
    return without_secrets(text)


class Keyring(Protocol):
    """The part of the package `keyring` that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


def system_keyring() -> Keyring | None:
    """Return the system's keyring, None where there is none that keeps what it is given."""
    try:
        import keyring
        from keyring.backends import chainer, fail, null

        found: Any = keyring.get_keyring()
        if isinstance(found, chainer.ChainerBackend) and not found.backends:
            return None
        return None if isinstance(found, fail.Keyring | null.Keyring) else found
    except Exception as error:  # noqa: BLE001 - a broken keyring must not keep anybody from counting
        log.info("the system's keyring cannot be used: %s", type(error).__name__)
        return None


class SecretStore:
    """Whole addresses by the text that is kept of them. Every method may block on the keyring, at most `PATIENCE_S`."""

    def __init__(self, path: Path | None = None, find_keyring: Callable[[], Keyring | None] = system_keyring) -> None:
        self._path = path or data_dir() / FILE_NAME
        self._find_keyring = find_keyring
        self._lock = threading.Lock()

    def remember(self, text: str) -> None:
        """Keep the secrets of an address. Nothing happens for one without any, nor where they cannot be kept."""
        kept = without_password(text)
        if kept == text:
            return
        name = _name(kept)
        with self._lock:
            found = self._read()
            keyring = _within(self._find_keyring)
            stored = keyring is not None and _within(partial(_put, keyring, name, text))
            found.pop(name, None)
            found[name] = _IN_KEYRING if stored else text
            while len(found) > _MOST_SECRETS:
                found.pop(next(iter(found)))
            self._write(found)

    def remember_meanwhile(self, text: str) -> None:
        """As `remember`, on a thread of its own: a keyring may ask its owner to unlock it."""
        threading.Thread(target=self.remember, args=(text,), name="headcount-secrets", daemon=True).start()

    def restore(self, kept: str) -> str:
        """Return the whole address that `remember` was given, `kept` itself where nothing is known of it."""
        name = _name(kept)
        with self._lock:
            entry = self._read().get(name)
            if entry is _IN_KEYRING:
                keyring = _within(self._find_keyring)
                entry = _within(lambda: keyring.get_password(APP_NAME, name)) if keyring is not None else None
        # Only what really belongs to this text: another program may have written under the name.
        return entry if isinstance(entry, str) and without_password(entry) == kept else kept

    def forget(self) -> None:
        """Delete every secret, from the keyring and from the file."""
        with self._lock:
            found = self._read()
            keyring = _within(self._find_keyring)
            for name, entry in found.items():
                if entry is _IN_KEYRING and keyring is not None:
                    _within(lambda name=name: keyring.delete_password(APP_NAME, name))  # type: ignore[misc]
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("the passwords could not be deleted: %s", error)

    def _read(self) -> dict[str, Any]:
        try:
            found = parse_json(read_text(self._path, _MOST_BYTES))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, found: dict[str, Any]) -> None:
        try:
            write_atomically(self._path, json.dumps(found).encode(), make_folder=True, private=True)
        except OSError as error:
            log.warning("a password could not be kept: %s", error)


def _name(kept: str) -> str:
    return hashlib.sha256(kept.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _put(keyring: Keyring, name: str, text: str) -> bool:
    keyring.set_password(APP_NAME, name, text)
    return True


def _within(work: Callable[[], T]) -> T | None:
    """Return what `work` returns, None where it fails or takes longer than `PATIENCE_S`."""
    done: list[T] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 - each keyring raises its own
            log.info("the keyring did not answer: %s", type(error).__name__)

    thread = threading.Thread(target=run, name="headcount-keyring", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return done[0] if done else None
