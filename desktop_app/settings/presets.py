"""What a layman knows of a camera's view, and the settings that suit it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from desktop_app.settings.values import CountSettings, DetectorSettings, Settings


@dataclass(frozen=True, slots=True)
class Preset:
    """The settings of detector and count that differ from the defaults."""

    detector: Mapping[str, Any]
    count: Mapping[str, Any]


PRESETS: Mapping[str, Preset] = {
    "entrance": Preset({}, {}),
    # Half the size of face is looked for, which takes about twice as long.
    "far": Preset({"min_face_share": 0.015}, {}),
    # On four clips darkened to an eighth and a sixteenth this finds 1.0 to 2 times as many faces; how many people are
    # counted hardly changes (the same in seven of eight, one fewer in one): a lamp helps more.
    "dark": Preset({"score_threshold": 0.5}, {"max_glimpses": 16}),
}

_DETECTOR = tuple(sorted({name for p in PRESETS.values() for name in p.detector}))
_COUNT = tuple(sorted({name for p in PRESETS.values() for name in p.count}))


def with_preset(settings: Settings, name: str) -> Settings:
    """Return a copy with one of `PRESETS`; what no preset is about stays. Raises KeyError."""
    preset = PRESETS[name]
    detector = {n: preset.detector.get(n, getattr(DetectorSettings(), n)) for n in _DETECTOR}
    count = {n: preset.count.get(n, getattr(CountSettings(), n)) for n in _COUNT}
    return replace(settings, detector=replace(settings.detector, **detector), count=replace(settings.count, **count))


def preset_of(settings: Settings) -> str:
    """Return which of `PRESETS` these settings are, "" where they are the operator's own."""
    for name in PRESETS:
        same = with_preset(settings, name)
        if same.detector == settings.detector and same.count == settings.count:
            return name
    return ""
