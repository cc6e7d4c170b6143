"""Prints a lock file without the packages that only the window and the command line's extras need.

    python packaging/container/packages.py requirements/package.txt > packages.txt

The versions and hashes stay those of the lock file. Used by the Containerfile.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

UNUSED = frozenset(
    {
        # The window.
        "pyqtgraph", "pyside6-essentials", "shiboken6",
        # Video sites: whoever runs a service gives it cameras, files and uploads.
        "yt-dlp", "yt-dlp-ejs",
        # Keyrings of a desktop: a container has none, and passwords of cameras come from its environment or a secret.
        "cffi", "cryptography", "importlib-metadata", "jaraco-classes", "jaraco-context", "jaraco-functools", "jeepney",
        "keyring", "lazy-importer", "more-itertools", "pycparser", "secretstorage",
    }
)  # fmt: skip


def without_unused(lock: str) -> str:
    """Return a lock file's text without the blocks of the packages in `UNUSED`."""
    blocks = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(block for block in blocks if re.split(r"[=\s;\[]", block, maxsplit=1)[0] not in UNUSED)


if __name__ == "__main__":
    sys.stdout.write(without_unused(Path(sys.argv[1]).read_text()))
