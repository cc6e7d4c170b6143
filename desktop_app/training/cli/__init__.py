"""`headcount-train`: prepare, train, evaluate, robustness, export, convert, compare, sweep, explain; a module each."""

from desktop_app.training.cli.entry import main

__all__ = ["main"]
