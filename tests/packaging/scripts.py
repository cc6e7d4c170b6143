"""Imports the scripts of packaging/, which is no package: its scripts are run, not imported; and finds their tools."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"


def load(name: str) -> ModuleType:
    """Return the script of this name as a module."""
    spec = importlib.util.spec_from_file_location(f"packaging_{Path(name).name}", PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def needs(command: str) -> str:
    """Return the path of a command; the test is skipped where it is not installed."""
    path = shutil.which(command)
    if path is None:
        pytest.skip(f"{command} is not installed")
    return path
