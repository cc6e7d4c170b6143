from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from desktop_app.domain.counting import CountingSettings
from desktop_app.domain.tracking import TrackerSettings
from desktop_app.domain.voting import VoteSettings
from desktop_app.errors import OutputError, SettingsError
from desktop_app.settings import (
    MAX_DOORS,
    MAX_RECENT_SOURCES,
    CountSettings,
    DetectorSettings,
    DoorSettings,
    KeepSettings,
    PlaceSettings,
    Settings,
    SourceSettings,
    UiSettings,
    default_path,
    load_settings,
    save_settings,
    to_json,
    without_password,
    write_atomically,
)
from desktop_app.settings.counted_with import Difference, as_lines, differences, with_lines

FULL = Settings(
    source=SourceSettings(
        last="camera:1", recent=("camera:1", "C:\\Vidéos\\入口.mp4"), width=640, height=480, fps=15.0
    ),
    detector=DetectorSettings(kind="haar", scale_factor=1.25, min_neighbors=3, interval_s=0.0),
    count=CountSettings(returns_minutes=12.5, decide_threshold=0.8, child_threshold=0.95),
    places=(
        PlaceSettings("Eingang", "line", ((0.1, 0.5), (0.9, 0.5))),
        PlaceSettings("Kasse", "staff", ((0.0, 0.0), (0.2, 0.0), (0.2, 1.0))),
    ),
    doors=(DoorSettings("Haupttür", "camera:1"), DoorSettings("Side door", "rtsp://cam/1", counts=False)),
    ui=UiSettings(theme="dark", show_labels=False, show_smallest_face=True),
)


def test_everything_comes_back(tmp_path) -> None:
    path = tmp_path / "deep" / "settings.json"
    save_settings(FULL, path)
    loaded = load_settings(path)
    assert loaded.settings == FULL
    assert loaded.notice == ""
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_without_a_file_the_defaults_hold(tmp_path) -> None:
    loaded = load_settings(tmp_path / "none.json")
    assert (loaded.settings, loaded.notice) == (Settings(), "")


def test_the_place_can_be_told_by_the_environment(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HEADCOUNT_CONFIG_DIR", str(tmp_path))
    save_settings(FULL)
    assert default_path() == tmp_path / "settings.json"
    assert load_settings().settings == FULL


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[1, 2]", b"null", b"\xff\xfe\x00", b'"text"', b"[" * 100_000, b'{"ui":' * 100_000,
        b'{"a":' + b"9" * 5000, b'{"future": ' + b"[" * 400 + b"]" * 400 + b"}",
    ],
    ids=lambda content: content[:12].decode("latin-1"),
)  # fmt: skip
def test_a_damaged_file_is_set_aside_and_said(tmp_path, content) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    loaded = load_settings(path)
    assert loaded.settings == Settings()
    assert "defaults are used" in loaded.notice
    assert "settings.damaged.json" in loaded.notice
    assert (tmp_path / "settings.damaged.json").read_bytes() == content
    assert load_settings(path).notice == ""


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("detector", "scale_factor", 0.5),
        ("detector", "scale_factor", "big"),
        ("detector", "min_neighbors", 2.5),
        ("detector", "kind", "magic"),
        ("detector", "score_threshold", float("nan")),
        ("count", "returns_minutes", -1),
        ("count", "returns_minutes", float("inf")),
        ("count", "model", ""),
        ("count", "max_glimpses", True),
        ("source", "speed", 100),
        ("source", "width", None),
        ("source", "loop", 1),
        ("source", "recent", [1, 2]),
        ("source", "recent", ["x"] * 50),
        ("ui", "theme", "pink"),
    ],
)
def test_one_absurd_value_costs_only_itself(tmp_path, section, name, value) -> None:
    path = tmp_path / "settings.json"
    save_settings(FULL, path)
    data = json.loads(path.read_text("utf-8"))
    data[section][name] = value
    path.write_text(json.dumps(data), "utf-8")
    loaded = load_settings(path)
    default = getattr(getattr(Settings(), section), name)
    assert getattr(getattr(loaded.settings, section), name) == default
    assert loaded.settings == replace(FULL, **{section: replace(getattr(FULL, section), **{name: default})})
    assert loaded.notice


def test_a_section_of_the_wrong_kind_and_broken_places_cost_only_themselves(tmp_path) -> None:
    path = tmp_path / "settings.json"
    save_settings(FULL, path)
    data = json.loads(path.read_text("utf-8"))
    data["ui"] = 3
    data["places"] += [{"name": "x"}, {"name": "Eingang", "kind": "line", "points": [[0, 0], [1, 1]]}, 7]
    data["places"] += [{"name": "y", "kind": "line", "points": [[0, 0], [9, 1]]}]
    path.write_text(json.dumps(data), "utf-8")
    loaded = load_settings(path)
    assert loaded.settings == replace(FULL, ui=UiSettings())
    assert "ui" in loaded.notice
    assert "already a line or zone named" in loaded.notice


ODD_VALUES = (
    None, True, 5, -1, 0.5, 1e308, float("inf"), float("nan"), 10**400, "", "x" * 100_001, "\ud800", "a\0b", [], {},
    [[]], [None], [[[1, 2]]], ["\udfff"], {"x": 1}, {"name": "\ud800", "kind": "line", "points": [[0, 0], [1, 1]]},
    [{"name": 7, "kind": [], "points": {}}], [{"name": "a", "kind": "line", "points": [[10**400, 0], [1, 1]]}],
    [{"name": "a", "kind": "line", "points": [["nan", 0], [1, 1]]}] * 100,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("place", [(f.name,) for f in fields(Settings)] + [
    (section, f.name)
    for section in ("source", "detector", "count", "recording", "keep", "reports", "ui", "kiosk")
    for f in fields(getattr(Settings(), section))
] + [("future",), ("ui", "future")], ids=".".join)  # fmt: skip
def test_no_value_anywhere_keeps_the_program_from_starting_or_from_saving(tmp_path, monkeypatch, place) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    path = tmp_path / "settings.json"
    for value in ODD_VALUES:
        data = json.loads(to_json(FULL))
        inner = data
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        path.write_text(json.dumps(data), "utf-8")
        loaded = load_settings(path)
        assert len(loaded.notice) < 2000
        if place[0] != "places":
            assert loaded.settings.places == FULL.places
        save_settings(loaded.settings, path)
        assert load_settings(path).settings == loaded.settings
        assert load_settings(path).notice == ""


def test_places_that_are_no_list_cost_only_themselves(tmp_path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"places": 5, "detector": {"kind": "haar"}}', "utf-8")
    loaded = load_settings(path)
    assert loaded.settings == replace(Settings(), detector=DetectorSettings(kind="haar"))
    assert "places" in loaded.notice


def test_a_door_that_is_broken_or_there_already_costs_only_itself(tmp_path) -> None:
    path = tmp_path / "settings.json"
    doors = [
        {"name": "Main door", "source": "camera:0"},
        {"name": "MAIN DOOR", "source": "camera:1"},
        {"name": "Side door", "source": "camera:0"},
        {"name": " ", "source": "camera:2"},
        {"name": "Back door"},
        {"name": "No source", "source": ""},
        7,
        {"name": "Gate", "source": "gate.mp4", "counts": False},
    ]
    path.write_text(json.dumps({"doors": doors}), "utf-8")
    loaded = load_settings(path)
    assert [(d.name, d.counts) for d in loaded.settings.doors] == [("Main door", True), ("Gate", False)]
    for said in (
        "named “Main door” already",
        "at the door “Main door” already",
        "A door was not readable",
        "has no source",
    ):
        assert said in loaded.notice
    path.write_text('{"doors": "many"}', "utf-8")
    assert load_settings(path).settings.doors == ()


def test_each_door_has_its_own_turn(tmp_path) -> None:
    side = DoorSettings("Side door", "camera:1", turn=90, mirror=True)
    settings = replace(Settings(doors=(DoorSettings("Main door", "camera:0"), side)), source=SourceSettings(turn=180))
    turns = {text: settings.at_source(text).source.turn for text in ("camera:0", "camera:1", "camera:2")}
    assert turns == {"camera:0": 0, "camera:1": 90, "camera:2": 180}, "where no door is kept, the usual one holds"
    assert settings.at_source("camera:1").source.mirror
    path = tmp_path / "settings.json"
    save_settings(settings, path)
    assert load_settings(path).settings == settings
    old = {"source": {"turn": 270}, "doors": [{"name": "Main door", "source": "camera:0"}]}
    path.write_text(json.dumps(old), "utf-8")
    assert load_settings(path).settings.doors[0].turn == 270, "as all doors were turned before"
    old["doors"][0]["turn"] = 45
    path.write_text(json.dumps(old), "utf-8")
    loaded = load_settings(path)
    assert [(d.name, d.turn) for d in loaded.settings.doors] == [("Main door", 0)]
    assert "“door.turn” cannot be 45" in loaded.notice


def test_no_more_doors_are_kept_than_there_are_keys_for() -> None:
    doors = tuple(DoorSettings(f"Door {n}", f"camera:{n}") for n in range(MAX_DOORS + 1))
    assert Settings(doors=doors[:-1]).door_at("camera:3") == doors[3]
    with pytest.raises(SettingsError, match="At most 9 doors"):
        Settings(doors=doors)


def test_more_places_than_are_kept_are_said_once(tmp_path) -> None:
    path = tmp_path / "settings.json"
    places = [{"name": str(i), "kind": "line", "points": [[0, 0], [1, 1]]} for i in range(500)]
    path.write_text(json.dumps({"places": places}), "utf-8")
    loaded = load_settings(path)
    assert len(loaded.settings.places) == 32
    assert loaded.notice.count("At most 32") == 1


def test_keys_of_a_newer_version_are_kept(tmp_path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"future": {"a": 1}, "detector": {"kind": "haar", "turbo": 9}}), "utf-8")
    settings = load_settings(path).settings
    assert settings.detector.kind == "haar"
    save_settings(replace(settings, ui=UiSettings(theme="light")), path)
    data = json.loads(path.read_text("utf-8"))
    assert data["future"] == {"a": 1}
    assert data["detector"]["turbo"] == 9
    assert data["ui"]["theme"] == "light"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DetectorSettings(scale_factor=9), "from 1.01 to 2"),
        (lambda: DetectorSettings(kind="dnn"), "yunet, haar"),
        (lambda: DetectorSettings(cascade="cat"), "frontal, alt2, profile"),
        (lambda: CountSettings(decide_threshold=0.2), "from 0.5 to 0.99"),
        (lambda: CountSettings(child_threshold=1.0), "from 0.5 to 0.99"),
        (lambda: SourceSettings(fps=-1), "from 0 to 240 frames per second"),
        (lambda: SourceSettings(speed=0.1), "from 0.25 to 8"),
        (lambda: PlaceSettings("", "line", ((0, 0), (1, 1))), "needs a name"),
        (lambda: PlaceSettings("a", "line", ((0, 0), (0, 0))), "starts where it ends"),
        (lambda: PlaceSettings("a", "zone", ((0, 0), (1, 1))), "3 to 64 points"),
        (lambda: PlaceSettings("a", "line", ((0, 0), (1, 2))), "from 0 to 1"),
        (lambda: Settings(places=(FULL.places[0], FULL.places[0])), "same name"),
    ],
)
def test_absurd_values_are_refused_with_the_range(make, says) -> None:
    with pytest.raises(SettingsError, match=says):
        make()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("rtsp://guard:s3cret@cam.local:554/live", "rtsp://guard@cam.local:554/live"),
        ("rtsp://:pw@cam/1", "rtsp://cam/1"),
        ("http://u:p%40ss@h/x?y=1", "http://u@h/x?y=1"),
        ("http://h/video?user=a&pwd=b&channel=2", "http://h/video?user=a&channel=2"),
        ("https://h/x?access_token=abc#t=3", "https://h/x#t=3"),
        ("https://www.youtube.com/watch?v=abc", "https://www.youtube.com/watch?v=abc"),
        ("http://[::1", "http://"),
        ("C:\\Users\\a@b\\c.mp4", "C:\\Users\\a@b\\c.mp4"),
        ("/videos/a:b@c.mp4", "/videos/a:b@c.mp4"),
        ("camera:0", "camera:0"),
        ("demo", "demo"),
    ],
)
def test_passwords_are_not_kept(text, kept) -> None:
    assert without_password(text) == kept


def test_recent_sources_are_few_newest_first_and_without_passwords(tmp_path) -> None:
    settings = Settings()
    for i in range(20):
        settings = settings.with_recent_source(f"/v/{i}.mp4")
    settings = settings.with_recent_source("rtsp://u:topsecret@c/1").with_recent_source("/v/19.mp4")
    assert settings.source.last == "/v/19.mp4"
    assert settings.source.recent[:2] == ("/v/19.mp4", "rtsp://u@c/1")
    assert len(settings.source.recent) == MAX_RECENT_SOURCES
    path = tmp_path / "s.json"
    save_settings(settings, path)
    assert "topsecret" not in path.read_text("utf-8")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch) -> None:
    path = tmp_path / "settings.json"
    save_settings(FULL, path)
    before = path.read_bytes()

    def no_room(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(OutputError, match="No space left"):
        save_settings(Settings(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be saved"):
        save_settings(Settings(), tmp_path / "file" / "settings.json")


@pytest.mark.skipif(os.name == "nt", reason="POSIX rights")
def test_new_files_get_the_ordinary_rights(tmp_path: Path) -> None:
    plain, ours = tmp_path / "plain", tmp_path / "ours"
    plain.write_text("")
    write_atomically(ours, b"")
    assert ours.stat().st_mode == plain.stat().st_mode


def test_the_defaults_are_those_of_the_counting_itself() -> None:
    """The layers below are tuned; the settings must not quietly overrule what was found best."""
    count, detector = Settings().count, Settings().detector
    counting = CountingSettings()
    assert count.confirm_s == counting.min_span_s
    assert count.lost_s == counting.linger_s
    assert count.returns_minutes * 60 == counting.returns_s
    assert count.decide_threshold == VoteSettings().name_at
    assert count.child_threshold == VoteSettings().child_at
    assert detector.score_threshold == TrackerSettings().sure_score


def test_every_section_can_be_written_and_read() -> None:
    assert {f.name for f in fields(Settings)} == {
        "source", "detector", "count", "places", "doors", "recording", "keep", "reports", "ui", "kiosk", "unknown",
    }  # fmt: skip


def test_settings_of_earlier_versions_are_read_without_complaint_and_left_out_when_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    old = {
        "count": {"mode": "line", "confirm_s": 0.5},
        "ui": {"state": "AAAA", "first_start_done": True, "theme": "dark", "future": 1},
    }
    path.write_text(json.dumps(old), encoding="utf-8")
    loaded = load_settings(path)
    assert loaded.notice == ""
    assert (loaded.settings.count.confirm_s, loaded.settings.ui.theme) == (0.5, "dark")
    written = json.loads(to_json(loaded.settings))
    assert "mode" not in written["count"]
    assert not {"state", "first_start_done"} & set(written["ui"])
    assert written["ui"]["future"] == 1


def test_a_line_belongs_to_the_source_it_was_drawn_on(tmp_path: Path) -> None:
    points = ((0.1, 0.5), (0.9, 0.5))
    door = PlaceSettings("Line 1", "line", points, "camera:Door")
    side = replace(door, source="a.mp4")
    settings = Settings(places=(door, side))
    assert settings.at_source("camera:Door").places == (door,)
    assert settings.at_source("b.mp4").places == ()
    path = tmp_path / "settings.json"
    save_settings(settings, path)
    assert load_settings(path).settings.places == (door, side)
    with pytest.raises(SettingsError, match="same name"):
        Settings(places=(door, replace(side, source="")))


def test_the_settings_in_a_log_tell_what_differs_now() -> None:
    then = replace(Settings(), detector=replace(Settings().detector, kind="haar"), keep=KeepSettings(9))
    lines = as_lines(then)
    assert 'detector.kind="haar"' in lines
    assert differences(lines, then) == []
    assert differences(lines, Settings()) == [Difference("detector", "kind", "haar", "yunet")]
    assert with_lines(Settings(), lines) == replace(then, keep=Settings().keep), "what decides no count is left alone"


@pytest.mark.parametrize(
    "line", ["", "detector.kind", "detector.kind=", "detector.gone=1", "other=2", "count.lost_s=999"]
)
def test_a_line_of_another_version_changes_nothing(line: str) -> None:
    assert with_lines(Settings(), (line,)) == Settings()


def test_every_setting_that_decides_a_count_is_in_its_log() -> None:
    names = {line.partition("=")[0] for line in as_lines(Settings())}
    wanted = {f"{s}.{f.name}" for s in ("detector", "count") for f in fields(getattr(Settings(), s))}
    assert names == wanted
