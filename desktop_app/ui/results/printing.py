"""Printing a report: the system's own dialog, and one page a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QMarginsF, QRect, Qt
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo
from PySide6.QtWidgets import QWidget

from desktop_app.errors import HeadcountError
from desktop_app.ui.results.report_view import to_image
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr

PRINT_PIXELS_A_POINT = 300 / 72


def ask_printer(parent: QWidget) -> QPrinter | HeadcountError | None:
    """Return the printer that the operator chose, None if they think better of it, or why there is none."""
    if not QPrinterInfo.availablePrinterNames():
        return HeadcountError(
            tr("This computer knows no printer."),
            tr("Add one in the system's settings, or save the PDF and print that."),
        )
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setPageLayout(
        QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0))
    )
    dialog = QPrintDialog(printer, parent)
    accepted = dialog.exec()
    dialog.deleteLater()
    return printer if accepted else None


def print_pdf(pdf: bytes, window: QWidget, tasks: Tasks, banner: Banner) -> None:
    """Ask for a printer, and print every page of a PDF on it; the pictures for that are made on a thread."""
    printer = ask_printer(window)
    if isinstance(printer, HeadcountError):
        banner.show_message("warning", printer.message, printer.remedy, seconds=10)
    elif printer is not None:
        tasks.begin("print", lambda: print_images(pdf), partial(print_pages, printer))


def print_images(pdf: bytes) -> list[QImage]:
    """Return the pages of a PDF as a printer needs them."""
    from desktop_app.reports.pdf_image import page_images

    return [to_image(picture) for picture in page_images(pdf, PRINT_PIXELS_A_POINT)]


def print_pages(printer: QPrinter, pages: Sequence[QImage]) -> None:
    """Print pictures of pages, each as large as its sheet allows."""
    painter = QPainter()
    if not painter.begin(printer):
        return
    for number, page in enumerate(pages):
        if number:
            printer.newPage()
        room = painter.viewport()
        size = page.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        painter.drawImage(QRect((room.width() - size.width()) // 2, 0, size.width(), size.height()), page)
    painter.end()
