from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from desktop_app import __version__, factory
from desktop_app.cli import main as cli
from desktop_app.cli.count import parse_place
from desktop_app.cli.output import duration_text
from desktop_app.domain.events import AgendaSet, Counted, FileWritten
from desktop_app.errors import SettingsError
from desktop_app.resources import demo_clip
from desktop_app.sources.detached import DetachedReader, wait_for_detached
from desktop_app.store.files import default_folder
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.store import Store
from tests.engine.fakes import CountingPipeline, HungSource, ListSource
from tests.patience import HANGS_S, PATIENCE_S, eventually

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def fake_pipeline(monkeypatch) -> list:
    """Counts one woman every fifth frame; the settings it was built with are noted."""
    built: list = []

    def build(settings):
        built.append(settings)
        return CountingPipeline()

    monkeypatch.setattr(factory, "build_pipeline", build)
    return built


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """One second of video without anybody in it."""
    path = tmp_path_factory.mktemp("clips") / "klein é.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (160, 120))
    for i in range(25):
        picture = np.full((120, 160, 3), 5 * i, np.uint8)
        picture += np.arange(160, dtype=np.uint8)[None, :, None] // 2
        writer.write(picture)
    writer.release()
    return path


def test_one_source_gives_an_object_a_table_and_rows(tmp_path, clip, fake_pipeline, capsys) -> None:
    out, rows = tmp_path / "o.json", tmp_path / "o.csv"
    assert cli.main(["count", str(clip), "--json", str(out), "--csv", str(rows)]) == 0
    data = json.loads(out.read_text("utf-8"))
    assert data["source"] == str(clip)
    assert data["frames"] == 25
    assert data["duration_s"] == pytest.approx(1.0, abs=0.05)
    assert data["totals"] == {"people": 5, "female": 5, "male": 0, "undecided": 0}
    assert data["age_bands"]["20-29"] == 5
    assert data["complete"] is True
    assert data["error"] is None
    assert len(data["people"]) == 5
    person = data["people"][0]
    assert set(person) >= {"id", "first_seen_s", "last_seen_s", "gender", "probability", "age"}
    assert (person["id"], person["gender"], person["probability"], person["age"]) == (1, "female", 0.9, 25.0)
    table = list(csv.DictReader(io.StringIO(rows.read_text("utf-8"))))
    assert [r["id"] for r in table] == ["1", "2", "3", "4", "5"]
    assert {r["source"] for r in table} == {str(clip)}
    printed = capsys.readouterr().out
    assert "Appears female" in printed
    assert clip.name in printed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o.csv", "o.json"]


def test_several_sources_give_a_list_each_counted_on_its_own(tmp_path, clip, fake_pipeline, capsys) -> None:
    out = tmp_path / "o.json"
    assert cli.main(["count", str(clip), str(clip), "--json", str(out)]) == 0
    data = json.loads(out.read_text("utf-8"))
    assert [d["totals"]["people"] for d in data] == [5, 5]
    assert "All sources" in capsys.readouterr().out
    assert len(fake_pipeline) == 1


def test_a_source_that_fails_is_named_and_the_others_are_counted(tmp_path, clip, fake_pipeline, capsys) -> None:
    out = tmp_path / "o.json"
    assert cli.main(["count", "no such file.mp4", str(clip), "--json", str(out)]) == 3
    first, second = json.loads(out.read_text("utf-8"))
    assert "does not exist" in first["error"]
    assert not first["complete"]
    assert second["totals"]["people"] == 5
    assert "no such file.mp4" in capsys.readouterr().err


def test_a_source_lost_half_way_keeps_its_count(tmp_path, fake_pipeline, monkeypatch, capsys) -> None:
    monkeypatch.setattr(factory, "open_source", lambda *_: ListSource(100, fail_at=52))
    out = tmp_path / "o.json"
    assert cli.main(["count", "rtsp://u:pw@cam/1", "--json", str(out)]) == 3
    data = json.loads(out.read_text("utf-8"))
    assert data["totals"]["people"] == 10
    assert "unplugged" in data["error"]
    assert data["source"] == "rtsp://u@cam/1"
    captured = capsys.readouterr()
    assert "pw@" not in captured.out + captured.err
    assert "Not complete" in captured.out


def test_results_to_standard_output_leave_the_table_to_standard_error(clip, fake_pipeline, capsys) -> None:
    assert cli.main(["count", str(clip), "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["frames"] == 25
    assert "Appears female" in captured.err


def test_limit_every_and_quiet(tmp_path, clip, fake_pipeline, capsys) -> None:
    out = tmp_path / "o.json"
    arguments = ["count", str(clip), "--json", str(out), "--limit", "0.6", "--every", "0.2"]
    assert cli.main(arguments) == 0
    data = json.loads(out.read_text("utf-8"))
    assert data["frames"] == 15
    assert [round(p["time_s"], 2) for p in data["series"]] == [0.2, 0.4]
    assert "people 1" in capsys.readouterr().err
    assert cli.main([*arguments, "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_options_become_settings(clip, fake_pipeline) -> None:
    options = ["--detector", "haar", "--returns", "5", "--min-face", "0.1", "--interval", "0", "--quiet"]
    places = ["--line", "door:0.1,0.5,0.9,0.5", "--zone", "0,0,1,0,1,1", "--staff-zone", "till:0,0,.1,0,.1,.1"]
    assert cli.main(["count", str(clip), *options, *places]) == 0
    settings = fake_pipeline[0]
    assert (settings.detector.kind, settings.detector.min_face_share, settings.detector.interval_s) == ("haar", 0.1, 0)
    assert settings.count.returns_minutes == 5
    assert [(p.name, p.kind, len(p.points)) for p in settings.places] == [
        ("door", "line", 2), ("zone 1", "zone", 3), ("till", "staff", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "factor", "neighbours", "cascade"),
    [("1.3,5,frontal", 1.3, 5, "frontal"), ("1.05, 3, profile", 1.05, 3, "profile"), ("1.2", 1.2, 5, "frontal")],
)
def test_a_haar_cascade_is_set_as_the_articles_set_it(
    clip, fake_pipeline, text: str, factor: float, neighbours: int, cascade: str
) -> None:
    assert cli.main(["count", str(clip), "--haar", text, "--min-face", "0.1", "--quiet"]) == 0
    chosen = fake_pipeline[0].detector
    assert (chosen.kind, chosen.scale_factor, chosen.min_neighbors, chosen.cascade, chosen.min_face_share) == (
        "haar", factor, neighbours, cascade, 0.1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["count"], 2, "No source was given"),
        (["count", "CLIP", "--haar", "fast"], 5, "like 1.3,5,frontal"),
        (["count", "CLIP", "--haar", "1.3,5,frontal,9"], 5, "like 1.3,5,frontal"),
        (["count", "CLIP", "--haar", "1.3,5,back"], 5, "frontal, alt2, profile"),
        (["count", "CLIP", "--haar", "9,5"], 5, "from 1.01 to 2"),
        (["count", "CLIP", "--detector", "magic"], 2, "invalid choice"),
        (["count", "CLIP", "--limit", "soon"], 2, "invalid float"),
        (["count", "CLIP", "--limit", "0"], 2, "--limit"),
        (["count", "CLIP", "--every", "-1"], 2, "--every"),
        (["count", "CLIP", "--returns", "-5"], 5, "from 0 to 120 minutes"),
        (["count", "CLIP", "--min-face", "3"], 5, "from 0.01 to 0.9"),
        (["count", "CLIP", "--line", "door:1,2,3"], 5, "was not understood"),
        (["count", "CLIP", "--line", "door:0,0,1"], 5, "was not understood"),
        (["count", "CLIP", "--line", "door:0,0,5,1"], 5, "from 0 to 1"),
        (["count", "CLIP", "--model", "no such"], 4, "no model called"),
        (["count", "CLIP", "--csv", "DIR/missing/o.csv"], 6, "does not exist"),
        (["count", "CLIP", "--json", "DIR"], 6, "is a folder"),
        (["count", "CLIP", "--annotated", "DIR/o.avi"], 2, "must end in .mp4"),
        (["count", "CLIP", "CLIP", "--annotated", "DIR/o.mp4"], 2, "one source"),
        (["count", "CLIP", "--csv", "DIR/o", "--json", "DIR/o"], 2, "same place"),
        (["count", "CLIP", "--csv", "DIR/o", "--json", "DIR/./o"], 2, "same place"),
        (["count", "CLIP", "--csv", "-", "--json", "-"], 2, "same place"),
        (["count", "CLIP", "--csv", "CLIP"], 2, "is what is to be counted"),
        (["count", "file://CLIP", "--json", "CLIP"], 2, "is what is to be counted"),
        (["count", "demo", "--json", "DEMO"], 2, "is what is to be counted"),
        (["compare", "CLIP", "--models", "headcount,hog", "--limit", "0.3", "--json", "CLIP"], 2, "to be counted"),
        (["compare", "CLIP", "--models", "headcount,hog", "--csv", "DIR/o", "--json", "DIR/../DIR_NAME/o"], 2, "same"),
        (["compare", "CLIP", "--models", "headcount,hog", "--limit", "-3"], 2, "--limit cannot be -3"),
        (["count", "CLIP", "--limit", "-1"], 2, "--limit cannot be -1"),
        (["count", "CLIP", "--limit", "nan"], 2, "--limit cannot be nan"),
        (["count", ""], 3, "headcount: No source was given."),
        (["count", "DIR/nothing.mp4"], 3, "does not exist"),
        (["--nonsense"], 2, "unrecognized arguments"),
    ],
)
def test_what_is_wrong_is_said_before_the_counting(tmp_path, clip, capsys, arguments, code, says) -> None:
    before = clip.read_bytes()
    words = {"CLIP": str(clip), "DEMO": str(demo_clip()), "DIR_NAME": tmp_path.name, "DIR": str(tmp_path)}
    filled = list(arguments)
    for word, meant in words.items():
        filled = [a.replace(word, meant) for a in filled]
    assert cli.main(filled) == code
    captured = capsys.readouterr()
    assert says in captured.err
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []
    assert clip.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="making links takes rights on Windows")
def test_no_link_leads_a_result_over_the_video_or_over_another_result(tmp_path, clip, capsys) -> None:
    video, folder = tmp_path / "v.avi", tmp_path / "also here"
    video.write_bytes(clip.read_bytes())
    folder.symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "hard.avi").hardlink_to(video)
    for command in (["count", str(video)], ["compare", str(video), "--models", "headcount,hog"]):
        for other_name in (folder / "v.avi", tmp_path / "hard.avi"):
            assert cli.main([*command, "--json", str(other_name)]) == 2
            assert "is what is to be counted" in capsys.readouterr().err
        assert cli.main([*command, "--json", str(tmp_path / "o"), "--csv", str(folder / "o")]) == 2
        assert "same place" in capsys.readouterr().err
    assert video.read_bytes() == clip.read_bytes()


def test_a_result_never_replaces_a_picture_of_the_folder_that_is_counted(tmp_path, fake_pipeline, capsys) -> None:
    picture = tmp_path / "a.png"
    assert cv2.imwrite(str(picture), np.zeros((64, 64, 3), np.uint8))
    before = picture.read_bytes()
    assert cli.main(["count", str(tmp_path), "--json", str(picture)]) == 2
    assert "is what is to be counted" in capsys.readouterr().err
    assert picture.read_bytes() == before
    result = tmp_path / "result.json"
    result.write_text("of last time")
    assert cli.main(["count", str(tmp_path), "--json", str(result), "--quiet"]) == 0
    assert json.loads(result.read_text("utf-8"))["complete"] is True


def test_the_annotated_video_has_every_frame(tmp_path, clip, fake_pipeline) -> None:
    video = tmp_path / "o.mp4"
    assert cli.main(["count", str(clip), "--annotated", str(video), "--quiet"]) == 0
    capture = cv2.VideoCapture(str(video))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 25
    assert capture.get(cv2.CAP_PROP_FPS) == 25
    assert [p.name for p in tmp_path.iterdir()] == ["o.mp4"]


@pytest.mark.allow_error_log
def test_a_bug_of_ours_is_called_one_and_goes_into_the_log(clip, monkeypatch, capsys, caplog) -> None:
    def build(_settings):
        raise ZeroDivisionError

    monkeypatch.setattr(factory, "build_pipeline", build)
    assert cli.main(["count", str(clip)]) == 70
    assert "mistake of its own" in capsys.readouterr().err
    (record,) = [r for r in caplog.records if r.levelname == "CRITICAL"]
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.skipif(os.name == "nt", reason="uses POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_prints_and_writes_what_was_counted_even_if_the_source_hangs(
    tmp_path, monkeypatch, capsys, number, code
) -> None:
    source, pipeline = HungSource("read"), CountingPipeline()
    monkeypatch.setattr(factory, "build_pipeline", lambda _settings: pipeline)
    before = signal.getsignal(signal.SIGINT)  # ignored, where the tests run as a background job
    monkeypatch.setattr(factory, "open_source", lambda *_: DetachedReader(source))
    out = tmp_path / "o.json"

    def interrupt() -> None:
        assert source.hanging.wait(PATIENCE_S)
        assert eventually(lambda: len(pipeline.times) == 2)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=interrupt)
    sender.start()
    started = time.monotonic()
    assert cli.main(["count", "rtsp://cam", "never reached.mp4", "--json", str(out)]) == code
    assert time.monotonic() - started < HANGS_S / 2
    sender.join()
    source.let_go.set()
    assert wait_for_detached(PATIENCE_S)
    data = json.loads(out.read_text("utf-8"))
    assert data["frames"] == 2
    assert data["complete"] is False
    assert "Stopped early" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def test_version_cameras_and_models(capsys) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"headcount {__version__}\n"
    assert cli.main(["cameras"]) == 0
    assert "amera" in capsys.readouterr().out
    assert cli.main(["models"]) == 0
    assert "headcount" in capsys.readouterr().out
    assert cli.main(["--help"]) == 0
    assert "count" in capsys.readouterr().out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize("arguments", [[], ["visitors.mp4"], ["window", "visitors.mp4"]])
def test_without_a_display_it_says_how_to_count(monkeypatch, capsys, arguments) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(arguments) == 1
    wanted = "headcount count " + (arguments[-1] if arguments else "SOURCE")
    assert wanted in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "name"), [("a:0,0,1,1", "a"), ("0,0,1,1", "line 3"), ("Tür: Süd:0,0,1,1", "Tür: Süd")]
)
def test_a_place_may_have_a_name(text, name) -> None:
    assert parse_place(text, "line", 3).name == name


def test_a_place_without_numbers_is_refused() -> None:
    with pytest.raises(SettingsError, match="like entrance"):
        parse_place("door", "line", 1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (65, "1 min 05 s"), (3599.6, "1 h 00 min"), (7380, "2 h 03 min")],
)
def test_durations_read_well(seconds, text) -> None:
    assert duration_text(seconds) == text


@pytest.mark.slow
def test_the_real_pipeline_counts_a_real_clip_the_same_each_time(shared_clips, tmp_path) -> None:
    """Through the real command, in a process of its own: the whole way from the file to the JSON."""
    source = shared_clips / "intel_walk_and_pause_1m2f.gif"
    results = []
    for i in range(2):
        out = tmp_path / f"{i}.json"
        done = subprocess.run(
            [sys.executable, "main.py", "count", str(source), "--json", str(out)],
            cwd=REPOSITORY, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "Appears female" in done.stdout
        assert "INFO" not in done.stderr
        results.append(json.loads(out.read_text("utf-8")))
    assert results[0] == results[1]
    totals = results[0]["totals"]
    assert totals["people"] == totals["female"] + totals["male"] + totals["undecided"] == len(results[0]["people"]) == 3
    assert results[0]["frames"] == 41


def test_an_empty_scene_gives_nobody(clip, tmp_path) -> None:
    out = tmp_path / "o.json"
    assert cli.main(["count", str(clip), "--json", str(out), "--quiet"]) == 0
    data = json.loads(out.read_text("utf-8"))
    assert data["totals"]["people"] == 0
    assert data["people"] == []
    assert data["frames"] == 25


def test_files_given_without_a_command_go_to_the_window(monkeypatch) -> None:
    opened: list[list[str]] = []
    monkeypatch.setitem(
        sys.modules, "desktop_app.app", SimpleNamespace(main=lambda sources: opened.append(sources) or 0)
    )
    monkeypatch.setattr("desktop_app.app", sys.modules["desktop_app.app"], raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert cli.main(["a.mp4", "b c.mp4"]) == 0
    assert cli.main([]) == 0
    assert cli.main(["window", "demo"]) == 0
    assert opened == [["a.mp4", "b c.mp4"], [], ["demo"]]


# ---------------------------------------------------------------------------------------- every count is kept


def _kept() -> list[SessionInfo]:
    store = Store.open(default_folder(), read_only=True)
    return store.sessions()


def test_every_source_is_kept_as_a_session_of_its_own(clip, fake_pipeline) -> None:
    arguments = ["count", str(clip), str(clip), "--quiet", "--place", "Hall 3", "--began", "2026-05-12T09:00+02:00"]
    assert cli.main(arguments) == 0
    assert cli.main(["count", str(clip), "--quiet", "--session", "Fair"]) == 0
    assert [(s.name, s.place, s.people, s.is_open) for s in _kept()] == [
        ("Fair", "", 5, False),
        (clip.name, "Hall 3", 5, False),
        (clip.name, "Hall 3", 5, False),
    ]
    store = Store.open(default_folder(), read_only=True)
    entries = list(store.entries(_kept()[-1].id))
    began = datetime(2026, 5, 12, 7, 0, tzinfo=UTC).timestamp()
    counted = [e for e in entries if isinstance(e.event, Counted)]
    assert [e.utc for e in counted] == pytest.approx([began + e.event.time_s for e in counted])


def test_a_count_that_is_to_be_forgotten_leaves_nothing(clip, fake_pipeline) -> None:
    assert cli.main(["count", str(clip), "--quiet", "--forget"]) == 0
    assert not default_folder().exists()


def test_a_time_that_was_not_understood_is_refused(clip, capsys) -> None:
    assert cli.main(["count", str(clip), "--began", "yesterday"]) == 2
    assert "2026-05-12T09:00" in capsys.readouterr().err


def test_a_count_beside_the_window_is_kept_too(clip, fake_pipeline) -> None:
    window = Store.open(default_folder())
    assert cli.main(["count", str(clip), "--quiet", "--session", "Beside"]) == 0
    assert window.close(PATIENCE_S)
    again = Store.open(default_folder())
    assert eventually(again.sessions)
    assert [s.name for s in again.sessions()] == ["Beside"]
    assert again.close(PATIENCE_S)


LIVE = """
import sys
from desktop_app import factory
from desktop_app.cli.main import main
from desktop_app.sources.detached import DetachedReader
from desktop_app.store.files import default_folder
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.store import Store
from tests.engine.fakes import CountingPipeline, ListSource
factory.build_pipeline = lambda settings: CountingPipeline()
factory.open_source = lambda *_: DetachedReader(ListSource(10**9, fps=100, live=True))
sys.exit(main(["count", "rtsp://cam", "--quiet", "--session", "Live"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="uses POSIX signals")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_a_live_count_is_kept_whatever_ends_it(number, code) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LIVE], cwd=REPOSITORY, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 2 * PATIENCE_S
        people = 0
        while people < 30:
            assert time.monotonic() < deadline
            time.sleep(0.2)
            if (default_folder() / "counts.sqlite3").exists():
                store = Store.open(default_folder(), read_only=True)
                people = sum(isinstance(e.event, Counted) for s in store.sessions() for e in store.entries(s.id))
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code, errors
    assert b"Traceback" not in errors
    store = Store.open(default_folder(), read_only=True)
    (session,) = store.sessions()
    entries = list(store.entries(session.id))
    assert sum(isinstance(e.event, Counted) for e in entries) >= people
    assert session.is_open is (number == signal.SIGKILL), "only a killed count is offered for continuation"


def test_the_programme_and_the_files_written_are_kept_with_the_count(tmp_path, clip, fake_pipeline, capsys) -> None:
    command = ["count", str(clip), "--csv", str(tmp_path / "o.csv"), "--began", "2026-05-12T09:00", "--quiet"]
    assert cli.main([*command, "--agenda", "keynote 09:00-10:00", "--agenda", "late 23:00-23:30"]) == 0
    assert "“late”" in capsys.readouterr().err
    store = Store.open(default_folder(), read_only=True)
    events = [e.event for e in store.entries(store.sessions()[0].id)]
    assert [e.what for e in events if isinstance(e, FileWritten)] == ["table"]
    (agenda,) = [e for e in events if isinstance(e, AgendaSet)]
    assert [item.split(" ", 1)[1] for item in agenda.items] == ["keynote", "late"]
    assert cli.main([*command, "--agenda", "nonsense"]) == 5
    assert "was not understood" in capsys.readouterr().err


@pytest.mark.slow
def test_a_result_that_was_held_for_us_is_let_go_at_the_end(tmp_path: Path) -> None:
    script = f"from desktop_app.cli.checks import check_outputs; check_outputs([], [{str(tmp_path / 'people.csv')!r}])"
    ended = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", script],
        cwd=REPOSITORY,
        env={**os.environ, "HEADCOUNT_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    assert list((tmp_path / "data" / "locks").iterdir())
