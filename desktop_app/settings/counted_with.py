"""The settings that decide a count, as they stand in its log: what a later count of the same file is compared with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from desktop_app.errors import SettingsError
from desktop_app.settings.values import Settings

_SECTIONS = ("detector", "count")


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that has another value now; `before` is None where the log does not say."""

    section: str
    name: str
    before: Any
    now: Any


def as_lines(settings: Settings) -> tuple[str, ...]:
    """Return every setting that decides a count, as "detector.interval_s=0.1"; values are JSON."""
    return tuple(
        f"{section}.{spec.name}={json.dumps(getattr(part, spec.name))}"
        for section in _SECTIONS
        for part in (getattr(settings, section),)
        for spec in fields(part)
    )


def with_lines(settings: Settings, lines: Iterable[str]) -> Settings:
    """Return settings with the values of these lines; what this version does not know or take is left as it is."""
    for (section, name), value in _values(lines).items():
        part = getattr(settings, section)
        try:
            settings = replace(settings, **{section: replace(part, **{name: value})})
        except (SettingsError, TypeError):
            continue
    return settings


def differences(lines: Iterable[str], settings: Settings) -> list[Difference]:
    """Return which settings have other values than these lines say. Lines of an older log say less than all."""
    values = _values(lines)
    return [
        Difference(section, name, before, now)
        for (section, name), before in values.items()
        if (now := getattr(getattr(settings, section), name)) != before
    ]


def _values(lines: Iterable[str]) -> dict[tuple[str, str], Any]:
    """Return the settings that this version has, by section and name."""
    known = {(s, spec.name) for s in _SECTIONS for spec in fields(getattr(Settings(), s))}
    found = {}
    for line in lines:
        key, _, text = line.partition("=")
        section, _, name = key.partition(".")
        if (section, name) in known:
            try:
                found[section, name] = json.loads(text)
            except ValueError:
                continue
    return found
