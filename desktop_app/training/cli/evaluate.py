"""`headcount-train evaluate`: measure a network and write a report."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_app.training.cli.console import check_output, say, start_tensorflow
from desktop_app.training.cli.faces import faces_to_measure
from desktop_app.training.cli.options import Subparsers, add_data, add_role, command
from desktop_app.training.seen import held_out


def add_parser(commands: Subparsers) -> None:
    sub = command(commands, "evaluate", run, "Measure a network and write a report that one file holds.")
    sub.add_argument("model", type=Path, help="run folder, checkpoint or model folder")
    add_data(sub)
    add_role(sub)
    sub.add_argument("--out", type=Path, default=Path("report.html"), help="the report (default: %(default)s)")


def run(options: argparse.Namespace) -> None:
    check_output(options.out)
    start_tensorflow(options.threads)
    from desktop_app.training import evaluate, report

    network = evaluate.open_network(options.model)
    store = faces_to_measure(options, network)
    seen = [(network.name, network.seen)]
    faces = held_out(store, options.role, seen)
    for words in faces.words:
        say(words)
    validation = held_out(store, "val", seen, needed=False).rows if options.role == "test" else None
    found = evaluate.evaluate(network, store, faces.rows, validation=validation, left_out=faces.words)
    age = found.age_words()
    say(f"gender accuracy {found.gender}" + (f"; age {age}" if age != "-" else ""))
    if found.gender.total:
        say(f"  expected calibration error: {found.ece:.4f}")
        say(f"  decided so that 98% are right: {found.decided}")
        for size, share in found.by_size:
            say(f"  face of {size} px: {share}")
    report.write_report(found, options.out, made=report.Made.now(options.typed))
    say(f"report: {options.out}")
