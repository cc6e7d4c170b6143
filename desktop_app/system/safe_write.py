"""Writes files so that a power cut leaves the old one or the new one, and nothing of anybody else is touched."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_PREFIX = ".headcount-"
TEMPORARY_SUFFIX = ".tmp"
OWN_NAME = "headcount"
_OLD_S = 60.0


def real_target(path: Path) -> Path:
    """Return where a file written to `path` ends up: links are written through, also one whose end is missing."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def is_special(path: Path) -> bool:
    """Tell whether a pipe, device or socket lies at `path`: it is written to, never replaced."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def write_atomically(path: Path, data: bytes, *, make_folder: bool = False, private: bool = False) -> None:
    """Replace the file at `path` by `data` in one step, through links.

    `private` leaves the file, and a folder made for it, to its owner alone. A pipe or device is written to instead.
    Raises OSError, and then leaves no temporary file behind.
    """
    if make_folder:
        make_folders(path.parent, private=private)
    path = real_target(path)
    if is_special(path):
        with path.open("wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
        return
    with replacing(path, private=private) as temporary, temporary.open("wb") as file:
        file.write(data)


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give an empty file beside `path`, which takes its place at the end of the block, or is removed after an error.

    Links are written through. Raises OSError.
    """
    path = real_target(path)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=TEMPORARY_SUFFIX, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if not private:
            # mkstemp makes the file private; give it the rights that any other new file of the user gets.
            temporary.chmod(0o666 & ~_UMASK)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_folders(folder: Path, *, private: bool = False) -> None:
    """Make a folder with its parents; `private` closes it to others, also one that was there if it bears our name.

    A folder that somebody else chose for our files may hold more than those and keeps its rights.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o777)
    if private and folder.name.lower() == OWN_NAME:
        close_to_others(folder)


def close_to_others(path: Path) -> None:
    """Take every right of other users away from a file or folder of ours. What is not ours is left as it is."""
    try:
        status = path.stat()
        if os.name != "nt" and status.st_uid == os.getuid() and status.st_mode & 0o077:
            path.chmod(stat.S_IMODE(status.st_mode) & 0o700)
    except OSError:
        return


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed program of ours left in one of its own folders."""
    try:
        names = [n for n in os.listdir(folder) if n.startswith(TEMPORARY_PREFIX) and n.endswith(TEMPORARY_SUFFIX)]  # noqa: PTH208
    except OSError:
        return
    for name in names:
        path = folder / name
        try:
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > _OLD_S:
                path.unlink()
        except OSError:
            continue


# The mask can only be read by setting it; at import time, before any thread of ours, that is safe.
_UMASK = os.umask(0o022)
os.umask(_UMASK)
