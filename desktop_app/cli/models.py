"""The command `headcount models`: lists the models for gender and age."""

from __future__ import annotations

import argparse

from desktop_app.errors import HeadcountError
from desktop_app.settings import data_dir


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount models` to the command line."""
    models = commands.add_parser("models", help="list the models for gender and age", description="List the models.")
    models.set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """Print one line a model."""
    from desktop_app.resources import model_names, model_path
    from desktop_app.vision.attributes.model_card import read_card

    own = data_dir() / "models"
    for name in model_names(own):
        try:
            card = read_card(model_path(name, own))
            summary = str(card.get("summary") or card.get("name") or "")
        except HeadcountError as error:
            summary = f"cannot be used: {error.message}"
        print(f"{name:<16}  {summary}".rstrip())
    print(f"Your own models go to {own}.")
    return 0
