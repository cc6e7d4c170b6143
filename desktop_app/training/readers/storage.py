"""Where the pictures of a data set lie: a folder, a zip, a tar (packed or not), or a column of a table."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import SourceError
from desktop_app.system.plain_text import printable
from desktop_app.training.damaged import DAMAGED


class PictureStorage(Protocol):
    """Where the pictures of a data set lie: a folder, a zip, or a column of a table."""

    def names(self) -> list[str]: ...

    def mark(self, name: str) -> str:
        """What changes when a picture does, found without decoding it; empty where there is none."""
        ...

    def read_bytes(self, name: str) -> bytes: ...

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        """Return uint8 BGR of shape (height, width, 3). Raises SourceError for a missing or damaged picture."""
        ...

    def close(self) -> None: ...


def decode_picture(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode an encoded picture to uint8 BGR. Raises SourceError naming the picture if it is damaged."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise SourceError(f"The picture {printable(name)} is empty or damaged.", "Replace the file or remove its row.")
    return np.asarray(picture, np.uint8)


class FolderStorage:
    """Pictures under a folder; names are relative to it, with forward slashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        return sorted(p.relative_to(self._folder).as_posix() for p in self._folder.rglob("*") if p.is_file())

    def mark(self, name: str) -> str:
        try:
            status = (self._folder / PurePosixPath(name)).stat()
        except (OSError, ValueError):
            return ""
        return f"{status.st_size} {status.st_mtime_ns}"

    def read_bytes(self, name: str) -> bytes:
        path = self._folder / PurePosixPath(name)
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise SourceError(f"The picture name {name!r} leads outside the data set.", "Correct the table of labels.")
        try:
            return path.read_bytes()
        except OSError as error:
            raise SourceError(f"The picture {printable(name)} cannot be read: {error.strerror}.") from error

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        return decode_picture(self.read_bytes(name), name)

    def close(self) -> None:
        return


class ZipStorage:
    """Pictures inside a zip file, read in place without unpacking."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise SourceError(f"{path} is not a readable zip file.", "Download or pack it again.") from error
        # Some programs on Windows write backslashes between folders.
        files = (info for info in self._zip.infolist() if not info.is_dir())
        self._files = {info.filename.replace("\\", "/"): info for info in files}

    def names(self) -> list[str]:
        return sorted(self._files)

    def mark(self, name: str) -> str:
        info = self._files.get(name)
        return "" if info is None else f"{info.file_size} {info.CRC}"

    def read_bytes(self, name: str) -> bytes:
        try:
            return self._zip.read(self._files[name])
        except DAMAGED as error:
            raise SourceError(f"The picture {printable(name)} is not in the zip file or is damaged there.") from error

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        return decode_picture(self.read_bytes(name), name)

    def close(self) -> None:
        self._zip.close()


class MemoryStorage:
    """Pictures that are made on demand, such as those of a `pixels` column."""

    def __init__(self, makers: Mapping[str, Callable[[], NDArray[np.uint8]]]) -> None:
        self._makers = dict(makers)

    def names(self) -> list[str]:
        return list(self._makers)

    def mark(self, name: str) -> str:
        maker = self._makers.get(name)
        return "" if maker is None else str(zlib.crc32(maker().tobytes()))

    def read_bytes(self, name: str) -> bytes:
        ok, data = cv2.imencode(".png", self.read_picture(name))
        if not ok:
            raise SourceError(f"The picture {name} cannot be encoded.")
        return data.tobytes()

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        maker = self._makers.get(name)
        if maker is None:
            raise SourceError(f"There is no picture {name} in this table.")
        return maker()

    def close(self) -> None:
        self._makers.clear()


class TarStorage:
    """Pictures inside a tar file, read in place. A packed one is unpacked once into a temporary file: the pictures are
    wanted in any order, and a packed stream can only be read from its beginning.
    """

    def __init__(self, path: Path) -> None:
        with ExitStack() as opened:
            try:
                unpacker = _unpacker_of(path)
                plain = None if unpacker is None else opened.enter_context(tempfile.TemporaryFile())
                if unpacker is not None and plain is not None:
                    with unpacker(path) as packed:
                        shutil.copyfileobj(packed, plain, 1 << 20)
                    plain.seek(0)
                self._tar = opened.enter_context(tarfile.open(None if plain is not None else path, "r:", plain))
                members = [member for member in self._tar.getmembers() if member.isreg() or member.islnk()]
            except (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
                raise SourceError(
                    f"{path} is not a readable tar file: {error}.", "Download or pack it again."
                ) from error
            self._opened = opened.pop_all()
        self._members = {member.name.removeprefix("./"): member for member in members}

    def names(self) -> list[str]:
        return sorted(self._members)

    def mark(self, name: str) -> str:
        member = self._members.get(name)
        return "" if member is None else f"{member.size} {member.mtime}"

    def read_bytes(self, name: str) -> bytes:
        try:
            file = self._tar.extractfile(self._members[name])
            if file is None:
                raise KeyError(name)
            return file.read()
        except (KeyError, OSError, tarfile.TarError) as error:
            raise SourceError(f"The picture {printable(name)} is not in the tar file or is damaged there.") from error

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        return decode_picture(self.read_bytes(name), name)

    def close(self) -> None:
        self._opened.close()


def _unpacker_of(path: Path) -> Callable[[Path], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile] | None:
    """What unpacks a packed file, by its first bytes; None for a plain one."""
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile
    if start.startswith(b"BZh"):
        return bz2.BZ2File
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile
    return None


ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive(path: Path) -> bool:
    """Whether the name is that of a zip or tar."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def name_of(path: Path) -> str:
    """What a data set is called: the name of its file without the ending, or of its folder."""
    if path.is_dir():
        return path.name or path.resolve().name
    for suffix in sorted(ARCHIVE_SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def open_storage(path: Path) -> FolderStorage | ZipStorage | TarStorage:
    """Open a folder, zip or tar of pictures. Raises SourceError where `path` is none of them."""
    if path.is_dir():
        return FolderStorage(path)
    if not path.exists():
        raise SourceError(f"There is no file or folder {path}.", "Check the path.")
    if path.suffix.lower() != ".zip" and is_archive(path):
        return TarStorage(path)
    if path.suffix.lower() != ".zip" and not zipfile.is_zipfile(path):
        raise SourceError(f"{path} is no folder, zip or tar.", "Give the folder that the pictures lie in.")
    return ZipStorage(path)
