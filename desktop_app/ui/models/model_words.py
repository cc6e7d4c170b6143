"""A model's card as text: what it is, what it was trained on, how well it does, and for whom it fails."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtWidgets import QTextBrowser

from desktop_app.errors import ModelError
from desktop_app.resources import model_path
from desktop_app.settings import data_dir
from desktop_app.ui.widgets.texts import tr
from desktop_app.vision.attributes.model_card import ModelCard

PREDICTED = {"gender": "apparent gender", "age": "apparent age", "face": "whether it is a face at all"}


def card_html(model_dir: Path) -> str:
    """Return a model's card as HTML, or the sentence that says what is wrong with it."""
    try:
        card = ModelCard.read(model_dir)
    except ModelError as error:
        return f"<p><b>{escape(error.message)}</b></p><p>{escape(error.remedy)}</p>"
    facts = [card.kind, card.input_size]
    if card.parameters:
        facts.append(f"{card.parameters / 1e6:.2f} million parameters")
    if card.size_bytes:
        small = card.size_bytes < 100_000
        facts.append(f"{card.size_bytes / 1e3:.0f} kB" if small else f"{card.size_bytes / 1e6:.1f} MB")
    parts = [f"<p><b>{escape(card.name)}</b><br>{escape(', '.join(f for f in facts if f))}</p>"]
    if card.summary:
        parts.append(f"<p>{escape(card.summary)}</p>")
    if card.predicts:
        words = PREDICTED.get(card.predicts[-1], card.predicts[-1])
        if len(card.predicts) > 1:
            words = ", ".join(PREDICTED.get(a, a) for a in card.predicts[:-1]) + f" and {words}"
        answers = tr("Answers: {what}; it can show why.") if card.explains else tr("Answers: {what}.")
        parts.append(f"<p>{answers.format(what=escape(words))}</p>")
    for title, lines in (
        (tr("Trained on"), card.data),
        (tr("Limits"), card.limits),
        (tr("Fails more often for"), card.fails_for),
        (tr("Licence"), (card.licence,) if card.licence else ()),
    ):
        if lines:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            parts.append(f"<p><b>{title}</b></p><ul style='margin: 0 0 0 14px; -qt-list-indent: 0'>{items}</ul>")
    if card.figures:
        commands = list(dict.fromkeys(f.command for f in card.figures if f.command))
        # One command for all of them is said once.
        each = len(commands) > 1
        rows = "".join(
            f"<tr><td style='padding-right: 14px'>{escape(f.what)}</td><td><b>{escape(f.value)}</b></td>"
            f"<td style='padding-left: 14px'>{escape(f.data)}</td></tr>"
            + (f"<tr><td colspan='3'><code>{escape(f.command)}</code></td></tr>" if f.command and each else "")
            for f in card.figures
        )
        parts.append(f"<p><b>Measured</b></p><table>{rows}</table>")
        if commands and not each:
            parts.append(f"<p>Measured again by: <code>{escape(commands[0])}</code></p>")
    else:
        parts.append("<p>No measured figures come with this model.</p>")
    return "".join(parts)


class ModelCardView(QTextBrowser):
    """Shows the card of one model at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Card of the chosen model"))
        self.setOpenExternalLinks(True)
        self.setMinimumHeight(230)

    def show_model(self, name: str) -> None:
        """Show the card of the model in the folder `name`, or what is wrong with it."""
        try:
            self.setHtml(card_html(model_path(name, data_dir() / "models")))
        except ModelError as error:
            self.setPlainText(f"{error.message} {error.remedy}")
