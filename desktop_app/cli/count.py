"""The command `headcount count`: counts each source without a window, keeps it as a session and prints a table."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from desktop_app.cli import source_file
from desktop_app.cli.agenda import ITEM_HELP
from desktop_app.cli.checks import UsageError, check_outputs, check_seconds
from desktop_app.cli.interrupt import Interrupt
from desktop_app.errors import SettingsError
from desktop_app.settings import DetectorSettings, PlaceSettings, Settings

SOURCES_HELP = (
    "a video file, picture, folder of pictures, camera (camera:0 or camera:NAME), address (rtsp://, http://, a video "
    "page) or “demo”"
)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount count` to the command line."""
    count = commands.add_parser(
        "count",
        help="count without a window and print a table",
        description="Count the people in each SOURCE and print a table. The program's own defaults are used, not the "
        "window's settings, so that a file gives the same result everywhere.",
    )
    count.add_argument("sources", nargs="*", metavar="SOURCE", help=SOURCES_HELP)
    source_file.add_option(count)
    outputs = count.add_argument_group("results")
    outputs.add_argument("--csv", metavar="OUT", help="write one row a person ('-' for standard output)")
    outputs.add_argument("--json", metavar="OUT", help="write totals and people ('-' for standard output)")
    outputs.add_argument("--annotated", metavar="OUT.mp4", help="write the video with boxes and labels")
    outputs.add_argument("--every", type=float, metavar="S", help="print the running totals every S seconds of video")
    outputs.add_argument("--quiet", action="store_true", help="no progress bar and no table")
    kept = count.add_argument_group("what is kept of it")
    kept.add_argument("--session", metavar="NAME", default="", help="name of the occasion")
    kept.add_argument("--place", metavar="NAME", default="", help="where it was")
    kept.add_argument(
        "--began", metavar="TIME", help="when the recording began, like 2026-05-12T09:00 (default: as the file says)"
    )
    kept.add_argument(
        "--agenda",
        action="append",
        default=[],
        metavar="ITEM",
        help="count an item of the programme, too: " + ITEM_HELP,
    )
    kept.add_argument("--forget", action="store_true", help="do not keep this count in the program's own database")
    add_how(count)
    count.set_defaults(run=run)


def add_how(parser: argparse.ArgumentParser) -> None:
    """Add the options that `settings_from` reads, and `--limit`."""
    how = parser.add_argument_group("how to count")
    how.add_argument("--detector", choices=("yunet", "haar"), help="what finds the faces (default: %(default)s)")
    add_haar(how)
    how.add_argument("--model", metavar="NAME", help="the network for gender and age, see “headcount models”")
    how.add_argument("--min-face", type=float, metavar="SHARE", help="smallest face, as a share of the shorter side")
    how.add_argument("--interval", type=float, metavar="S", help="seconds of video between two detections")
    how.add_argument(
        "--returns", type=float, metavar="MINUTES", help="count somebody who comes back within MINUTES only once"
    )
    how.add_argument("--limit", type=float, metavar="S", help="stop after S seconds of video")
    shape = "NAME:x1,y1,x2,y2"
    how.add_argument("--line", action="append", default=[], metavar=shape, help="count crossings (shares, 0 to 1)")
    how.add_argument("--zone", action="append", default=[], metavar=shape + ",x3,y3...", help="count visits")
    how.add_argument("--staff-zone", action="append", default=[], metavar="NAME:...", help="do not count who is there")
    defaults = Settings()
    parser.set_defaults(
        detector=defaults.detector.kind,
        model=defaults.count.model,
        min_face=defaults.detector.min_face_share,
        interval=defaults.detector.interval_s,
        returns=defaults.count.returns_minutes,
    )


def add_haar(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add `--haar`, which `detector_from` reads."""
    parser.add_argument(
        "--haar", metavar="FACTOR,NEIGHBOURS,CASCADE",
        help="find faces by a Haar cascade with these settings, like 1.3,5,frontal (cascades: frontal, alt2, profile)",
    )  # fmt: skip


def detector_from(args: argparse.Namespace) -> DetectorSettings:
    """Return what `--detector` and `--haar` ask for. Raises SettingsError."""
    chosen = replace(Settings().detector, kind=args.detector)
    return chosen if args.haar is None else chosen.with_haar(args.haar)


def parse_place(text: str, kind: str, number: int) -> PlaceSettings:
    """Return the line or zone that "NAME:x1,y1,x2,y2..." describes, in shares of the picture. Raises SettingsError."""
    name, _, numbers = text.rpartition(":")
    try:
        values = [float(v) for v in numbers.split(",")]
        if len(values) % 2:
            raise ValueError
    except ValueError:
        raise SettingsError(
            f"The {kind} “{text}” was not understood.",
            "Give its corners as shares of the picture, like entrance:0.1,0.6,0.9,0.6.",
        ) from None
    points = tuple(zip(values[::2], values[1::2], strict=True))
    return PlaceSettings(name.strip() or f"{kind} {number}", kind, points)


def settings_from(args: argparse.Namespace) -> Settings:
    """Return the settings that the options of `headcount count` ask for. Raises SettingsError."""
    defaults = Settings()
    places = [
        parse_place(text, kind, i + 1)
        for kind, texts in (("line", args.line), ("zone", args.zone), ("staff", args.staff_zone))
        for i, text in enumerate(texts)
    ]
    return replace(
        defaults,
        detector=replace(detector_from(args), min_face_share=args.min_face, interval_s=args.interval),
        count=replace(defaults.count, model=args.model, returns_minutes=args.returns),
        places=tuple(places),
    )


def began_from(text: str | None) -> float | None:
    """Return a local or zoned ISO 8601 time in seconds since 1970, None for None. Raises UsageError."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"The time {text} was not understood.", "Write it like 2026-05-12T09:00.") from None


def run(args: argparse.Namespace) -> int:
    """Count every source; print and write the results, also when they were cut short. Returns the exit code."""
    from desktop_app.cli.counting import SourceCounter
    from desktop_app.cli.output import csv_text, json_text, put_out, table_text

    args.sources = source_file.sources_of(args)
    check_seconds("--every", args.every)
    check_seconds("--limit", args.limit)
    settings = settings_from(args)
    began_utc = began_from(args.began)
    if args.annotated and len(args.sources) > 1:
        raise UsageError("An annotated video shows one source.", "Give one source, or leave out --annotated.")
    if args.annotated and Path(args.annotated).suffix.lower() != ".mp4":
        raise UsageError(f"The annotated video {args.annotated} must end in .mp4.", "Choose such a name.")
    if args.agenda:
        from desktop_app.cli.kept import zone_from
        from desktop_app.reports.agenda_file import read_agenda

        # A mistake in it is said before an hour of counting. Its day is known afterwards only.
        read_agenda(args.agenda, date.today(), zone_from(None))
    check_outputs(args.sources, (args.csv, args.json, args.annotated))
    interrupt = Interrupt()
    with interrupt.listening(), SourceCounter(args, settings, began_utc) as counter:
        reports, problem = counter.count_all(args.sources, interrupt)
    if any(r.summary.info is not None for r in reports):
        put_out(args, json_text(reports), csv_text(reports), table_text(reports))
    return interrupt.exit_code or problem
