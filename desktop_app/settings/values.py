"""What the user may choose: a frozen tree of dataclasses that no wrong value can enter, from a file or a dialog."""

from __future__ import annotations

import math
import os
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from desktop_app.errors import SettingsError
from desktop_app.system.redaction import without_secrets

MAX_RECENT_SOURCES = 12
MAX_PLACES = 32
MAX_DOORS = 9
HIDE_BELOW = (0, 3, 5, 10)
"""The smallest numbers of people that a report may show; 0 hides nothing."""


def _check_turn(name: str, turn: int) -> None:
    if isinstance(turn, bool) or turn not in (0, 90, 180, 270):
        raise SettingsError(
            f"The setting “{name}” cannot be {reprlib.repr(turn)}.", "Choose 0, 90, 180 or 270 degrees."
        )


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

    `turn` (degrees clockwise) and `mirror` set upright what a camera or stream gives; files are left as they are. A
    door that is kept has its own, see `Settings.at_source`.
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
        _check_turn("source.turn", self.turn)
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

    def with_haar(self, text: str) -> DetectorSettings:
        """Return these settings with a Haar cascade as the articles set it: "1.3,5,frontal" is the scale factor, the
        minimum of neighbours and the cascade. What is left out at the end stays as it is. Raises SettingsError.
        """
        parts = [part.strip() for part in text.split(",")]
        try:
            factor, neighbours = float(parts[0]), int(parts[1]) if len(parts) > 1 else self.min_neighbors
            if len(parts) > 3:
                raise ValueError
        except ValueError:
            raise SettingsError(
                f"The Haar settings “{text}” were not understood.",
                "Write scale factor, neighbours and cascade, like 1.3,5,frontal.",
            ) from None
        cascade = parts[2] if len(parts) > 2 else self.cascade
        return replace(self, kind="haar", scale_factor=factor, min_neighbors=neighbours, cascade=cascade)


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
    lost_s: float = 5.0
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
    left to right as seen along it from its first to its second point. `source` is the source on whose picture it was
    drawn, without its password; "" is any.
    """

    name: str
    kind: str
    points: tuple[tuple[float, float], ...]
    source: str = ""

    def __post_init__(self) -> None:
        _check_choice("place.kind", self.kind, ("line", "zone", "staff"))
        if not self.name.strip() or len(self.name) > 60 or not _can_be_written(self.name):
            shown = reprlib.repr(self.name)
            raise SettingsError(f"A {self.kind} needs a name of 1 to 60 letters, not {shown}.", "Name it.")
        _check_text(f"{self.kind}.source", self.source)
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
class DoorSettings:
    """A door that is kept under its name. `source` is without its password; `counts` says whether the next count of
    several doors includes it. `turn` and `mirror` are as in `SourceSettings`: how its camera hangs."""

    name: str
    source: str
    counts: bool = True
    turn: int = 0
    mirror: bool = False

    def __post_init__(self) -> None:
        _check_turn("door.turn", self.turn)
        if not self.name.strip() or len(self.name) > 80 or not _can_be_written(self.name):
            raise SettingsError(
                f"A door needs a name of 1 to 80 letters, not {reprlib.repr(self.name)}.", "Name it, like “Side door”."
            )
        _check_text("door.source", self.source)
        if not self.source.strip():
            raise SettingsError(f"The door “{self.name}” has no source.", "Choose its camera, file or address.")


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """`folder` is where snapshots and recordings go, "" for the platform's folder of videos."""

    folder: str = ""
    fps: float = 25.0

    def __post_init__(self) -> None:
        _check_text("recording.folder", self.folder)
        _check_range("recording.fps", self.fps, 1, 60, "frames per second")


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """How long what was counted is kept. `people_days` is after how many days the rows of single people become numbers
    of intervals, 0 for never."""

    people_days: int = 0

    def __post_init__(self) -> None:
        _check_range("keep.people_days", self.people_days, 0, 3650, "days")


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """How counts are handed on. Reports hide figures of fewer than `hide_below` people; 0 hides nothing.

    `by`, `contact`, `purpose` and `page` are what the sign for the door says: who counts, whom to ask, what for, and
    the address of a page with more.
    """

    hide_below: int = 0
    by: str = ""
    contact: str = ""
    purpose: str = ""
    page: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.hide_below, bool) or self.hide_below not in HIDE_BELOW:
            raise SettingsError(
                f"The setting “reports.hide_below” cannot be {reprlib.repr(self.hide_below)}.",
                f"Choose one of: {', '.join(map(str, HIDE_BELOW))}.",
            )
        for name in ("by", "contact", "purpose"):
            _check_text(f"reports.{name}", getattr(self, name), 300)
        _check_text("reports.page", self.page, 1000)


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How the window looks. `geometry` is Qt's own text in base64, "" before the first close.

    `main_number` is what the largest figure says: "people" is everyone seen, "entering" who goes in at a line.
    `show_smallest_face` draws a frame as large as `count.min_face_px` into the corner of the picture.
    """

    theme: str = "system"
    geometry: str = ""
    show_labels: bool = True
    show_smallest_face: bool = False
    main_number: str = "people"

    def __post_init__(self) -> None:
        _check_choice("ui.theme", self.theme, ("system", "light", "dark"))
        _check_text("ui.geometry", self.geometry, 100_000)
        _check_choice("ui.main_number", self.main_number, ("people", "entering"))


@dataclass(frozen=True, slots=True)
class KioskSettings:
    """The large totals for visitors. `screen` is the name of the screen they are shown on, "" for the window's own.

    `capacity` is how many people there is room for, 0 for no limit: the number is coloured as it comes near.
    """

    screen: str = ""
    title: str = ""
    total_only: bool = False
    show_gender: bool = True
    capacity: int = 0

    def __post_init__(self) -> None:
        _check_text("kiosk.screen", self.screen, 255)
        _check_text("kiosk.title", self.title, 80)
        _check_range("kiosk.capacity", self.capacity, 0, 1_000_000, "people")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the program remembers. `unknown` holds the file's keys that this version does not know."""

    source: SourceSettings = field(default_factory=SourceSettings)
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    count: CountSettings = field(default_factory=CountSettings)
    places: tuple[PlaceSettings, ...] = ()
    doors: tuple[DoorSettings, ...] = ()
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    keep: KeepSettings = field(default_factory=KeepSettings)
    reports: ReportSettings = field(default_factory=ReportSettings)
    ui: UiSettings = field(default_factory=UiSettings)
    kiosk: KioskSettings = field(default_factory=KioskSettings)
    unknown: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for source in {p.source for p in self.places}:
            names = [p.name for p in self.places if p.source in ("", source)]
            if len(set(names)) != len(names):
                raise SettingsError("Two lines or zones have the same name.", "Give each a name of its own.")
            if len(names) > MAX_PLACES:
                raise SettingsError(f"At most {MAX_PLACES} lines and zones are kept, not {len(names)}.", "Remove some.")

        check_doors(self.doors)

    def at_source(self, text: str) -> Settings:
        """Return a copy as it holds at this source: with the turn of the door that is kept with it, if there is one,
        and with only the lines and zones that were drawn on its picture, or on any."""
        wanted, door = ("", without_secrets(text)), self.door_at(text)
        source = self.source if door is None else replace(self.source, turn=door.turn, mirror=door.mirror)
        return replace(self, source=source, places=tuple(p for p in self.places if p.source in wanted))

    def door_at(self, text: str) -> DoorSettings | None:
        """Return the door that is kept with this source, None without one."""
        return next((d for d in self.doors if d.source == without_secrets(text)), None)

    def with_recent_source(self, text: str) -> Settings:
        """Return a copy in which `text`, without its password, is the last and the most recent source."""
        text = without_secrets(text)
        recent = (text, *(t for t in self.source.recent if t != text))[:MAX_RECENT_SOURCES]
        return replace(self, source=replace(self.source, last=text, recent=recent))


def check_doors(doors: Sequence[DoorSettings]) -> None:
    """Raise SettingsError for doors that cannot be kept side by side."""
    sources = [_written_one_way(d.source) for d in doors]
    for what, values in (("name", [d.name.casefold() for d in doors]), ("source", sources)):
        first = next((d for d, value in zip(doors, values, strict=True) if values.count(value) > 1), None)
        if first is not None and what == "name":
            raise SettingsError(f"There is a door named “{first.name}” already.", "Give each door a name of its own.")
        if first is not None:
            raise SettingsError(
                f"This source is at the door “{first.name}” already.", "Whoever passes there would count twice."
            )
    if len(doors) > MAX_DOORS:
        raise SettingsError(f"At most {MAX_DOORS} doors are kept, not {len(doors)}.", "Remove one.")


def _written_one_way(source: str) -> str:
    """Return a source so that two ways to write one file or address are equal. Nothing is read from the disk."""
    scheme, mark, rest = source.partition("://")
    if mark:
        host, slash, path = rest.partition("/")
        return f"{scheme.casefold()}://{host.casefold()}{slash}{path}".rstrip("/")
    if source.startswith("camera:") or source == "demo":
        return source
    return os.path.normcase(os.path.normpath(source))
