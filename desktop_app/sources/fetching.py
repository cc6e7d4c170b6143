"""Downloads a video that cannot be played while it arrives."""

from __future__ import annotations

import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path

from desktop_app.errors import SourceError
from desktop_app.sources import asking, net
from desktop_app.system.safe_file import size_text

MOST_FILE_BYTES = 8 * 10**9
LONGEST_S = 600.0
"""Somebody waits for it; what takes longer is better downloaded in a browser."""

_RESERVE_BYTES = 500 * 10**6
_MOST_HEAD_BYTES = 2**20


def has_index_behind(url: str, limit_s: float) -> bool:
    """Tell whether the MP4 or MOV file at `url` has its index (`moov`) behind the pictures. Raises SourceError."""
    stream = asking.open_http(url, limit_s)
    head = b""
    try:
        at = 0
        while len(head) < _MOST_HEAD_BYTES:
            while at + 8 <= len(head):
                size, kind = struct.unpack_from(">I4s", head, at)
                if kind in (b"moov", b"moof"):
                    return False
                if kind == b"mdat":
                    return True
                if size < 8:
                    return False
                at += size
            chunk = stream.read()
            if not chunk:
                return False
            head += chunk
    finally:
        stream.close()
    return False


def fetch_file(url: str, path: Path, limit_s: float, length: int, cancelled: Callable[[], bool]) -> bool:
    """Download `url` (of `length` bytes) to `path`; False once `cancelled()`.

    Raises SourceError where it is too large, too slow, breaks off, or does not fit on the disk.
    """
    remedy = "Download it in a browser and open the file."
    shown = net.hide_password(url)
    if length > MOST_FILE_BYTES or length > shutil.disk_usage(path.parent).free - _RESERVE_BYTES:
        raise SourceError(
            f"The video at “{shown}” cannot be played while it arrives, "
            f"and with {size_text(length)} it is too large to be fetched first.",
            remedy,
        )
    deadline = time.monotonic() + LONGEST_S
    stream = asking.open_http(url, limit_s)
    done = 0
    try:
        with path.open("xb") as file:
            while not cancelled():
                chunk = stream.read()
                if not chunk:
                    break
                file.write(chunk)
                done += len(chunk)
                if done > length:
                    break
                if time.monotonic() > deadline:
                    raise SourceError(f"The video at “{shown}” arrives too slowly.", remedy)
    except FileNotFoundError:
        if cancelled():  # the folder went with the source
            return False
        raise
    except OSError as error:
        raise SourceError(
            f"The video at “{shown}” could not be fetched ({error.strerror or error}).", remedy
        ) from error
    finally:
        stream.close()
    if cancelled():
        return False
    if done != length:
        raise SourceError(
            f"The video at “{shown}” broke off after {size_text(done)} of {size_text(length)}.",
            "Try again; check the network.",
            retryable=True,
        )
    return True
