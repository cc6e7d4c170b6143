"""Which files on the disk are the program's own, so that "delete all my data" deletes these and nothing else.

The folders may have been chosen by a variable and hold other things as well. So nothing is deleted for where it lies,
only for what it is: by a name that this program gives, and models by the note that they were taken in.
"""

from __future__ import annotations

import logging
import re
import shutil
import stat
import sys
from pathlib import Path

from desktop_app.settings.passwords import SecretStore
from desktop_app.settings.settings_file import data_dir, default_path

log = logging.getLogger(__name__)

TRIED_NOTE = ".tried.json"
"""Lies in the folder of each model that was taken in."""

_CONFIG_FILES = r"settings(\.damaged)?\.json|\.headcount-\w+\.tmp"
_DATA_FILES = (
    r"secrets\.json|instance(-[\w-]+)?\.json|recovery\.json|recovery-events\.jsonl|crash-report\.txt"
    r"|\.headcount-\w+\.tmp" + (r"|window\.lock" if sys.platform != "win32" else "")
    # The lock of the running window: Windows does not let go of an open file, and there is nothing in it.
)
_FOLDERS = {
    "logs": r"headcount\.log(\.\d+)?|native-crash\.log",
    "locks": r"[0-9a-f]{32}\.lock",
    "counts": r"counts\.[\w.-]+|[\w.-]+\.(sqlite3|jsonl|lock)(-wal|-shm|-journal)?",
    "counts/copies": r"counts[\w.-]*|[\w.-]+\.sqlite3(-wal|-shm|-journal)?",
    "batch": r"jobs\.sqlite3(-wal|-shm|-journal)?",
    "headcount-run": r"[0-9a-f]{24}",
    "web": r"tokens\.json",
}


def delete_own_data() -> list[Path]:
    """Delete settings, passwords, counts, logs and the user's own models; return what could not be deleted.

    Files of others in the same folders stay, and with them the folders. Links are removed and not followed.
    """
    SecretStore().forget()
    left: list[Path] = []
    config, data = default_path().parent, data_dir()
    _delete_files(config, _CONFIG_FILES, left)
    _delete_files(data, _DATA_FILES, left)
    _delete_models(data / "models", left)
    for name, pattern in sorted(_FOLDERS.items(), key=lambda item: -len(item[0])):
        folder = data / name
        _delete_files(folder, pattern, left)
        _remove_if_empty(folder)
    _remove_if_empty(data)
    _remove_if_empty(config)
    return left


def _delete_files(folder: Path, pattern: str, left: list[Path]) -> None:
    if folder.is_symlink():
        return
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for path in entries:
        if re.fullmatch(pattern, path.name) is None or stat.S_ISDIR(path.lstat().st_mode):
            continue
        try:
            path.unlink()
        except OSError as error:
            log.warning("%s could not be deleted: %s", path, error)
            left.append(path)


def _delete_models(folder: Path, left: list[Path]) -> None:
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in folder.iterdir():
        ours = path.name == ".removed" or path.name.startswith(".incoming-") or (path / TRIED_NOTE).is_file()
        if ours and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, onerror=lambda _call, name, _info: left.append(Path(name)))
    _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # something else lies in it, or it was never there
