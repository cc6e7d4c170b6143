"""Where the secrets of an address go: out of the settings, into the system's keyring."""

from __future__ import annotations

from desktop_app.system.redaction import without_secrets


def without_password(text: str) -> str:
    """Return a source text that is safe to keep: an address loses its secrets, all else stays; see `redaction`."""
    return without_secrets(text)
