"""The one gate for files that come from outside: only regular files, and only up to a number of bytes.

A pipe behind a harmless name is waited for without end, a device or a file that never ends fills the memory. So the
file is opened without waiting, and what was opened is looked at before anything is read.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotRegularFileError(OSError):
    """What lies at the path is a folder, a pipe, a socket or a device."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(errno.EINVAL, f"it is {what}, not a file", str(path))


class FileTooLargeError(OSError):
    """The file has more bytes than anything of its kind can have."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        super().__init__(errno.EFBIG, f"it is larger than {size_text(most_bytes)}", str(path))


def size_text(size: int) -> str:
    """Return a number of bytes for the eye: "16 MB"."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            return f"{size / step:.3g} {unit}"
    return f"{size} bytes"


def kind_of(mode: int) -> str:
    """Say in words what a file's mode means, "" for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def open_regular(path: str | Path, most_bytes: int | None = None, *, follow_links: bool = True) -> BinaryIO:
    """Open a regular file for reading in binary.

    Never waits. Raises NotRegularFileError, FileTooLargeError (its size is above `most_bytes`), or OSError as `open`.
    """
    path = Path(path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    if not follow_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
        if path.is_symlink():  # Windows has no such flag
            raise NotRegularFileError(path, "a link")
    try:
        descriptor = os.open(path, flags)
    except IsADirectoryError:
        raise NotRegularFileError(path, "a folder") from None
    except ValueError as error:  # a zero byte inside the name
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error
    try:
        status = os.fstat(descriptor)
        if what := kind_of(status.st_mode):
            raise NotRegularFileError(path, what)
        if most_bytes is not None and status.st_size > most_bytes:
            raise FileTooLargeError(path, most_bytes)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | Path, most_bytes: int, *, follow_links: bool = True) -> bytes:
    """Return the contents of a regular file of at most `most_bytes`. Raises as `open_regular`."""
    with open_regular(path, most_bytes, follow_links=follow_links) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:  # it grew while it was read, or states no size (files of /proc)
        raise FileTooLargeError(Path(path), most_bytes)
    return data


def read_text(path: str | Path, most_bytes: int) -> str:
    """Return the text of a regular file: UTF-8, or UTF-16 where it begins with the mark of that.

    Notepad puts a mark at the beginning, which belongs to no line, and PowerShell writes UTF-16. Raises as
    `read_regular`, and UnicodeDecodeError.
    """
    data = read_regular(path, most_bytes)
    return data.decode("utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
