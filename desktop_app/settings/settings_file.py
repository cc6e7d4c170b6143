"""The settings as one JSON file where the platform keeps configuration (`platformdirs`).

The file is replaced in one step and keeps the keys that this version does not know, so that an older program does not
throw away a newer one's choices. Whatever a damaged file holds, the program starts.
"""

from __future__ import annotations

import json
import logging
import os
import reprlib
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import platformdirs

from desktop_app.errors import OutputError, SettingsError
from desktop_app.settings.values import MAX_PLACES, DoorSettings, PlaceSettings, Settings, SourceSettings, check_doors
from desktop_app.system.safe_file import read_text
from desktop_app.system.safe_json import parse_json
from desktop_app.system.safe_write import remove_leftovers, write_atomically

log = logging.getLogger(__name__)

APP_NAME = "headcount"
FILE_NAME = "settings.json"
_MOST_BYTES = 16 * 2**20
_DEEPEST = 32
"""How deep a settings file may be nested; ours is 4 deep. Deeper ones could be read but not written again."""


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
        remove_leftovers(path.parent)
        text = read_text(path, _MOST_BYTES)
    except FileNotFoundError:
        return LoadedSettings(Settings())
    except (OSError, UnicodeDecodeError) as error:
        return _set_aside(path, str(error))
    try:
        data = parse_json(text, _DEEPEST)
    except ValueError as error:
        return _set_aside(path, str(error))
    if not isinstance(data, dict):
        return _set_aside(path, "it does not hold a JSON object")
    problems: list[str] = []
    settings = _settings_from(data, problems)
    # What is wrong a hundred times is said once.
    return LoadedSettings(settings, " ".join(dict.fromkeys(problems)))


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


_RETIRED = {"count": ("mode",), "ui": ("state", "first_start_done")}
"""Settings of earlier versions that nothing reads any more: they are left out of the file when it is next written."""

D = TypeVar("D")


def _settings_from(data: dict[str, Any], problems: list[str]) -> Settings:
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for spec in fields(Settings):
        if spec.name in ("unknown", "places", "doors") or spec.name not in data:
            continue
        section = get_type_hints(Settings)[spec.name]
        raw = data[spec.name]
        if not isinstance(raw, dict):
            problems.append(f"The section “{spec.name}” was not readable; its defaults are used.")
            continue
        values[spec.name], rest = _section_from(section, raw, problems)
        rest = {key: value for key, value in rest.items() if key not in _RETIRED.get(spec.name, ())}
        if rest:
            unknown[spec.name] = rest
    known = {spec.name for spec in fields(Settings)}
    unknown.update({key: value for key, value in data.items() if key not in known})
    places = _places_from(data.get("places"), problems)
    # Files of versions in which all doors were turned alike have that in the section of the source.
    doors = _doors_from(data.get("doors"), values.get("source", SourceSettings()), problems)
    return Settings(places=places, doors=doors, unknown=unknown, **values)


def _doors_from(raw_doors: Any, usual: SourceSettings, problems: list[str]) -> tuple[DoorSettings, ...]:
    if raw_doors is None:
        return ()
    if not isinstance(raw_doors, list):
        problems.append("The section “doors” was not readable; its defaults are used.")
        return ()
    doors: list[DoorSettings] = []
    for raw in raw_doors:
        try:
            door = DoorSettings(str(raw["name"]), str(raw["source"]), raw.get("counts", True) is True)
            turned = {name: raw.get(name, getattr(usual, name)) for name in ("turn", "mirror")}
            door, _ = _changed(door, DoorSettings, turned, problems)
            check_doors((*doors, door))
            doors.append(door)
        except (AttributeError, KeyError, TypeError):
            problems.append("A door was not readable and was left out.")
        except SettingsError as error:
            problems.append(f"{error} It was left out.")
    return tuple(doors)


def _places_from(raw_places: Any, problems: list[str]) -> tuple[PlaceSettings, ...]:
    if raw_places is None:
        return ()
    if not isinstance(raw_places, list):
        problems.append("The section “places” was not readable; its defaults are used.")
        return ()
    places: list[PlaceSettings] = []
    for raw in raw_places:
        try:
            points = tuple((float(x), float(y)) for x, y in raw["points"])
            place = PlaceSettings(str(raw["name"]), str(raw["kind"]), points, str(raw.get("source", "")))
            beside = [p for p in places if not p.source or not place.source or p.source == place.source]
            if any(place.name == other.name for other in beside):
                raise SettingsError(f"There is already a line or zone named “{place.name}”.")
            if len(beside) >= MAX_PLACES:
                raise SettingsError(f"At most {MAX_PLACES} lines and zones are kept.")
            places.append(place)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            problems.append("A line or zone was not readable and was left out.")
        except SettingsError as error:
            problems.append(f"{error} It was left out.")
    return tuple(places)


def _section_from(section: type[D], raw: dict[str, Any], problems: list[str]) -> tuple[D, dict[str, Any]]:
    return _changed(section(), section, raw, problems)


def _changed(built: D, section: type[D], raw: dict[str, Any], problems: list[str]) -> tuple[D, dict[str, Any]]:
    """Change a section value by value, so that one absurd value costs only itself; return what it has no name for."""
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
    # An int of hundreds of digits, which JSON can spell, is no float; no setting is anywhere near.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and -1e300 < value < 1e300
    if kind is float and is_number:
        return float(value)
    if kind is int and is_number and value == int(value):
        return int(value)
    if kind is str and isinstance(value, str):
        return value
    if kind == tuple[str, ...] and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise SettingsError(f"The setting “{name}” cannot be {reprlib.repr(value)}.", "Choose it again in the settings.")


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
    text = json.dumps(data, indent=2, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # Half a surrogate pair in a key we do not know: only its escape can be written.
        text = json.dumps(data, indent=2)
    return text + "\n"


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write the settings in one step (temporary file, fsync, replace), so that a power cut leaves the old or the new.

    Raises OutputError where the folder cannot be written.
    """
    path = path or default_path()
    try:
        write_atomically(path, to_json(settings).encode("utf-8"), make_folder=True, private=True)
    except OSError as error:
        raise OutputError(
            f"The settings could not be saved to {path} ({error.strerror or error}).",
            "Check that the folder can be written and that the disk is not full.",
        ) from error
