"""What the user may choose: a frozen tree of dataclasses that no wrong value can enter, from a file or a dialog."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from desktop_app.errors import SettingsError
from desktop_app.system.redaction import without_secrets

MAX_RECENT_SOURCES = 12
MAX_PLACES = 32


def _check_range(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    # The bounds come first: an int of a thousand digits has no float for `isfinite`. Not-a-number fails them, too.
    if isinstance(value, bool) or not low <= value <= high or not math.isfinite(value):
        tail = f" {unit}" if unit else ""
        raise SettingsError(
            f"The setting “{name}” cannot be {reprlib.repr(value)}.", f"Choose a value from {low:g} to {high:g}{tail}."
        )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        shown = reprlib.repr(value)
        raise SettingsError(f"The setting “{name}” cannot be {shown}.", f"Choose one of: {', '.join(choices)}.")


def _check_text(name: str, value: str, longest: int = 4096) -> None:
    if len(value) > longest or "\0" in value or not _can_be_written(value):
        raise SettingsError(f"The setting “{name}” has a text the program cannot use.", "Enter it again.")


def _can_be_written(text: str) -> bool:
    """Whether `text` is proper Unicode; half a surrogate pair, which JSON can spell, is not."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where pictures come from. `width`, `height` and `fps` are asked of a camera; 0 leaves the choice to it.

    `turn` (degrees clockwise) and `mirror` set upright what a camera or stream gives; files are left as they are.
    `last` and `recent` are texts that `factory.open_source` understands, newest first, without passwords.
    """

    last: str = ""
    recent: tuple[str, ...] = ()
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    loop: bool = False
    speed: float = 1.0
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    reconnect: bool = True
    turn: int = 0
    mirror: bool = False

    def __post_init__(self) -> None:
        _check_text("source.last", self.last)
        for text in self.recent:
            _check_text("source.recent", text)
        if len(self.recent) > MAX_RECENT_SOURCES:
            raise SettingsError(f"At most {MAX_RECENT_SOURCES} recent sources are kept, not {len(self.recent)}.")
        _check_range("source.width", self.width, 0, 7680, "pixels")
        _check_range("source.height", self.height, 0, 4320, "pixels")
        _check_range("source.fps", self.fps, 0, 240, "frames per second")
        if isinstance(self.turn, bool) or self.turn not in (0, 90, 180, 270):
            raise SettingsError(
                f"The setting “source.turn” cannot be {reprlib.repr(self.turn)}.", "Choose 0, 90, 180 or 270 degrees."
            )
        # 0 stands for "as fast as possible".
        if self.speed != 0:
            _check_range("source.speed", self.speed, 0.25, 8)
        _check_range("source.open_timeout_s", self.open_timeout_s, 1, 120, "seconds")
        _check_range("source.read_timeout_s", self.read_timeout_s, 1, 120, "seconds")


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How faces are found. `min_face_share` is the smallest face's width as a share of the picture's shorter side.

    `interval_s` is the time between two detections on the media clock; 0 runs the detector on every frame.
    """

    kind: str = "yunet"
    cascade: str = "frontal"
    min_face_share: float = 0.033
    score_threshold: float = 0.6
    scale_factor: float = 1.1
    min_neighbors: int = 5
    interval_s: float = 0.1
    reject_non_faces: bool = True

    def __post_init__(self) -> None:
        _check_choice("detector.kind", self.kind, ("yunet", "haar"))
        _check_choice("detector.cascade", self.cascade, ("frontal", "alt2", "profile"))
        _check_range("detector.min_face_share", self.min_face_share, 0.01, 0.9)
        _check_range("detector.score_threshold", self.score_threshold, 0.05, 0.99)
        _check_range("detector.scale_factor", self.scale_factor, 1.01, 2.0)
        _check_range("detector.min_neighbors", self.min_neighbors, 0, 50)
        _check_range("detector.interval_s", self.interval_s, 0, 2, "seconds")


@dataclass(frozen=True, slots=True)
class CountSettings:
    """When a person is counted. `model` is a folder name under `models/` (or the user's model folder).

    A face is counted after `confirm_s` in view; somebody out of sight for no more than `lost_s` is still the same
    person. About `max_glimpses` pictures of a person are shown to the network. `returns_minutes` above 0 recognises a
    person who comes back within that time, by a descriptor held in memory only.
    `decide_threshold` is the probability from which the vote decides; below it, either way, a person stays Undecided.
    `child_threshold` is the same for people who appear younger than ten, where it is the higher of the two that holds.
    Somebody whose face was never `min_face_px` pixels large (the side of the square of its area) is not counted.
    """

    model: str = "headcount"
    confirm_s: float = 0.25
    lost_s: float = 4.0
    decide_threshold: float = 0.65
    child_threshold: float = 0.9
    max_glimpses: int = 8
    returns_minutes: float = 0.0
    min_face_px: float = 11.0

    def __post_init__(self) -> None:
        _check_text("count.model", self.model, 255)
        if not self.model:
            raise SettingsError("The setting “count.model” is empty.", "Choose a model.")
        _check_range("count.confirm_s", self.confirm_s, 0, 10, "seconds")
        _check_range("count.lost_s", self.lost_s, 0.1, 30, "seconds")
        _check_range("count.decide_threshold", self.decide_threshold, 0.5, 0.99)
        _check_range("count.child_threshold", self.child_threshold, 0.5, 0.99)
        _check_range("count.max_glimpses", self.max_glimpses, 1, 200)
        _check_range("count.min_face_px", self.min_face_px, 4, 500, "pixels")
        _check_range("count.returns_minutes", self.returns_minutes, 0, 120, "minutes")


@dataclass(frozen=True, slots=True)
class PlaceSettings:
    """A named line (2 points) or zone (3 or more), in shares of the picture's width and height, 0 to 1.

    `kind` is "line", "zone" or "staff" (a zone whose people are not counted). For a line, "in" is the crossing from
    left to right as seen along it from its first to its second point.
    """

    name: str
    kind: str
    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        _check_choice("place.kind", self.kind, ("line", "zone", "staff"))
        if not self.name.strip() or len(self.name) > 60 or not _can_be_written(self.name):
            shown = reprlib.repr(self.name)
            raise SettingsError(f"A {self.kind} needs a name of 1 to 60 letters, not {shown}.", "Name it.")
        needed = 2 if self.kind == "line" else 3
        if len(self.points) < needed or (self.kind == "line" and len(self.points) != 2) or len(self.points) > 64:
            wanted = "exactly 2 points" if self.kind == "line" else "3 to 64 points"
            raise SettingsError(f"The {self.kind} “{self.name}” has {len(self.points)} points.", f"It needs {wanted}.")
        for x, y in self.points:
            _check_range(f"{self.kind} {self.name}, x", x, 0, 1)
            _check_range(f"{self.kind} {self.name}, y", y, 0, 1)
        if self.kind == "line" and self.points[0] == self.points[1]:
            raise SettingsError(f"The line “{self.name}” starts where it ends.", "Draw it again, longer.")


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """`folder` is where snapshots and recordings go, "" for the platform's folder of videos."""

    folder: str = ""
    fps: float = 25.0

    def __post_init__(self) -> None:
        _check_text("recording.folder", self.folder)
        _check_range("recording.fps", self.fps, 1, 60, "frames per second")


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How the window looks. `geometry` is Qt's own text in base64, "" before the first close."""

    theme: str = "system"
    geometry: str = ""
    show_labels: bool = True

    def __post_init__(self) -> None:
        _check_choice("ui.theme", self.theme, ("system", "light", "dark"))
        _check_text("ui.geometry", self.geometry, 100_000)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the program remembers. `unknown` holds the file's keys that this version does not know."""

    source: SourceSettings = field(default_factory=SourceSettings)
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    count: CountSettings = field(default_factory=CountSettings)
    places: tuple[PlaceSettings, ...] = ()
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    ui: UiSettings = field(default_factory=UiSettings)
    unknown: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        names = [p.name for p in self.places]
        if len(set(names)) != len(names):
            raise SettingsError("Two lines or zones have the same name.", "Give each a name of its own.")
        if len(names) > MAX_PLACES:
            raise SettingsError(f"At most {MAX_PLACES} lines and zones are kept, not {len(names)}.", "Remove some.")

    def with_recent_source(self, text: str) -> Settings:
        """Return a copy in which `text`, without its password, is the last and the most recent source."""
        text = without_secrets(text)
        recent = (text, *(t for t in self.source.recent if t != text))[:MAX_RECENT_SOURCES]
        return replace(self, source=replace(self.source, last=text, recent=recent))
