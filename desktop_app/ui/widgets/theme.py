"""The two palettes of the window, and how they reach every widget.

The gender colours are Okabe and Ito's (Color Universal Design, 2008), which stay apart for the common kinds of
colour blindness; each gender also has a mark of its own shape, so that no figure depends on colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop_app.domain.types import Gender
from desktop_app.resources import resource_path

THEMES = ("system", "light", "dark")

GENDER_WORDS = {
    Gender.FEMALE: "appears female",
    Gender.MALE: "appears male",
    Gender.UNDECIDED: "undecided",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one look, as "#rrggbb"."""

    name: str
    window: str
    surface: str
    raised: str
    hover: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    female: str
    male: str
    undecided: str
    danger: str
    danger_back: str
    warning: str
    warning_back: str
    good: str
    good_back: str

    def gender(self, gender: Gender) -> str:
        """Return the colour that stands for a gender in text and charts."""
        return {Gender.FEMALE: self.female, Gender.MALE: self.male}.get(gender, self.undecided)


DARK = Theme(
    name="dark",
    window="#12161b",
    surface="#1a2027",
    raised="#232b34",
    hover="#2d3742",
    border="#313b46",
    text="#e9eef3",
    muted="#9aa8b5",
    accent="#35b3a4",
    on_accent="#06201d",
    female="#e69f00",
    male="#56b4e9",
    undecided="#aab4be",
    danger="#ff6b5e",
    danger_back="#3a1f1e",
    warning="#f2b233",
    warning_back="#372d17",
    good="#4cc38a",
    good_back="#16301f",
)

LIGHT = Theme(
    name="light",
    window="#eef1f4",
    surface="#ffffff",
    raised="#f4f6f8",
    hover="#e6ebef",
    border="#cfd7de",
    text="#17202a",
    muted="#566471",
    accent="#0a7a70",
    on_accent="#ffffff",
    female="#c25400",
    male="#0072b2",
    undecided="#68747f",
    danger="#b3261e",
    danger_back="#fdeceb",
    warning="#8a5a00",
    warning_back="#fdf3dc",
    good="#17693f",
    good_back="#e4f5ea",
)


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of the whole program for a theme."""
    t = theme

    def image(name: str) -> str:
        return resource_path("icons", "style", f"{name}-{t.name}.svg").as_posix()

    return f"""
    QWidget {{ color: {t.text}; }}
    QMainWindow, QDialog {{ background: {t.window}; }}
    QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.border}; padding: 4px 6px; }}
    QMenuBar {{ background: {t.window}; padding: 2px 4px; }}
    QMenuBar::item {{ background: transparent; padding: 4px 9px; border-radius: 5px; }}
    QMenuBar::item:selected, QMenuBar::item:pressed {{ background: {t.hover}; }}
    QMenu {{ background: {t.surface}; border: 1px solid {t.border}; padding: 5px; }}
    QMenu::item {{ padding: 6px 26px 6px 10px; border-radius: 5px; margin: 1px 2px; }}
    QMenu::item:selected {{ background: {t.hover}; }}
    QMenu::item:disabled {{ color: {t.muted}; }}
    QMenu::separator {{ height: 1px; background: {t.border}; margin: 5px 6px; }}
    QMenu::icon {{ padding-left: 8px; }}

    QFrame#card {{ background: {t.surface}; border: 1px solid {t.border}; border-radius: 10px; }}
    QWidget#bar {{ background: {t.surface}; border-bottom: 1px solid {t.border}; }}
    QWidget#transport {{ background: {t.surface}; border: 1px solid {t.border}; border-radius: 10px; }}
    QLabel[role="muted"] {{ color: {t.muted}; }}
    QLabel[role="title"] {{ font-weight: 600; }}
    QLabel[role="heading"] {{ font-size: 20px; font-weight: 700; }}
    QLabel[role="link"] {{ color: {t.accent}; }}

    QPushButton, QToolButton {{
        background: {t.raised}; border: 1px solid {t.border}; border-radius: 7px; padding: 5px 11px; min-height: 20px;
    }}
    QToolButton {{ padding: 5px 5px; }}
    QPushButton:hover, QToolButton:hover {{ background: {t.hover}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {t.border}; }}
    QPushButton:focus, QToolButton:focus {{ border: 1px solid {t.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {t.muted}; background: {t.surface}; }}
    QPushButton:checked, QToolButton:checked {{ background: {t.hover}; border: 1px solid {t.accent}; }}
    QPushButton[primary="true"] {{
        background: {t.accent}; color: {t.on_accent}; border: 1px solid {t.accent}; font-weight: 600; padding: 5px 16px;
    }}
    QPushButton[primary="true"]:hover {{ border: 1px solid {t.text}; }}
    QPushButton[primary="true"]:focus {{ border: 2px solid {t.text}; padding: 4px 15px; }}
    QPushButton[primary="true"]:disabled {{ background: {t.raised}; color: {t.muted}; border: 1px solid {t.border}; }}
    QToolButton[flat="true"], QPushButton[flat="true"] {{ background: transparent; border: 1px solid transparent; }}
    QToolButton[flat="true"]:hover, QPushButton[flat="true"]:hover {{ background: {t.hover}; }}
    QToolButton[flat="true"]:focus, QPushButton[flat="true"]:focus {{ border: 1px solid {t.accent}; }}
    QToolButton[flat="true"]:checked {{ background: {t.hover}; border: 1px solid {t.accent}; }}
    QToolButton::menu-indicator {{ image: none; }}

    QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit, QTextBrowser, QListWidget, QTreeWidget {{
        background: {t.raised}; border: 1px solid {t.border}; border-radius: 7px; padding: 4px 8px;
        selection-background-color: {t.accent}; selection-color: {t.on_accent};
    }}
    QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox {{ min-height: 20px; }}
    QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QListWidget:focus, QTreeWidget:focus,
    QPlainTextEdit:focus, QTextBrowser:focus {{ border: 1px solid {t.accent}; }}
    QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled {{ color: {t.muted}; }}
    QLineEdit[invalid="true"] {{ border: 1px solid {t.danger}; }}
    QComboBox::drop-down {{ border: none; width: 26px; }}
    QComboBox::down-arrow {{ image: url("{image("down")}"); width: 16px; height: 16px; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{
        border: none; padding: 0 0 0 7px; min-height: 0; background: transparent;
    }}
    QSpinBox, QDoubleSpinBox {{ padding: 2px 4px 2px 0; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
        subcontrol-origin: border; width: 22px; border: none; background: transparent;
    }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; margin-top: 2px; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; margin-bottom: 2px; }}
    QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {t.hover}; }}
    QAbstractSpinBox::up-arrow {{ image: url("{image("up")}"); width: 12px; height: 12px; }}
    QAbstractSpinBox::down-arrow {{ image: url("{image("down")}"); width: 12px; height: 12px; }}
    QCheckBox::indicator {{
        width: 16px; height: 16px; border: 1px solid {t.muted}; border-radius: 4px; background: {t.raised};
    }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border: 1px solid {t.accent}; }}
    QCheckBox::indicator:checked {{
        background: {t.accent}; border: 1px solid {t.accent}; image: url("{image("check")}");
    }}
    QComboBox QAbstractItemView {{
        background: {t.surface}; border: 1px solid {t.border}; selection-background-color: {t.hover};
        selection-color: {t.text}; outline: none; padding: 3px;
    }}
    QListWidget::item, QTreeWidget::item {{ padding: 4px 2px; border-radius: 5px; }}
    QListWidget::item:selected, QTreeWidget::item:selected {{ background: {t.hover}; color: {t.text}; }}
    QHeaderView::section {{
        background: {t.surface}; color: {t.muted}; border: none; border-bottom: 1px solid {t.border}; padding: 4px;
    }}
    QCheckBox, QRadioButton {{ spacing: 8px; }}
    QCheckBox:focus, QRadioButton:focus {{ color: {t.accent}; }}

    QTabWidget::pane {{ border: 1px solid {t.border}; border-radius: 10px; background: {t.surface}; top: -1px; }}
    QTabBar::tab {{ background: transparent; color: {t.muted}; padding: 7px 14px; border: none; }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; font-weight: 600; }}
    QTabBar::tab:hover {{ color: {t.text}; }}
    QTabBar::tab:focus {{ color: {t.accent}; }}

    QSlider::groove:horizontal {{ height: 5px; background: {t.border}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {t.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{
        background: {t.text}; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    }}
    QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
    QSlider::sub-page:horizontal:disabled {{ background: {t.border}; }}
    QSlider::handle:horizontal:disabled {{ background: {t.border}; }}
    QProgressBar {{ background: {t.border}; border: none; border-radius: 3px; max-height: 6px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}

    QScrollArea {{ background: transparent; border: none; }}
    QScrollArea > QWidget > QWidget {{ background: transparent; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {t.border}; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {t.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QSplitter::handle {{ background: transparent; }}

    QFrame#banner {{ border-radius: 9px; border: 1px solid {t.border}; background: {t.raised}; }}
    QFrame#banner[kind="error"] {{ background: {t.danger_back}; border: 1px solid {t.danger}; }}
    QFrame#banner[kind="warning"] {{ background: {t.warning_back}; border: 1px solid {t.warning}; }}
    QFrame#banner[kind="good"] {{ background: {t.good_back}; border: 1px solid {t.good}; }}

    QStatusBar, QWidget#status {{ background: {t.window}; color: {t.muted}; }}
    QWidget#status QLabel {{ color: {t.muted}; }}
    QWidget#status QLabel[alert="true"] {{ color: {t.warning}; font-weight: 600; }}
    QGroupBox {{ border: none; margin-top: 20px; font-weight: 600; }}
    QGroupBox::title {{ subcontrol-origin: margin; left: 0px; top: 2px; }}
    """


def palette_of(theme: Theme) -> QPalette:
    """Return the palette that the parts no style sheet reaches draw with (check marks, native dialogs)."""
    palette = QPalette()
    role = QPalette.ColorRole
    for key, value in {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.raised,
        role.AlternateBase: theme.surface,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.PlaceholderText: theme.muted,
        role.Mid: theme.border,
        role.Light: theme.hover,
        role.Dark: theme.border,
        role.Accent: theme.accent,
    }.items():
        palette.setColor(key, QColor(value))
    for key in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(theme.muted))
    return palette


class ThemeManager(QObject):
    """Holds the theme in use and applies it to the application.

    `choice` is one of `THEMES`; "system" follows the desktop, also when the desktop changes while the program runs.
    """

    changed = Signal(object)

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice if choice in THEMES else "system"
        self.theme = self._resolve()
        app.setStyle("Fusion")
        self._apply()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed)

    @property
    def choice(self) -> str:
        return self._choice

    def choose(self, choice: str) -> None:
        """Switch to "system", "light" or "dark"; anything else counts as "system"."""
        self._choice = choice if choice in THEMES else "system"
        theme = self._resolve()
        if theme is not self.theme:
            self.theme = theme
            self._apply()
            self.changed.emit(theme)

    def _system_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self._choice == "system":
            self.choose("system")

    def _resolve(self) -> Theme:
        if self._choice == "light":
            return LIGHT
        if self._choice == "dark":
            return DARK
        scheme = QGuiApplication.styleHints().colorScheme()
        # A desktop that does not say gets the light one, as nearly every program there is.
        return DARK if scheme == Qt.ColorScheme.Dark else LIGHT

    def _apply(self) -> None:
        self._app.setPalette(palette_of(self.theme))
        self._app.setStyleSheet(style_sheet(self.theme))


def repolish(widget: QObject) -> None:
    """Make a widget look at the style sheet again after one of its dynamic properties changed."""
    style = widget.style()  # type: ignore[attr-defined]
    style.unpolish(widget)
    style.polish(widget)
    QApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
