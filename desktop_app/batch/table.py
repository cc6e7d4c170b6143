"""What a batch has come to, as a table of one row a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from desktop_app.batch.batch import BatchFile

FIELDS = ("file", "people", "female", "male", "undecided", "seconds", "state", "reason", "session", "sha256")


def rows(files: Iterable[BatchFile]) -> Iterator[tuple[str | int | float | None, ...]]:
    """Return one row a file, as `FIELDS`."""
    for file in files:
        result, sha256 = file.result, file.key.sha256 if file.key is not None else ""
        if result is None:
            yield (str(file.path), None, None, None, None, None, state_of(file), reason_of(file), "", sha256)
        else:
            figures = (result.people, result.female, result.male, result.undecided, round(result.seconds, 1))
            yield (str(file.path), *figures, state_of(file), reason_of(file), result.session, sha256)


def state_of(file: BatchFile) -> str:
    """Return "failed", "not counted", "incomplete", "counted before" or "counted"."""
    if file.error is not None:
        return "failed"
    if file.result is None:
        return "not counted"
    return "incomplete" if file.result.note else "counted before" if file.was_known else "counted"


def reason_of(file: BatchFile) -> str:
    """Return why a file failed, or what of it was not seen; "" for neither."""
    return str(file.error) if file.error is not None else file.result.note if file.result is not None else ""
