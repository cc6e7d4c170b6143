"""The command `headcount`: opens the window, or counts without one.

Exit codes: 0 all counted; 1 no display for the window; 2 the command line was not understood; 3 to 6 as `errors` has
them (source, model, setting, output); 70 a bug of ours; 130 interrupted by Ctrl-C and 143 by a request to end (the
result so far is printed and written).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from desktop_app import __version__
from desktop_app.cli.checks import UsageError, check_outputs, check_seconds
from desktop_app.errors import HeadcountError, SettingsError
from desktop_app.settings import PlaceSettings, Settings, data_dir
from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import redact_prose

EXIT_NO_DISPLAY = 1
EXIT_BUG = 70


COMMANDS = ("count", "compare", "cameras", "models", "window")

SOURCES_HELP = (
    "a video file, picture, folder of pictures, camera (camera:0 or camera:NAME), address (rtsp://, http://, a video "
    "page) or “demo”"
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main_parser = argparse.ArgumentParser(
        prog="headcount",
        description="Counts people by apparent gender and age. Without a command it opens the window.",
    )
    main_parser.add_argument("--version", action="version", version=f"headcount {__version__}")
    commands = main_parser.add_subparsers(dest="command", metavar="COMMAND")
    window = commands.add_parser("window", help="open the window (the default)", description="Open the window.")
    window.add_argument("sources", nargs="*", metavar="SOURCE", help=SOURCES_HELP)
    _add_count(commands)
    _add_compare(commands)
    commands.add_parser("cameras", help="list the cameras of this computer", description="List the cameras.")
    commands.add_parser("models", help="list the models for gender and age", description="List the models.")
    return main_parser


def _add_count(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    count = commands.add_parser(
        "count",
        help="count without a window and print a table",
        description="Count the people in each SOURCE and print a table. The program's own defaults are used, not the "
        "window's settings, so that a file gives the same result everywhere.",
    )
    count.add_argument("sources", nargs="+", metavar="SOURCE", help=SOURCES_HELP)
    outputs = count.add_argument_group("results")
    outputs.add_argument("--csv", metavar="OUT", help="write one row a person ('-' for standard output)")
    outputs.add_argument("--json", metavar="OUT", help="write totals and people ('-' for standard output)")
    outputs.add_argument("--annotated", metavar="OUT.mp4", help="write the video with boxes and labels")
    outputs.add_argument("--every", type=float, metavar="S", help="print the running totals every S seconds of video")
    outputs.add_argument("--quiet", action="store_true", help="no progress bar and no table")
    how = count.add_argument_group("how to count")
    how.add_argument("--detector", choices=("yunet", "haar"), help="what finds the faces (default: %(default)s)")
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
    count.set_defaults(
        detector=defaults.detector.kind,
        model=defaults.count.model,
        min_face=defaults.detector.min_face_share,
        interval=defaults.detector.interval_s,
        returns=defaults.count.returns_minutes,
    )


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    compare = commands.add_parser(
        "compare",
        help="run two or more models on the same people of a video",
        description="Run two or more models on the same tracks: one detector, one tracker, the same glimpses for every "
        "model. Print what each decides, how long a face takes it, and on whom they disagree. The first model counts: "
        "it decides who is a face.",
    )
    compare.add_argument("source", metavar="SOURCE", help=SOURCES_HELP)
    compare.add_argument(
        "--models", required=True, metavar="A,B[,C]", help="names of two or more models, see “headcount models”"
    )
    compare.add_argument("--json", metavar="OUT", help="write everything as JSON ('-' for standard output)")
    compare.add_argument("--csv", metavar="OUT", help="write one row a person ('-' for standard output)")
    compare.add_argument("--detector", choices=("yunet", "haar"), default=Settings().detector.kind)
    compare.add_argument("--limit", type=float, metavar="S", help="stop after S seconds of video")
    compare.add_argument("--quiet", action="store_true", help="no progress bar and no table")


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
        detector=replace(defaults.detector, kind=args.detector, min_face_share=args.min_face, interval_s=args.interval),
        count=replace(defaults.count, model=args.model, returns_minutes=args.returns),
        places=tuple(places),
    )


def _check_annotated(args: argparse.Namespace) -> None:
    if args.annotated and len(args.sources) > 1:
        raise UsageError("An annotated video shows one source.", "Give one source, or leave out --annotated.")
    if args.annotated and Path(args.annotated).suffix.lower() != ".mp4":
        raise UsageError(f"The annotated video {args.annotated} must end in .mp4.", "Choose such a name.")


class Interrupt:
    """Turns the first Ctrl-C or request to end into a flag; a second Ctrl-C ends the program at once."""

    def __init__(self) -> None:
        self.exit_code = 0

    def __call__(self) -> bool:
        return self.exit_code != 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._note) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.exit_code and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.exit_code = 128 + number


def count_command(args: argparse.Namespace) -> int:
    """Count every source; print and write what came out, also when it was cut short."""
    from desktop_app import factory
    from desktop_app.cli.count import count_sources
    from desktop_app.cli.output import csv_text, json_text, put_out, table_text
    from desktop_app.system.native_log import quiet_native_start

    check_seconds("--every", args.every)
    check_seconds("--limit", args.limit)
    settings = settings_from(args)
    _check_annotated(args)
    check_outputs(args.sources, (args.csv, args.json, args.annotated))
    with quiet_native_start():
        pipeline = factory.build_pipeline(settings)
    interrupt = Interrupt()
    with interrupt.listening():
        reports, problem = count_sources(args, settings, pipeline, interrupt)
    if any(r.summary.info is not None for r in reports):
        put_out(args, json_text(reports), csv_text(reports), table_text(reports))
    if interrupt():
        return interrupt.exit_code
    return problem


def compare_command(args: argparse.Namespace) -> int:
    """Run several models on the same tracks; print and write how they differ."""
    from desktop_app.cli.compare import compare
    from desktop_app.system.native_log import quiet_native_start

    check_seconds("--limit", args.limit)
    check_outputs([args.source], (args.json, args.csv))
    interrupt = Interrupt()
    with interrupt.listening():
        code = compare(args, interrupt, quiet_native_start)
    return interrupt.exit_code or code


def cameras_command() -> int:
    from desktop_app.sources.camera import list_cameras

    cameras = list_cameras()
    for camera in cameras:
        print(f"camera:{camera.index}  {camera.name}")
    if not cameras:
        print("No camera was found. Plug one in, or switch on its privacy slider or key.")
    return 0


def models_command() -> int:
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


def window_command(sources: Sequence[str]) -> int:
    """Open the window, with `sources` if any were given."""
    from desktop_app.system.screen import missing_screen

    if problem := missing_screen(" ".join(sources) or "SOURCE"):
        # Qt would end the process with words about reinstalling.
        print(f"headcount: {problem}", file=sys.stderr)
        return EXIT_NO_DISPLAY
    from desktop_app import app

    return int(app.main(list(sources)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; `argv` without the program's name. Returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # `headcount FILE`, as a file manager calls it, opens the window with the file.
    if not arguments or (arguments[0] not in COMMANDS and not arguments[0].startswith("-")):
        arguments = ["window", "--", *arguments]
    try:
        args = parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        match args.command:
            case "count":
                return count_command(args)
            case "compare":
                return compare_command(args)
            case "cameras":
                return cameras_command()
            case "models":
                return models_command()
            case _:
                return window_command(getattr(args, "sources", ()))
    except HeadcountError as error:
        print(f"headcount: {printable(redact_prose(str(error)))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is left to be told. Keep the exit quiet, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception:  # noqa: BLE001 - the last line of defence: whatever it is, it is named as our fault
        traceback.print_exc()
        print("headcount: The program made a mistake of its own; the lines above say where.", file=sys.stderr)
        return EXIT_BUG


if __name__ == "__main__":
    sys.exit(main())
