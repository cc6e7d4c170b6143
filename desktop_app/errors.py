"""The two families of errors: what the user can put right, and our own bugs.

Everything a user can meet derives from `HeadcountError` and carries a plain sentence and a remedy. Any other exception
is a defect of the program and is reported as one.
"""

from __future__ import annotations


class HeadcountError(Exception):
    """Something the user can put right.

    `message` says in one plain sentence what is wrong and with which value; `remedy` says what to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class SourceError(HeadcountError):
    """A camera, file, stream or picture cannot be opened or read.

    `retryable` is True where trying again may help without the user doing anything (a stream that went silent), False
    where it cannot (a file that is not there).
    """

    exit_code = 3

    def __init__(self, message: str, remedy: str = "", *, retryable: bool = False) -> None:
        super().__init__(message, remedy)
        self.retryable = retryable


class ModelError(HeadcountError):
    """A model file is missing, damaged, or does not match its `model.json`."""

    exit_code = 4


class SettingsError(HeadcountError):
    """A setting has a value the program cannot work with."""

    exit_code = 5


class OutputError(HeadcountError):
    """A result, snapshot or recording cannot be written."""

    exit_code = 6


class StoreError(HeadcountError):
    """The stored counts cannot be opened, read or changed."""

    exit_code = 7
