"""File names as native libraries can take them.

OpenCV takes a name only as UTF-8: one that is not (a file copied from an old disk) ends the process with a segmentation
fault, inside the conversion. Such a file is handed over under the name of a link.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import threading
from pathlib import Path

_PREFIX = "headcount-tmp-"
_lock = threading.Lock()
_sweeping = threading.Lock()
_swept = False
_folder: tempfile.TemporaryDirectory[str] | None = None
_links: dict[str, Path] = {}


def is_native(text: str) -> bool:
    """Tell whether a native library can take `text` as it is: proper Unicode without a zero byte."""
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False


def native_name(path: Path, unfit: str = "%") -> str:
    """Return an absolute name of `path` that is UTF-8, through a link where its own is not.

    `unfit` names letters that must not be in it either: FFmpeg takes `%` for the pattern of a series of pictures.
    Raises OSError where no link can be made (Windows, where every name is Unicode, knows none without a special right).
    """
    path = path.absolute()
    folder, name = str(path.parent), path.name

    def fits(text: str, letters: str) -> bool:
        return is_native(text) and not any(letter in text for letter in letters)

    # A folder may have a % in its name: FFmpeg looks for the pattern in the file's name only.
    in_folder = unfit.replace("%", "")
    if fits(folder, in_folder) and fits(name, unfit):
        return str(path)
    if fits(name, unfit):
        return str(_link(path.parent) / name)
    return str(_link(path))


def own_folder(what: str) -> tempfile.TemporaryDirectory[str]:
    """Make a temporary folder of our own; what killed programs of ours left behind is removed at the first one."""
    global _swept
    with _sweeping:
        if not _swept:
            _swept = True
            _remove_leftovers()
    return tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-{what}-")


def _link(target: Path) -> Path:
    if os.name == "nt":
        raise OSError(errno.EINVAL, "its name holds letters that are no text; give it another name", str(target))
    global _folder
    key = os.fspath(target)
    with _lock:
        if _folder is None or not Path(_folder.name).is_dir():
            _folder = own_folder("links")
            _links.clear()
        link = _links.get(key)
        if link is None:
            suffix = target.suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", target.suffix) else ""
            link = Path(_folder.name) / f"{len(_links)}{suffix}"
            link.symlink_to(target)
            _links[key] = link
        return link


def _remove_leftovers() -> None:
    """Remove the temporary folders whose program was killed; only our own user's."""
    if os.name == "nt":
        return  # there os.kill would end the program that is asked after
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        match = re.match(rf"{_PREFIX}(\d+)-", folder.name)
        try:
            if match is None or folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            os.kill(int(match.group(1)), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, OverflowError):
            continue
