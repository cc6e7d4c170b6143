"""The command `headcount cameras`: lists the cameras of this computer."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount cameras` to the command line."""
    cameras = commands.add_parser("cameras", help="list the cameras of this computer", description="List the cameras.")
    cameras.set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """Print one line a camera."""
    from desktop_app.sources.camera import list_cameras

    cameras = list_cameras()
    for camera in cameras:
        print(f"camera:{camera.index}  {camera.name}")
    if not cameras:
        print("No camera was found. Plug one in, or switch on its privacy slider or key.")
    return 0
