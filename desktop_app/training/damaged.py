"""What a file of ours raises that is damaged or of another kind."""

from __future__ import annotations

import lzma
import tokenize
import zipfile
import zlib

DAMAGED: tuple[type[Exception], ...] = (
    OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SyntaxError, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""By whom: the file system, zip files (also those with a password or a packing that Python does not know), JSON, NumPy,
which reads the head of an array with Python's own parser, and Keras.
"""
