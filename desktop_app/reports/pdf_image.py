"""Pages of a PDF as pictures, as a screen shows them and a printer prints them."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

_PDFIUM = threading.Lock()
"""PDFium works on one thread at a time."""


def page_images(pdf: bytes, pixels_a_point: float) -> list[NDArray[np.uint8]]:
    """Return every page as uint8 of shape (height, width, 3) in BGR order. Raises ValueError for what is no PDF."""
    import pypdfium2  # loads a library of 8 MB, which only a report needs

    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as error:
            raise ValueError(f"this is no PDF: {error}") from error
        try:
            pages = [
                document[number].render(scale=pixels_a_point, rev_byteorder=False) for number in range(len(document))
            ]
            return [np.array(bitmap.to_numpy()[:, :, :3], np.uint8) for bitmap in pages]
        finally:
            document.close()
