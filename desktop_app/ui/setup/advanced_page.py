"""What experts change: detector, thresholds, network, streams, and what helps to find a fault."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from desktop_app.resources import model_names
from desktop_app.settings import data_dir
from desktop_app.ui.models.model_words import ModelCardView
from desktop_app.ui.setup.form import Choice, Number, Row, SettingsForm, Share, Tick, Whole, left, note, settings_page
from desktop_app.ui.widgets.desktop import open_path
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.window.actions import Actions

DETECTOR_WORDS = {
    "yunet": "YuNet (neural network; finds most faces)",
    "haar": "Haar cascade (classic; upright faces)",
}
CASCADE_WORDS = {
    "frontal": "Frontal (OpenCV's default)",
    "alt2": "Frontal, alternative 2",
    "profile": "Frontal and both profiles (slower)",
}


class AdvancedPage(QWidget):
    """Four pages of settings, and buttons below them. `defaults` is the button that sets everything back.

    `see_size` leads to the picture, with a frame as large as the smallest face counted.
    """

    def __init__(self, actions: Actions, form: SettingsForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.see_size = QPushButton(tr("See this size on the picture"))
        self.see_size.setToolTip(
            tr(
                "Come to the picture, with a frame as large as the smallest face counted in its corner. "
                "View > Show the smallest face counted takes the frame away."
            )
        )
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Advanced settings"))
        self.tabs.addTab(finding_page(form), tr("Finding faces"))
        self.tabs.addTab(counting_page(form, self.see_size), tr("Counting"))
        self.tabs.addTab(model_page(form), tr("Model"))
        self.tabs.addTab(stream_page(form), tr("Cameras and streams"))
        self.defaults = QPushButton(tr("Defaults"))
        self.defaults.setToolTip(tr("Set every setting of this tab to its default; Undo brings yours back"))
        row = QHBoxLayout()
        row.setSpacing(6)
        for key in ("models", "compare", "show_log", "diagnostics"):
            row.addWidget(actions.button(key, text=True, flat=False))
        row.addStretch(1)
        row.addWidget(self.defaults)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.tabs, 1)
        column.addLayout(row)


def finding_rows() -> tuple[Row, ...]:
    """Return the settings of the detector."""
    return (
        Row(
            "detector",
            "kind",
            tr("Detector"),
            tr("What looks for faces. YuNet finds more; Haar is the classic method."),
            Choice(DETECTOR_WORDS),
        ),
        Row(
            "detector",
            "min_face_share",
            tr("Smallest face"),
            tr(
                "Width of the smallest face that is looked for, as a share of the picture's shorter side. "
                "Smaller finds people farther away and takes longer."
            ),
            Share(1, 90),
        ),
        Row(
            "detector",
            "score_threshold",
            tr("Minimum face score"),
            tr(
                "YuNet: how sure it must be, 0 to 1. Lower finds more faces and more things that are none. To be "
                "counted, a face must once have been a good deal surer, usually 0.78."
            ),
            Number(0.05, 0.99, 0.05),
        ),
        Row(
            "detector",
            "cascade",
            tr("Haar: cascade"),
            tr(
                "Which of OpenCV's cascades looks. The second one raises fewer false alarms; "
                "the third also finds heads turned to a side."
            ),
            Choice(CASCADE_WORDS),
        ),
        Row(
            "detector",
            "scale_factor",
            tr("Haar: size step"),
            tr("From one size it looks for to the next. Nearer to 1 is finer and slower."),
            Number(1.01, 2.0, 0.05),
        ),
        Row(
            "detector",
            "min_neighbors",
            tr("Haar: agreement"),
            tr("How many overlapping finds make a face. Higher means fewer false faces and fewer faces."),
            Whole(0, 50),
        ),
        Row(
            "detector",
            "interval_s",
            tr("Search every"),
            tr("Time between two searches of the picture; in between, faces are followed. 0 searches every frame."),
            Number(0.0, 2.0, 0.02, " s"),
        ),
        Row(
            "detector",
            "reject_non_faces",
            "",
            tr("Our own network checks each find again and rejects patterns that only look like a face."),
            Tick(tr("Reject what is not a face")),
        ),
    )


def finding_page(form: SettingsForm) -> QWidget:
    """Return the page about the detector."""
    page, column, rows = settings_page(tr("What counts as a face."))
    editors = form.add_rows(rows, finding_rows())
    kind = editors["kind"]

    def fit() -> None:
        is_haar = kind.currentData() == "haar"
        editors["score_threshold"].setEnabled(not is_haar)
        for name in ("cascade", "scale_factor", "min_neighbors"):
            editors[name].setEnabled(is_haar)

    kind.currentIndexChanged.connect(lambda _i: fit())
    fit()
    column.addStretch(1)
    return page


def counting_rows() -> tuple[Row, ...]:
    """Return the settings of who is counted, and as whom."""
    return (
        Row(
            "count",
            "confirm_s",
            tr("Count after"),
            tr("How long a face must be seen before the person is counted."),
            Number(0.0, 10.0, 0.1, " s"),
        ),
        Row(
            "count",
            "min_face_px",
            tr("Smallest face counted"),
            tr(
                "A smaller face is followed but not counted: below about 11 pixels nobody can say who it is. "
                "It is the side of a square as large as the box, in pixels of the camera's or film's picture."
            ),
            Number(4.0, 500.0, 1.0, " pixels"),
        ),
        Row(
            "count",
            "lost_s",
            tr("Gone after"),
            tr(
                "How long someone may be out of sight and still be the same person, if their looks and the place speak "
                "for it. Somebody who is hidden or turns away without reaching the edge of the picture is expected "
                "back for 15 seconds."
            ),
            Number(0.1, 30.0, 0.5, " s"),
        ),
        Row(
            "count",
            "decide_threshold",
            tr("Minimum gender confidence"),
            tr("How sure the estimate of the gender must be, 0.5 to 0.99. Below it a person stays undecided."),
            Number(0.5, 0.99, 0.01),
        ),
        Row(
            "count",
            "child_threshold",
            tr("Minimum for children"),
            tr(
                "The same for those who appear younger than ten. Genders of children are estimated less well, so more "
                "is asked: a child below it is counted as a person without a gender."
            ),
            Number(0.5, 0.99, 0.01),
        ),
        Row(
            "count",
            "max_glimpses",
            tr("Pictures per person"),
            tr("How many good pictures of a person are judged at most. More is surer and takes longer."),
            Whole(1, 200),
        ),
    )


def counting_page(form: SettingsForm, see_size: QPushButton | None = None) -> QWidget:
    """Return the page about who is counted, and as whom; `see_size` goes below the size of the smallest face."""
    page, column, rows = settings_page(tr("When someone is counted, and as whom."))
    for row in counting_rows():
        form.add_rows(rows, (row,))
        if row.name == "min_face_px" and see_size is not None:
            rows.addRow("", left(see_size))
    column.addStretch(1)
    return page


def model_row() -> Row:
    """Return the setting of the network."""
    return Row(
        "count",
        "model",
        tr("Model"),
        tr("Which network judges the faces. A model of your own goes into the models folder."),
        Choice({name: name for name in model_names(data_dir() / "models")}),
    )


def model_page(form: SettingsForm) -> QWidget:
    """Return the page about the network."""
    page, column, rows = settings_page(tr("The network that estimates how old someone appears, and as which gender."))
    chooser = form.add_rows(rows, (model_row(),))["model"]
    card = ModelCardView()
    rows.addRow(card)
    folder = QPushButton(tr("Open the folder for models of your own"))
    folder.setToolTip(tr("Put a folder with a model and its model.json there, then start Headcount again"))
    folder.clicked.connect(_open_models_folder)
    rows.addRow(folder)
    chooser.currentIndexChanged.connect(lambda _i: card.show_model(chooser.currentData()))
    card.show_model(chooser.currentData())
    column.addStretch(1)
    return page


def stream_page(form: SettingsForm) -> QWidget:
    """Return the page about cameras and streams that are lost."""
    page, column, rows = settings_page(tr("What happens when a camera or a stream falls silent."))
    form.add_rows(
        rows,
        (
            Row(
                "source",
                "open_timeout_s",
                tr("Give up opening after"),
                tr("How long a stream may take to answer at first."),
                Number(1, 120, 1, " s"),
            ),
            Row(
                "source",
                "read_timeout_s",
                tr("Silent for"),
                tr("How long a stream may send nothing before it counts as lost."),
                Number(1, 120, 1, " s"),
            ),
            Row(
                "source",
                "reconnect",
                "",
                tr(
                    "A camera or stream that was lost is opened again and again, a little later each time; the count "
                    "goes on."
                ),
                Tick(tr("Reconnect by itself")),
            ),
        ),
    )
    column.addWidget(note(tr("Minutes in which nothing was seen are hatched in the charts: they are not zero.")))
    column.addStretch(1)
    return page


def _open_models_folder() -> None:
    folder = data_dir() / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = data_dir()
    open_path(QApplication.activeWindow() or QApplication.instance(), folder)
