"""The command `headcount serve`: pages, upload form and API over HTTP, with or without a count of its own."""

from __future__ import annotations

import argparse
import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from desktop_app.cli import source_file
from desktop_app.cli.checks import UsageError, check_seconds
from desktop_app.cli.count import SOURCES_HELP, add_how
from desktop_app.errors import HeadcountError

NEEDED = ("fastapi", "uvicorn", "jinja2", "python_multipart", "prometheus_client")
VARIABLES: Mapping[str, str] = {
    "host": "HEADCOUNT_SERVE_HOST",
    "port": "HEADCOUNT_SERVE_PORT",
    "source": "HEADCOUNT_SERVE_SOURCE",
    "host_name": "HEADCOUNT_SERVE_HOST_NAMES",
    "most_upload_mb": "HEADCOUNT_SERVE_MAX_UPLOAD_MB",
    "upload_folder": "HEADCOUNT_SERVE_UPLOAD_FOLDER",
    "most_video_minutes": "HEADCOUNT_SERVE_MAX_VIDEO_MINUTES",
    "workers": "HEADCOUNT_SERVE_WORKERS",
}
"""Where an option is not given, its environment variable is asked: how a container is set up."""

TOKEN_VARIABLE = "HEADCOUNT_SERVE_TOKEN_{role}"


class NotInstalledError(HeadcountError):
    """The web part is an extra and is not installed."""

    exit_code = 2


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount serve` to the command line."""
    serve = commands.add_parser(
        "serve",
        help="show counts in a browser, count what is sent, answer other programs",
        description="Serve the live count, an upload form and an API over HTTP. Without --source the kept counts are "
        "shown. Only this computer can open the pages unless --host says otherwise; from elsewhere a token is needed, "
        "which is shown at the first start.",
    )
    serve.add_argument(
        "--source",
        action="append",
        metavar="SOURCE",
        help=f"count this, and show it; several are several doors of one count: {SOURCES_HELP}",
    )
    source_file.add_option(serve)
    serve.add_argument("--name", metavar="NAME", default="", help="name of the occasion")
    serve.add_argument("--place", metavar="NAME", default="", help="where it is")
    serve.add_argument("--host", metavar="ADDRESS", help="where to listen (default: 127.0.0.1; 0.0.0.0 for everywhere)")
    serve.add_argument("--port", type=int, metavar="N", help="default: 8080; 0 for any free one")
    who = serve.add_argument_group("who may come in")
    who.add_argument(
        "--require-token", action="store_true", help="ask for a token on this computer, too (behind a proxy)"
    )
    who.add_argument(
        "--host-name", action="append", metavar="NAME", help="a further name by which the server is called"
    )
    who.add_argument("--new-token", metavar="ROLE", choices=("see", "count", "correct"), help="make a token and end")
    who.add_argument("--token-name", metavar="NAME", default="", help="whose token it is; signs their corrections")
    who.add_argument("--forget-tokens", action="store_true", help="make every token invalid and end")
    who.add_argument("--tls-cert", metavar="PEM", type=Path, help="certificate, for https")
    who.add_argument("--tls-key", metavar="PEM", type=Path, help="its key")
    sent = serve.add_argument_group("what is sent to be counted")
    sent.add_argument("--most-upload-mb", type=int, metavar="MB", help="largest upload (default: 200)")
    sent.add_argument(
        "--most-video-minutes",
        type=int,
        metavar="N",
        help="how much of a video is counted (default: the first 10 minutes)",
    )
    sent.add_argument("--workers", type=int, metavar="N", help="how many are counted at once (default: 1)")
    sent.add_argument("--upload-folder", metavar="FOLDER", type=Path, help="where uploads lie while they are counted")
    sent.add_argument(
        "--allow-private", action="store_true", help="let the address of a picture or video lead into the own network"
    )
    add_how(serve)
    serve.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a request to end. Returns the exit code."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NotInstalledError(
            "The web part of Headcount is not installed.", "Install it with: pip install 'headcount[web]'"
        )
    from desktop_app.cli import serving

    _fill_from_environment(args)
    if args.new_token or args.forget_tokens:
        return serving.change_tokens(args)
    args.sources = args.source or []
    if args.sources or args.source_file or os.environ.get(source_file.VARIABLE):
        args.sources = source_file.sources_of(args)
    check_seconds("--limit", args.limit)
    return serving.serve(args, _given_tokens())


def _fill_from_environment(args: argparse.Namespace) -> None:
    """Fill options that were not given from `VARIABLES`. Raises UsageError for a value that is no number."""
    for option, variable in VARIABLES.items():
        text = os.environ.get(variable, "").strip()
        if getattr(args, option) is not None or not text:
            continue
        if option in ("port", "most_upload_mb", "most_video_minutes", "workers"):
            try:
                setattr(args, option, int(text))
            except ValueError:
                raise UsageError(f"{variable} is “{text}”.", "Give a whole number.") from None
        elif option == "host_name":
            args.host_name = [name.strip() for name in text.split(",") if name.strip()]
        elif option == "source":
            args.source = text.splitlines()
        else:
            setattr(args, option, Path(text) if option == "upload_folder" else text)


def _given_tokens() -> dict[str, str]:
    """Take the tokens out of the environment, so that no child process has them; return them by the role's word."""
    roles = ("see", "count", "correct")
    found = {role: os.environ.pop(TOKEN_VARIABLE.format(role=role.upper()), "").strip() for role in roles}
    return {role: text for role, text in found.items() if text}
