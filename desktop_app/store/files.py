"""Where the stored counts lie, and that nobody but their owner reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from desktop_app.settings import data_dir

SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database file, by what it adds to the name."""


DATABASE_NAME = "counts.sqlite3"


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The files of one store, all in `folder`."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / DATABASE_NAME

    @property
    def lock(self) -> Path:
        return self.folder / "counts.lock"

    @property
    def copies(self) -> Path:
        return self.folder / "copies"

    @property
    def rescued(self) -> Path:
        """What the open database is written to when its file was deleted, until that is whole."""
        return self.database.with_suffix(".rescued")

    def damaged(self) -> list[Path]:
        """Return the damaged files that were set aside, newest first."""
        return sorted(self.folder.glob("counts.damaged-*.sqlite3"), reverse=True)

    def prepare(self) -> None:
        """Make the folder and the lock file, private to the user. Raises OSError."""
        make_private_folder(self.folder)
        create_private(self.lock)

    def set_aside(self) -> Path:
        """Give the database file another name and return it. Raises OSError, and then has changed nothing."""
        stamp = datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
        number, aside = 1, self.folder / f"counts.damaged-{stamp}.sqlite3"
        while aside.exists():
            number += 1
            aside = self.folder / f"counts.damaged-{stamp}-{number}.sqlite3"
        self.database.rename(aside)
        for ending in SIDE_FILES:
            side = Path(f"{self.database}{ending}")
            # The entries written last are in the -wal file. One left behind would be taken for the new file's.
            if side.exists():
                side.rename(f"{aside}{ending}")
        return aside


def default_folder() -> Path:
    """Return the folder in which this user's counts are kept."""
    return data_dir() / "counts"


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, or make an existing one so. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def create_private(path: Path) -> None:
    """Make an empty file that only its owner can read, or make an existing one so. Raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def remove_database(path: Path) -> None:
    """Remove a database file with what SQLite keeps beside it. Raises OSError."""
    for ending in ("", *SIDE_FILES):
        Path(f"{path}{ending}").unlink(missing_ok=True)
