"""What the user chose, validated and kept between starts as one JSON file.

`Settings` is a frozen tree of dataclasses: a wrong value cannot come into being, neither from the file nor from a
dialog. The file lives where the platform keeps configuration (`platformdirs`), is replaced in one step, and keeps the
keys that this version does not know, so that an older program does not throw away a newer one's choices.
"""

from __future__ import annotations

import json
import logging
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints
from urllib.parse import urlsplit, urlunsplit

import platformdirs

from desktop_app.errors import OutputError, SettingsError

log = logging.getLogger(__name__)

APP_NAME = "headcount"
FILE_NAME = "settings.json"
MAX_RECENT_SOURCES = 12


def _check_range(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    if isinstance(value, bool) or not math.isfinite(value) or not low <= value <= high:
        tail = f" {unit}" if unit else ""
        raise SettingsError(
            f"The setting “{name}” cannot be {value!r}.", f"Choose a value from {low:g} to {high:g}{tail}."
        )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingsError(f"The setting “{name}” cannot be {value!r}.", f"Choose one of: {', '.join(choices)}.")


def _check_text(name: str, value: str, longest: int = 4096) -> None:
    if len(value) > longest or "\0" in value:
        raise SettingsError(f"The setting “{name}” has a text the program cannot use.", "Enter it again.")


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where pictures come from. `width`, `height` and `fps` are asked of a camera; 0 leaves the choice to it.

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

    def __post_init__(self) -> None:
        _check_text("source.last", self.last)
        for text in self.recent:
            _check_text("source.recent", text)
        if len(self.recent) > MAX_RECENT_SOURCES:
            raise SettingsError(f"At most {MAX_RECENT_SOURCES} recent sources are kept, not {len(self.recent)}.")
        _check_range("source.width", self.width, 0, 7680, "pixels")
        _check_range("source.height", self.height, 0, 4320, "pixels")
        _check_range("source.fps", self.fps, 0, 240, "frames per second")
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
        _check_choice("detector.cascade", self.cascade, ("frontal", "alt2"))
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
    """

    mode: str = "people"
    model: str = "headcount"
    confirm_s: float = 0.25
    lost_s: float = 4.0
    decide_threshold: float = 0.65
    max_glimpses: int = 8
    returns_minutes: float = 0.0

    def __post_init__(self) -> None:
        _check_choice("count.mode", self.mode, ("people", "line", "zone"))
        _check_text("count.model", self.model, 255)
        if not self.model:
            raise SettingsError("The setting “count.model” is empty.", "Choose a model.")
        _check_range("count.confirm_s", self.confirm_s, 0, 10, "seconds")
        _check_range("count.lost_s", self.lost_s, 0.1, 30, "seconds")
        _check_range("count.decide_threshold", self.decide_threshold, 0.5, 0.99)
        _check_range("count.max_glimpses", self.max_glimpses, 1, 200)
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
        if not self.name.strip() or len(self.name) > 60:
            raise SettingsError(f"A {self.kind} needs a name of 1 to 60 letters, not {self.name!r}.", "Name it.")
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
    """How the window looks. `geometry` and `state` are Qt's own texts in base64, "" before the first close."""

    theme: str = "system"
    geometry: str = ""
    state: str = ""
    show_labels: bool = True
    first_start_done: bool = False

    def __post_init__(self) -> None:
        _check_choice("ui.theme", self.theme, ("system", "light", "dark"))
        _check_text("ui.geometry", self.geometry, 100_000)
        _check_text("ui.state", self.state, 100_000)


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
        if len(names) > 32:
            raise SettingsError(f"At most 32 lines and zones are kept, not {len(names)}.", "Remove some.")

    def with_recent_source(self, text: str) -> Settings:
        """Return a copy in which `text`, without its password, is the last and the most recent source."""
        text = without_password(text)
        recent = (text, *(t for t in self.source.recent if t != text))[:MAX_RECENT_SOURCES]
        return replace(self, source=replace(self.source, last=text, recent=recent))


SECRET_QUERY_KEYS = ("password", "passwd", "pwd", "pass", "token", "key", "secret", "auth", "signature", "sig")


def without_password(text: str) -> str:
    """Return a source text that is safe to keep: a URL loses its password and secret query values, all else stays.

    The user name stays (`rtsp://guard@camera/1`), so that the list still tells two cameras apart and only the password
    has to be typed again.
    """
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        # Not a URL that can be taken apart, so nothing shows where its password would be: keep only the scheme.
        return text.split("://", 1)[0] + "://"
    if not parts.scheme or len(parts.scheme) == 1:
        return text
    host = parts.netloc
    if "@" in host:
        user_info, host = host.rsplit("@", 1)
        user = user_info.split(":", 1)[0]
        host = f"{user}@{host}" if user else host
    kept = [
        pair
        for pair in parts.query.split("&")
        if pair and not any(secret in pair.split("=", 1)[0].lower() for secret in SECRET_QUERY_KEYS)
    ]
    return urlunsplit((parts.scheme, host, parts.path, "&".join(kept), parts.fragment))


def default_path() -> Path:
    """Return where the settings are kept; the environment variable HEADCOUNT_CONFIG_DIR overrules the platform."""
    folder = os.environ.get("HEADCOUNT_CONFIG_DIR") or platformdirs.user_config_dir(APP_NAME, appauthor=False)
    return Path(folder) / FILE_NAME


def data_dir() -> Path:
    """Return the folder of the user's own models, logs and recovery files; HEADCOUNT_DATA_DIR overrules it."""
    return Path(os.environ.get("HEADCOUNT_DATA_DIR") or platformdirs.user_data_dir(APP_NAME, appauthor=False))


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings, and a plain sentence to show where the file was damaged or had to be corrected ("" if not)."""

    settings: Settings
    notice: str = ""


def load_settings(path: Path | None = None) -> LoadedSettings:
    """Read the settings; a missing file gives the defaults.

    A file that is no JSON object is set aside as `settings.damaged.json`; a single absurd value falls back to its
    default. Both are told in `notice`. Never raises for what the file holds.
    """
    path = path or default_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return LoadedSettings(Settings())
    except (OSError, UnicodeDecodeError) as error:
        return _set_aside(path, str(error))
    try:
        data = json.loads(text)
    except ValueError as error:
        return _set_aside(path, str(error))
    if not isinstance(data, dict):
        return _set_aside(path, "it does not hold a JSON object")
    problems: list[str] = []
    settings = _settings_from(data, problems)
    return LoadedSettings(settings, " ".join(problems))


def _set_aside(path: Path, why: str) -> LoadedSettings:
    aside = path.with_name(path.stem + ".damaged" + path.suffix)
    notice = f"The settings file could not be read ({why}), so the defaults are used."
    try:
        path.replace(aside)
        notice += f" It was set aside as {aside.name}."
    except OSError as error:
        notice += f" It could not be set aside either ({error.strerror or error})."
    log.warning(notice)
    return LoadedSettings(Settings(), notice)


D = TypeVar("D")


def _settings_from(data: dict[str, Any], problems: list[str]) -> Settings:
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for spec in fields(Settings):
        if spec.name in ("unknown", "places") or spec.name not in data:
            continue
        section = get_type_hints(Settings)[spec.name]
        raw = data[spec.name]
        if not isinstance(raw, dict):
            problems.append(f"The section “{spec.name}” was not readable; its defaults are used.")
            continue
        values[spec.name], rest = _section_from(section, raw, problems)
        if rest:
            unknown[spec.name] = rest
    known = {spec.name for spec in fields(Settings)}
    unknown.update({key: value for key, value in data.items() if key not in known})
    places: list[PlaceSettings] = []
    for raw in data.get("places") or ():
        try:
            points = tuple((float(x), float(y)) for x, y in raw["points"])
            place = PlaceSettings(str(raw["name"]), str(raw["kind"]), points)
            if any(place.name == other.name for other in places) or len(places) >= 32:
                raise SettingsError(f"There is already a line or zone named “{place.name}”.")
            places.append(place)
        except (KeyError, TypeError, ValueError):
            problems.append("A line or zone was not readable and was left out.")
        except SettingsError as error:
            problems.append(f"{error} It was left out.")
    return Settings(places=tuple(places), unknown=unknown, **values)


def _section_from(section: type[D], raw: dict[str, Any], problems: list[str]) -> tuple[D, dict[str, Any]]:
    """Build one section value by value, so that one absurd value costs only itself."""
    built = section()
    hints = get_type_hints(section)
    rest = dict(raw)
    for name, kind in hints.items():
        if name not in rest:
            continue
        value = rest.pop(name)
        try:
            built = replace(built, **{name: _coerce(name, value, kind)})  # type: ignore[type-var]
        except SettingsError as error:
            problems.append(f"{error.message} The default is used.")
    return built, rest


def _coerce(name: str, value: Any, kind: Any) -> Any:
    """Bring a JSON value to the type a field wants. Raises SettingsError where that loses meaning."""
    if kind is bool and isinstance(value, bool):
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if kind is float and is_number:
        return float(value)
    if kind is int and is_number and value == int(value):
        return int(value)
    if kind is str and isinstance(value, str):
        return value
    if kind == tuple[str, ...] and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise SettingsError(f"The setting “{name}” cannot be {value!r}.", "Choose it again in the settings.")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "unknown"}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def to_json(settings: Settings) -> str:
    """Return the text of the settings file, unknown keys included."""
    data: dict[str, Any] = _plain(settings)
    for key, value in settings.unknown.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            data[key] = {**value, **data[key]}
        elif key not in data:
            data[key] = value
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write the settings in one step (temporary file, fsync, replace), so that a power cut leaves the old or the new.

    Raises OutputError where the folder cannot be written.
    """
    path = path or default_path()
    try:
        write_atomically(path, to_json(settings).encode("utf-8"), make_folder=True)
    except OSError as error:
        raise OutputError(
            f"The settings could not be saved to {path} ({error.strerror or error}).",
            "Check that the folder can be written and that the disk is not full.",
        ) from error


def write_atomically(path: Path, data: bytes, *, make_folder: bool = False) -> None:
    """Replace the file at `path` by `data` in one step. Raises OSError, and then leaves no temporary file behind."""
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes the file private; give it the rights that any other new file of the user gets.
        temporary.chmod(0o666 & ~_UMASK)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# The mask can only be read by setting it; at import time, before any thread of ours, that is safe.
_UMASK = os.umask(0o022)
os.umask(_UMASK)
