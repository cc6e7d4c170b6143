"""How the palettes of `reports.looks` reach every widget of the window."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop_app.reports.looks import DARK, GENDER_WORDS, LIGHT, Theme
from desktop_app.resources import resource_path

__all__ = [
    "DARK",
    "GENDER_WORDS",
    "LIGHT",
    "THEMES",
    "Theme",
    "ThemeManager",
    "palette_of",
    "repolish",
    "style_sheet",
    "text_px",
]

THEMES = ("system", "light", "dark")


DRAWN_FOR_PX = 13
"""The height of the system's letters, in pixels, that the sizes of headings and figures were chosen for."""


def text_px(pixels: int) -> int:
    """Return the size of a text that is `pixels` high beside usual letters: larger where the system's are larger.

    Whoever sets larger letters cannot read small ones. Qt's style sheets know no size relative to those.
    """
    return max(pixels, round(pixels * QFontInfo(QGuiApplication.font()).pixelSize() / DRAWN_FOR_PX))


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
    QLabel[role="heading"] {{ font-size: {text_px(20)}px; font-weight: 700; }}
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
    QToolButton[menu="true"] {{ padding: 4px 26px 4px 8px; }}
    QToolButton[menu="true"]::menu-indicator {{
        image: url("{image("down")}"); width: 14px; height: 14px;
        subcontrol-origin: padding; subcontrol-position: right center; right: 7px;
    }}
    QLabel#problem {{ color: {t.danger}; padding: 6px 10px; }}

    QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextBrowser, QListWidget, QTreeWidget {{
        background: {t.raised}; border: 1px solid {t.border}; border-radius: 7px; padding: 4px 8px;
        selection-background-color: {t.accent}; selection-color: {t.on_accent};
    }}
    QLineEdit, QComboBox, QAbstractSpinBox {{ min-height: 20px; }}
    QComboBox[compact="true"] {{ min-height: 16px; padding: 2px 8px; }}
    QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus, QListWidget:focus, QTreeWidget:focus,
    QPlainTextEdit:focus, QTextBrowser:focus {{ border: 1px solid {t.accent}; }}
    QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {t.muted}; }}
    QLineEdit[invalid="true"] {{ border: 1px solid {t.danger}; }}
    QComboBox::drop-down {{ border: none; width: 26px; }}
    QComboBox::down-arrow {{ image: url("{image("down")}"); width: 16px; height: 16px; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{
        border: none; padding: 0 0 0 7px; min-height: 0; background: transparent;
    }}
    QAbstractSpinBox {{ padding: 2px 4px 2px 0; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
        subcontrol-origin: border; width: 22px; border: none; background: transparent;
    }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; margin-top: 2px; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; margin-bottom: 2px; }}
    QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {t.hover}; }}
    QAbstractSpinBox::up-arrow {{ image: url("{image("up")}"); width: 12px; height: 12px; }}
    QAbstractSpinBox::down-arrow {{ image: url("{image("down")}"); width: 12px; height: 12px; }}
    QCheckBox::indicator, QListWidget::indicator {{
        width: 16px; height: 16px; border: 1px solid {t.muted}; border-radius: 4px; background: {t.raised};
    }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border: 1px solid {t.accent}; }}
    QCheckBox::indicator:checked, QListWidget::indicator:checked {{
        background: {t.accent}; border: 1px solid {t.accent}; image: url("{image("check")}");
    }}
    QRadioButton::indicator {{
        width: 14px; height: 14px; border: 2px solid {t.muted}; border-radius: 9px; background: {t.raised};
    }}
    QRadioButton::indicator:hover, QRadioButton::indicator:focus {{ border: 2px solid {t.accent}; }}
    QRadioButton::indicator:checked {{
        width: 6px; height: 6px; border: 6px solid {t.accent}; background: {t.on_accent};
    }}
    QComboBox QAbstractItemView {{
        background: {t.surface}; border: 1px solid {t.border}; selection-background-color: {t.hover};
        selection-color: {t.text}; outline: none; padding: 3px;
    }}
    QListWidget, QTreeWidget {{ outline: none; }}
    QListWidget::item, QTreeWidget::item {{ padding: 4px 2px; border-radius: 5px; }}
    QListWidget::item:selected, QTreeWidget::item:selected {{ background: {t.hover}; color: {t.text}; }}
    QHeaderView {{ background: transparent; border: none; }}
    QHeaderView::section {{
        background: transparent; color: {t.muted}; border: none; border-bottom: 1px solid {t.border}; padding: 5px 9px;
    }}
    QTableView {{
        background: {t.raised}; border: 1px solid {t.border}; border-radius: 7px; outline: none;
        selection-background-color: {t.hover}; selection-color: {t.text};
    }}
    QTableView:focus {{ border: 1px solid {t.accent}; }}
    QTableView::item {{ padding: 0 6px; }}
    QTableView::item:selected {{ background: {t.hover}; color: {t.text}; }}
    QTableCornerButton::section {{ background: transparent; border: none; }}
    QCheckBox, QRadioButton {{ spacing: 8px; }}
    QCheckBox:focus, QRadioButton:focus {{ color: {t.accent}; }}

    QTabWidget::pane {{ border: 1px solid {t.border}; border-radius: 10px; background: {t.surface}; top: -1px; }}
    QTabBar::tab {{ background: transparent; color: {t.muted}; padding: 7px 14px; border: none; }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; font-weight: 600; }}
    QTabBar::tab:hover {{ color: {t.text}; }}
    QTabBar::tab:focus {{ color: {t.accent}; }}

    QTabBar#main_tab_bar::tab {{
        font-size: {text_px(15)}px; font-weight: 600; padding: 9px 22px; min-width: 84px;
        border-bottom: 3px solid transparent;
    }}
    QTabBar#main_tab_bar::tab:selected {{ color: {t.accent}; border-bottom: 3px solid {t.accent}; }}
    QTabBar#main_tab_bar::tab:hover {{ color: {t.text}; background: {t.hover}; }}
    QTabBar#main_tab_bar::tab:focus {{ color: {t.text}; border-bottom: 3px solid {t.text}; }}
    QTabWidget#main_tabs::pane {{ border: none; border-radius: 0; background: {t.window}; top: 0; }}
    QTabWidget#main_tabs::tab-bar {{ left: 12px; }}

    QLabel#badge {{ background: {t.accent}; color: {t.on_accent}; border-radius: 13px; font-weight: 700; }}
    QFrame#preset {{ background: {t.raised}; border: 1px solid {t.border}; border-radius: 9px; }}
    QPushButton[link="true"] {{
        background: transparent; border: 1px solid transparent; color: {t.accent}; text-align: left; padding: 3px 6px;
    }}
    QPushButton[link="true"]:hover {{ background: {t.hover}; }}
    QPushButton[link="true"]:focus {{ border: 1px solid {t.accent}; }}
    QListWidget#setup_pages {{ background: transparent; border: none; padding: 0; }}
    QListWidget#setup_pages::item {{ padding: 10px 10px; border-radius: 7px; }}
    QListWidget#setup_pages::item:selected {{ background: {t.surface}; color: {t.accent}; font-weight: 600; }}
    QListWidget#camera_cards {{ background: transparent; border: none; padding: 0; }}
    QListWidget#camera_cards::item {{
        background: {t.raised}; border: 1px solid {t.border}; border-radius: 8px; padding: 6px 8px;
    }}
    QListWidget#camera_cards::item:selected {{ background: {t.hover}; border: 2px solid {t.accent}; color: {t.text}; }}
    QListWidget#camera_cards:focus {{ border: none; }}
    QToolButton#missed_button {{ padding-right: 24px; }}
    QToolButton#missed_button::menu-button {{ border: none; border-left: 1px solid {t.border}; width: 20px; }}
    QToolButton#missed_button::menu-arrow {{ image: url("{image("down")}"); width: 14px; height: 14px; }}

    QLabel#pill {{
        border-radius: 11px; padding: 3px 12px; font-weight: 600; background: {t.hover}; border: 1px solid {t.border};
    }}
    QLabel#pill[kind="good"] {{ background: {t.good_back}; color: {t.good}; border: 1px solid {t.good}; }}
    QLabel#pill[kind="busy"] {{ background: {t.raised}; border: 1px solid {t.accent}; }}
    QLabel#pill[kind="paused"] {{ background: {t.warning_back}; color: {t.warning}; border: 1px solid {t.warning}; }}
    QLabel#pill[kind="bad"] {{ background: {t.danger_back}; color: {t.danger}; border: 1px solid {t.danger}; }}
    QPushButton#door_card {{
        background: {t.surface}; border: 1px solid {t.border}; border-radius: 10px; padding: 0; text-align: left;
        min-height: 62px;
    }}
    QPushButton#door_card:hover {{ background: {t.hover}; }}
    QPushButton#door_card:focus {{ border: 1px solid {t.accent}; }}
    QPushButton#door_card:checked {{ border: 2px solid {t.accent}; }}
    QLabel#door_state {{ color: {t.muted}; font-weight: 600; }}
    QLabel#door_state[kind="good"] {{ color: {t.good}; }}
    QLabel#door_state[kind="paused"] {{ color: {t.warning}; }}
    QLabel#door_state[kind="bad"] {{ color: {t.danger}; }}
    QLineEdit#occasion {{
        background: transparent; border: 1px solid transparent; font-weight: 600; font-size: {text_px(14)}px;
    }}
    QLineEdit#occasion:hover {{ border: 1px solid {t.border}; }}
    QLineEdit#occasion:focus {{ background: {t.raised}; border: 1px solid {t.accent}; }}
    QLabel#strip_total {{ font-size: {text_px(19)}px; font-weight: 700; }}

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


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Hold Python's collector back while Qt calls handlers of one widget after the other, from a list made before.

    A handler may start the collector, which deletes widgets that nobody holds, and Qt crashes at the next of them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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
        with _no_collection():
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
            with _no_collection():
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
