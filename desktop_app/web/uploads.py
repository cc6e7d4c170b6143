"""Reads a form with files as it comes over the wire: straight into the job's folder, every byte counted.

Starlette's own reader would first collect everything in temporary files of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from desktop_app.system.safe_file import size_text
from desktop_app.web.kinds import HEAD_BYTES, ItemKind, kind_of, safe_name, sent_name
from desktop_app.web.problems import Problem

MOST_FIELDS = 50
MOST_FIELD_BYTES = 10_000
_WRITE_AT_ONCE = 262_144


@dataclass(slots=True)
class ReceivedFile:
    """A file of the form. `name` is the sender's, made harmless to show; `field` the form's; `path` where it lies.

    `path` is None and `data` has the bytes where they were to be kept in memory.
    """

    name: str
    field: str
    size: int = 0
    path: Path | None = None
    data: bytes = b""
    kind: ItemKind = ItemKind.VIDEO


@dataclass(slots=True)
class ReceivedForm:
    """Everything that a form sent. `fields` has every value of a name.

    `digest` is the SHA-256 of its parts, whatever the boundary between them: programs choose a new one each time.
    """

    files: list[ReceivedFile] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    digest: str = ""

    def values(self, name: str) -> list[str]:
        """Return what was filled in under a name; empty fields are left out."""
        return [text.strip() for text in self.fields.get(name, []) if text.strip()]


async def receive_form(
    request: Request,
    *,
    folder: Path | None,
    most_bytes: int,
    most_files: int,
    most_file_bytes: int | None = None,
    on_bytes: Callable[[int], object] = lambda _: None,
) -> ReceivedForm:
    """Read a multipart form. Files go into `folder`, or into memory without one; their sizes are counted as they come.

    `on_bytes` is told the length of each piece of the body, and may refuse it. Raises Problem: 415 for another kind of
    request, 413 for too many bytes or files, 400 for a damaged form.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem(415, "Send the files as a form (multipart/form-data).", "The page of the API shows how.")
    receiver = _Receiver(folder, most_files, most_file_bytes or most_bytes)
    try:
        await receiver.feed(request.stream(), boundary, most_bytes, on_bytes)
    finally:
        receiver.close()
    return receiver.form


class _Receiver:
    """The callbacks of the parser. It only collects; what takes time is done between two pieces of the body."""

    def __init__(self, folder: Path | None, most_files: int, most_file_bytes: int) -> None:
        self.form = ReceivedForm()
        self._folder, self._most_files, self._most_file_bytes = folder, most_files, most_file_bytes
        self._headers: dict[bytes, bytes] = {}
        self._header_name = self._header_value = b""
        self._file: ReceivedFile | None = None
        self._open: BinaryIO | None = None
        self._data = bytearray()
        self._field = ""
        self._fields = 0
        self._is_complete = False
        self._digest, self._part_digest = hashlib.sha256(), hashlib.sha256()

    async def feed(
        self, body: AsyncIterator[bytes], boundary: bytes, most_bytes: int, on_bytes: Callable[[int], object]
    ) -> None:
        received, pending = 0, bytearray()
        try:
            parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begin,
                    "on_part_data": self._part_data,
                    "on_part_end": self._part_end,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_end": self._on_end,
                },
            )
            async for chunk in body:
                received += len(chunk)
                if received > most_bytes:
                    raise Problem(
                        413,
                        "This is too large.",
                        f"At most {size_text(most_bytes)} are taken at once.",
                        headers={"connection": "close"},
                    )
                on_bytes(len(chunk))
                pending += chunk
                if len(pending) >= _WRITE_AT_ONCE:
                    await run_in_threadpool(parser.write, bytes(pending))
                    pending.clear()
            await run_in_threadpool(parser.write, bytes(pending))
            parser.finalize()
        except FormParserError as error:
            raise Problem(400, "The form is damaged or was cut off.", "Send it again.") from error
        except OSError as error:
            raise Problem(
                507, "There is no room for this on the server's disk.", "Send less at once, or try again later."
            ) from error
        if not self._is_complete:
            raise Problem(400, "The form is damaged or was cut off.", "Send it again.")
        self.form.digest = self._digest.hexdigest()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _part_begin(self) -> None:
        self._headers, self._file, self._field = {}, None, ""
        self._data = bytearray()
        self._part_digest = hashlib.sha256()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")[:100]
        self._fields += 1
        if self._fields > MOST_FIELDS + self._most_files:
            raise Problem(413, "The form has too many fields.", f"At most {MOST_FIELDS} are taken.")
        if b"filename" not in options:
            return
        sent = options[b"filename"].decode("utf-8", "replace")
        self._file = ReceivedFile(sent_name(sent), self._field)
        if not sent:
            return  # a field for files that was left empty
        if len(self.form.files) >= self._most_files:
            raise Problem(413, "Too many files at once.", f"Send at most {self._most_files} at once.")
        if self._folder is not None:
            own = self._folder / f"{len(self.form.files)}"
            own.mkdir(mode=0o700)
            self._file.path = own / safe_name(sent)
            self._open = self._file.path.open("xb")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        self._part_digest.update(piece)
        if self._file is None:
            self._data += piece
            if len(self._data) > MOST_FIELD_BYTES:
                raise Problem(413, "A field of the form is too long.", f"At most {MOST_FIELD_BYTES} letters are taken.")
            return
        self._file.size += len(piece)
        if self._file.size > self._most_file_bytes:
            raise Problem(
                413, f"“{self._file.name}” is too large.", f"At most {size_text(self._most_file_bytes)} are taken."
            )
        if self._open is None:
            self._data += piece
            return
        if len(self._data) < HEAD_BYTES:
            self._data += piece[: HEAD_BYTES - len(self._data)]
        self._open.write(piece)

    def _part_end(self) -> None:
        # What a part says of itself comes as a digest, too, so that no text can pass for another part.
        for text in (self._headers.get(b"content-disposition", b""), self._part_digest.digest()):
            self._digest.update(hashlib.sha256(text).digest())
        if self._file is None:
            self.form.fields.setdefault(self._field, []).append(self._data.decode("utf-8", "replace"))
            return
        self.close()
        if not self._file.size and self._file.name == "file":
            return
        self._file.kind = kind_of(self._file.name, bytes(self._data[:HEAD_BYTES]))
        if self._folder is None:
            self._file.data = bytes(self._data)
        self.form.files.append(self._file)

    def _on_end(self) -> None:
        self._is_complete = True
