"""`headcount-train robustness`: how much a network loses on worse pictures of the same faces."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_app.training.cli.console import check_output, put_out, say, start_tensorflow
from desktop_app.training.cli.faces import faces_to_measure
from desktop_app.training.cli.options import Subparsers, add_data, add_role, command
from desktop_app.training.seen import held_out


def add_parser(commands: Subparsers) -> None:
    words = "Measure how much a network loses on small, turned, dark or covered faces."
    sub = command(commands, "robustness", run, words)
    sub.add_argument("model", type=Path, help="run folder, checkpoint or model folder")
    add_data(sub)
    add_role(sub)
    sub.add_argument("--out", type=Path, help="also write the table to this Markdown file")


def run(options: argparse.Namespace) -> None:
    check_output(options.out)
    start_tensorflow(options.threads)
    from desktop_app.training import evaluate, robustness

    network = evaluate.open_network(options.model)
    store = faces_to_measure(options, network)
    held = held_out(store, options.role, [(network.name, network.seen)])
    for words in held.words:
        say(words)
    faces = robustness.easy_faces(store, held.rows)
    put_out(robustness.table(robustness.robustness(network, store, faces), len(faces)), options.out)
