"""The shorter pages: saving and privacy, the screen for visitors, look and language."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from desktop_app.ui.setup.form import (
    Choice,
    Line,
    Number,
    Row,
    SettingsForm,
    Tick,
    Whole,
    heading,
    note,
    setting_row,
    settings_page,
)
from desktop_app.ui.sources.start_page import privacy_text
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.window.actions import Actions

THEME_WORDS = {"system": "Same as the system", "light": "Light", "dark": "Dark"}


def saving_page(actions: Actions, form: SettingsForm) -> QWidget:
    """Return the page about what is kept and where."""
    page, column, rows = settings_page("")
    privacy = QLabel(privacy_text())
    privacy.setWordWrap(True)
    privacy.setTextFormat(Qt.TextFormat.RichText)
    rows.addRow(privacy)
    rows.addRow(actions.button("sign", text=True, flat=False))
    rows.addRow(heading(tr("Kept counts")))
    form.add_rows(
        rows,
        (
            Row(
                "keep",
                "people_days",
                tr("Keep single people for"),
                tr(
                    "After so many days only the numbers of each quarter of an hour are left of a count, not the "
                    "people. That is done at the next start of the program and then once a day, and cannot be undone."
                ),
                Whole(0, 3650, tr("always"), tr(" days")),
            ),
        ),
    )
    rows.addRow(heading(tr("People who come back")))
    returns = form.add_rows(rows, (returns_row(),))["returns_minutes"]
    held = note(
        tr(
            "While returns are recognised, a description of each face is held in memory until its time is over. "
            "It is never saved. A light at the foot of the Count tab shows that it is on."
        )
    )
    rows.addRow("", held)
    held.setVisible(False)
    returns.valueChanged.connect(lambda v: held.setVisible(v > 0))
    rows.addRow(heading(tr("Snapshots and recordings")))
    folder = form.line("recording", "folder")
    folder.setPlaceholderText(tr("Headcount in your videos folder"))
    setting_row(rows, tr("Folder"), _with_picker(folder), tr("Where snapshots and recordings go, if you ask for any."))
    folder.setAccessibleName(tr("Folder"))
    speed = Row("recording", "fps", tr("Recording"), tr("Pictures a second in a recording."), Number(1, 60, 1, " fps"))
    form.add_rows(rows, (speed,))
    buttons = QHBoxLayout()
    for key in ("open_saved", "delete_data"):
        buttons.addWidget(actions.button(key, text=True, flat=False))
    buttons.addStretch(1)
    column.addLayout(buttons)
    column.addStretch(1)
    return page


def returns_row() -> Row:
    """Return the setting of recognising those who come back."""
    return Row(
        "count",
        "returns_minutes",
        tr("Recognise returns within"),
        tr(
            "Someone who leaves and comes back within this time is counted once. For this a description of each face "
            "is held in memory. It is never written, never exported, and gone when its time or the program ends."
        ),
        Number(0.0, 120.0, 1.0, " min", tr("off")),
    )


def _with_picker(edit: QLineEdit) -> QWidget:
    pick = QPushButton(tr("Choose…"))
    pick.setAccessibleName(tr("Choose the folder"))

    def choose() -> None:
        title = tr("Folder for snapshots and recordings")
        folder = QFileDialog.getExistingDirectory(edit.window(), title, edit.text())
        if folder:
            edit.setText(folder)

    pick.clicked.connect(choose)
    both = QWidget()
    line = QHBoxLayout(both)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(edit, 1)
    line.addWidget(pick)
    return both


def visitors_page(actions: Actions, form: SettingsForm) -> QWidget:
    """Return the page about the large totals."""
    page, column, rows = settings_page(
        tr("The large totals fill a screen that visitors can read from afar. They always say whether it is counting.")
    )
    screens = {"": tr("The screen that this window is on")}
    for screen in (s for s in QGuiApplication.screens() if s.name()):
        size = screen.size()
        screens[screen.name()] = f"{screen.name()} ({size.width()} × {size.height()})"
    editors = form.add_rows(
        rows,
        (
            Row("kiosk", "screen", tr("Screen"), tr("Which screen they fill."), Choice(screens)),
            Row(
                "kiosk",
                "title",
                tr("Title"),
                tr("A line above the number; nothing where this is empty."),
                Line(80, tr("Welcome to the spring fair")),
            ),
            Row(
                "kiosk",
                "total_only",
                "",
                tr("Leave out the smaller figures below it."),
                Tick(tr("Only the large number")),
            ),
            Row(
                "kiosk",
                "show_gender",
                "",
                tr("Leave it off where visitors should not see a split."),
                Tick(tr("Show how many appear female and male")),
            ),
            Row(
                "kiosk",
                "capacity",
                tr("Room for"),
                tr("The number turns yellow from nine tenths of this many people on, and red when it is full."),
                Whole(0, 1_000_000, tr("no limit"), tr(" people")),
            ),
        ),
    )
    editors["total_only"].toggled.connect(editors["show_gender"].setDisabled)
    column.addWidget(
        note(
            tr(
                "How many are inside is known where a line counts in and out; without one, everybody counted is taken "
                "to be still there."
            )
        )
    )
    show = QHBoxLayout()
    for key in ("kiosk", "phones"):
        show.addWidget(actions.button(key, text=True, flat=False))
    show.addStretch(1)
    column.addLayout(show)
    column.addStretch(1)
    return page


def looks_page(form: SettingsForm) -> QWidget:
    """Return the page about how the window looks."""
    page, column, rows = settings_page("")
    form.add_rows(
        rows,
        (
            Row("ui", "theme", tr("Theme"), tr("Light, dark, or the same as the system."), Choice(THEME_WORDS)),
            Row(
                "ui",
                "show_labels",
                "",
                tr("A box with gender, age band and number on each person."),
                Tick(tr("Show boxes and labels on the picture")),
            ),
        ),
    )
    column.addWidget(note(tr("Language: English. There is no other one yet.")))
    column.addStretch(1)
    return page
