"""A question with two answers, one of which leaves everything as it is."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget


def is_agreed(
    parent: QWidget,
    title: str,
    text: str,
    more: str,
    yes: str,
    no: str,
    icon: QMessageBox.Icon = QMessageBox.Icon.NoIcon,
) -> bool:
    """Ask, and return whether the answer is `yes`. Enter, Escape and closing the box all mean `no`."""
    box = QMessageBox(parent)
    box.setIcon(icon)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(more)
    agreed = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    stays = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stays)
    box.setEscapeButton(stays)
    box.exec()
    found = box.clickedButton() is agreed
    box.deleteLater()
    return found
