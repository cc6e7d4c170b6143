"""How a source is called for people."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import urlsplit

DEMO = "demo"


def short_name(source: str) -> str:
    """Return how a source is called in the list: a file by its name, an address by host and path, a camera as it is."""
    if source == DEMO:
        return "Demo clip"
    if "://" in source:
        parts = urlsplit(source)
        host = parts.netloc.rsplit("@", 1)[-1]
        return (host + parts.path).rstrip("/") or source
    if source.startswith("camera:"):
        number = source.removeprefix("camera:")
        return f"Camera {number}" if number.isdigit() else number
    return PurePath(source).name or source
