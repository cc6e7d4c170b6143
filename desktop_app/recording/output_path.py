"""Whether a result can be written to a place, found out before an hour of counting."""

from __future__ import annotations

import os
from pathlib import Path

from desktop_app.errors import OutputError
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_write import is_special, real_target


def check_output_path(path: Path) -> None:
    """Raise OutputError, in plain words, where a file cannot be written to `path`. Leaves nothing behind.

    A link is followed to its end. A pipe or a device is not opened: that could wait for its other side.
    """
    shown = printable(str(path))
    try:
        path = real_target(path)
        folder = path.parent if str(path.parent) else Path()
        if path.is_dir():
            raise OutputError(f"{shown} is a folder.", "Give the name of a file.")
        if not folder.is_dir():
            raise OutputError(
                f"The folder {printable(str(folder))} does not exist.", "Make it first, or choose another."
            )
        if is_special(path):
            if not os.access(path, os.W_OK):
                raise PermissionError(13, os.strerror(13))
            return
        if path.exists():
            with path.open("ab"):
                pass  # an existing file that may not be written is found here
            # It is replaced by a new file, so its folder has to take one.
            probe = folder / f".headcount-{os.getpid()}.tmp"
        else:
            probe = path
        # Exactly this name, so that one too long, or with letters that the disk does not take, is found as well.
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{shown} cannot be written ({reason}).", "Choose another name or folder, or get the right to it."
        ) from error
