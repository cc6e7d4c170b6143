"""Which files were counted with which settings and models, and what came of it: where a batch goes on after a kill."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from desktop_app import __version__
from desktop_app.domain.event_codec import from_plain, kind_of, to_plain
from desktop_app.domain.events import Entry
from desktop_app.errors import StoreError
from desktop_app.resources import model_path
from desktop_app.settings import Settings, data_dir
from desktop_app.system.safe_write import make_folders

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hash (path TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, sha256 TEXT) STRICT;
CREATE TABLE IF NOT EXISTS job (
    sha256 TEXT, settings TEXT, model TEXT,
    session TEXT NOT NULL, people INTEGER NOT NULL, female INTEGER NOT NULL, male INTEGER NOT NULL,
    undecided INTEGER NOT NULL, seconds REAL NOT NULL, note TEXT NOT NULL,
    entries BLOB, -- until they are in the database of counts; NULL afterwards
    PRIMARY KEY (sha256, settings, model)
) STRICT;
"""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class JobKey:
    """What one result depends on: the file's contents, the settings and the model, each as a SHA-256."""

    sha256: str
    settings: str
    model: str


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a file gave. `session` is "" where it was not kept; `note` says what was not seen of it, "" for nothing."""

    session: str
    people: int
    female: int
    male: int
    undecided: int
    seconds: float
    note: str = ""


def default_path() -> Path:
    """Return where this user's table of jobs lies."""
    return data_dir() / "batch" / "jobs.sqlite3"


class JobTable:
    """The table in one file, which is made if need be. Used by one thread. A damaged file is replaced: it only saves
    work that can be done again."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError where the file cannot be opened."""
        try:
            make_folders(path.parent, private=True)
            try:
                self._connection = _open(path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                path.unlink()
                self._connection = _open(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"The table of jobs {path} cannot be opened ({error}).", "Check the disk.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def sha256_of(self, path: Path) -> str:
        """Return the hash of a file, the one noted before where neither size nor time have changed. Raises OSError."""
        state = path.stat()
        name = str(path.resolve())
        found = self._connection.execute(
            "SELECT sha256 FROM hash WHERE path = ? AND size = ? AND changed_ns = ?",
            (name, state.st_size, state.st_mtime_ns),
        ).fetchone()
        if found is not None:
            return str(found[0])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with suppress(sqlite3.Error, UnicodeEncodeError):  # it only saves time
            values = (name, state.st_size, state.st_mtime_ns, digest)
            self._connection.execute("INSERT OR REPLACE INTO hash VALUES (?, ?, ?, ?)", values)
        return digest

    def find(self, key: JobKey) -> JobResult | None:
        """Return what a file gave before, None where it has not been counted so."""
        row = self._connection.execute(
            "SELECT session, people, female, male, undecided, seconds, note FROM job"
            " WHERE sha256 = ? AND settings = ? AND model = ?",
            (key.sha256, key.settings, key.model),
        ).fetchone()
        return None if row is None else JobResult(*row)

    def put(self, key: JobKey, result: JobResult, entries: Iterable[Entry]) -> None:
        """Note what a file gave, with the entries that are to be kept, in one step. Raises sqlite3.Error."""
        packed = _packed(entries)
        self._connection.execute(
            "INSERT OR REPLACE INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*asdict(key).values(), *asdict(result).values(), packed),
        )

    def waiting(self) -> Iterator[list[Entry]]:
        """Return the entries of every job of which they are not in the database of counts yet."""
        rows = self._connection.execute("SELECT entries FROM job WHERE entries IS NOT NULL").fetchall()
        return (_unpacked(packed) for (packed,) in rows)

    def mark_kept(self) -> None:
        """Note that all entries are in the database of counts. Raises sqlite3.Error."""
        self._connection.execute("UPDATE job SET entries = NULL WHERE entries IS NOT NULL")


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10.0, isolation_level=None)
    try:
        # What is in the database of counts by now must not be readable here when it is deleted there.
        connection.execute("PRAGMA secure_delete=ON")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            for table in ("hash", "job"):
                connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version={_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def settings_key(settings: Settings, limit_s: float | None) -> str:
    """Return a hash of everything in the settings that changes a count, and of the program's version."""
    values = [__version__, asdict(settings.detector), asdict(settings.count), settings.places, limit_s]
    text = json.dumps(values, sort_keys=True, default=asdict)
    return hashlib.sha256(text.encode()).hexdigest()


def model_key(name: str) -> str:
    """Return a hash of the files of a model. Raises ModelError where there is none, OSError."""
    digest = hashlib.sha256()
    folder = model_path(name, data_dir() / "models")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with closing(path.open("rb")) as file:
            digest.update(path.relative_to(folder).as_posix().encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _packed(entries: Iterable[Entry]) -> bytes | None:
    """Return entries as compressed JSON, None for none."""
    lines = [[e.id, e.session, e.door, e.seq, e.utc, kind_of(e.event), to_plain(e.event)] for e in entries]
    return zlib.compress(json.dumps(lines).encode()) if lines else None


def _unpacked(packed: bytes) -> list[Entry]:
    rows = json.loads(zlib.decompress(packed))
    return [
        Entry(entry_id, session, door, seq, utc, from_plain(kind, plain))
        for entry_id, session, door, seq, utc, kind, plain in rows
    ]
