"""What people send: answers, bad files, progress and cancelling, and that nothing stays."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from desktop_app.domain.events import DoorStarted, Opened
from desktop_app.resources import demo_clip
from tests.patience import PATIENCE_S, eventually
from tests.servers.http_server import TestServer
from tests.store.logs import LogMaker
from tests.web.conftest import SHORT_S, Serve, Served, count_of, count_of_demo, jpeg
from tests.web.test_forms import part

with_children = pytest.mark.allow_threads
"""For tests over the servers of the whole module: child processes for each test would take most of the time."""


@pytest.fixture(scope="module")
def served(serve_all: Serve) -> Served:
    return serve_all(workers=1, most_video_s=SHORT_S, uploads_a_minute=1000)


@pytest.fixture(scope="module")
def fetching(serve_all: Serve) -> Served:
    """A server whose addresses may lead to this computer."""
    return serve_all(allow_private=True, most_video_s=2.0, most_upload_bytes=4_000_000)


def send(served: Served, *files: tuple[str, bytes], **fields: list[str]) -> str:
    """Send files as a job and return its address."""
    parts = [("files", (name, data)) for name, data in files]
    answer = served.client.post("/api/v1/jobs", files=parts, data=fields)
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


def until(served: Served, job: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a job is as wanted, and return it."""
    deadline = time.monotonic() + 2 * PATIENCE_S
    while not condition(found := served.client.get(job).json()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def is_over(job: dict[str, Any]) -> bool:
    return job["state"] not in ("waiting", "running")


def portrait() -> bytes:
    """Return a picture with a face: one of the demo clip's frames."""
    clip = cv2.VideoCapture(str(demo_clip()))
    try:
        clip.set(cv2.CAP_PROP_POS_FRAMES, 60)
        ok, frame = clip.read()
    finally:
        clip.release()
    assert ok
    return bytes(cv2.imencode(".jpg", frame)[1])


@pytest.mark.slow
@with_children
def test_pictures_and_a_video_are_answered_and_nothing_of_them_stays(served: Served) -> None:
    with demo_clip().open("rb") as file:
        clip = file.read()
    job = send(served, ("one.jpg", portrait()), ("empty room.png", jpeg()), ("door.mp4", clip))
    events: list[str] = []
    with served.client.stream("GET", f"{job}/events") as stream:
        events += [line for line in stream.iter_lines() if line.startswith("data: ")]
    assert len(events) > 3, "progress comes while it counts"
    found = served.client.get(job).json()
    assert [i["state"] for i in found["items"]] == ["done"] * 3, found
    one, empty, video = found["items"]
    assert one["people"] == len(one["faces"]) >= 1
    answer = one["faces"][0]["answers"][0]
    assert answer["model"] == "headcount"
    assert answer["appears"] in ("female", "male", "undecided")
    assert 0 <= answer["female"] <= 1
    picture = cv2.imdecode(
        np.frombuffer(served.client.get(one["links"]["picture"]).content, np.uint8), cv2.IMREAD_COLOR
    )
    assert picture is not None
    assert picture.shape[:2] == (one["height"], one["width"])
    assert empty["faces"] == []
    assert empty["omissions"] == ["“empty room.png” is of one colour: nobody can be seen in it."]
    assert one["omissions"] == []
    assert video["totals"] == count_of_demo()
    assert video["seconds"] == pytest.approx(SHORT_S, abs=0.2)
    assert video["omissions"] == ["Only the first 4 s of 30 s were looked at."]
    assert served.client.get(video["links"]["report"]).content.startswith(b"%PDF")
    assert "<svg" in served.client.get(video["links"]["arrivals"]).text
    report = served.client.get(video["links"]["report"].replace(".pdf", ".json")).json()
    assert report["doors"][0]["source"] == "door.mp4"
    assert str(served.uploads) not in str(report), "where it lay here is nobody's business"
    assert eventually(lambda: not [p for p in served.uploads.rglob("*") if p.suffix in (".jpg", ".png", ".mp4")])
    assert served.client.delete(job).status_code == 204
    assert served.client.get(job).status_code == 404


@pytest.mark.slow
@with_children
def test_a_black_video_is_said_to_be_black_by_the_name_it_was_sent_with(served: Served, tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "film.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (160, 120))
    for _ in range(10):
        writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    found = until(served, send(served, ("dark.mp4", (tmp_path / "film.mp4").read_bytes())), is_over)["items"][0]
    assert found["state"] == "done", found
    assert found["omissions"][0].startswith("“dark.mp4” was black throughout: nobody could be seen.")
    report = served.client.get(found["links"]["report"].replace(".pdf", ".json")).json()
    assert "was black" not in str(report).replace("“dark.mp4” was black", "")


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://%s\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile '%s'\n"
SDP = (
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)


@pytest.mark.slow
@with_children
def test_a_bad_file_gets_a_sentence_and_the_others_their_answers(served: Served, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    shutil.copy(demo_clip(), clip)
    inside = os.fsencode(clip)
    bad = [
        ("text.jpg", b"hello, this is no picture"),
        ("cut.jpg", portrait()[:40]),
        ("none.jpg", b""),
        ("page.mp4", b"<!doctype html><p>hello"),
        ("noise.mp4", bytes(range(256)) * 50),
        ("list.mp4", PLAYLIST % inside),
        ("list.m3u8", PLAYLIST % inside),
        ("concat.avi", CONCAT % inside),
        ("session.mp4", SDP),
        ("session.sdp", SDP),
        ("Door 2.TGA", bytes(range(256)) * 50),
        ("bomb.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0" + bytes(30)),
    ]
    job = send(served, *bad, ("one.jpg", portrait()))
    found = until(served, job, is_over)
    for item in found["items"][:-1]:
        assert item["state"] == "failed", item
        assert len(item["sentence"]) > 20, item
        assert str(served.uploads) not in item["sentence"], item
        assert "Traceback" not in item["sentence"], item
    for (name, _), item in zip(bad, found["items"], strict=False):
        assert item["name"] == name.replace("TGA", "tga")
        assert f"“{item['name']}”" in item["sentence"], "it is called as it was sent, with its ending"
    assert found["items"][-1]["state"] == "done"
    assert found["state"] == "done"


@pytest.mark.slow
@with_children
def test_a_job_is_cancelled_while_it_counts_and_the_next_goes_on(serve_all: Serve) -> None:
    served = serve_all(workers=1)  # counts the whole clip: its beginning may be done before it is cancelled
    with demo_clip().open("rb") as file:
        clip = file.read()
    job = send(served, ("a.mp4", clip), ("b.mp4", clip))
    until(served, job, lambda j: bool(j["items"][0]["progress"]))
    page = f"/jobs/{job.rpartition('/')[2]}"
    assert served.client.get(page).text.count("Cancel this one") == 2
    cancelled = served.client.post(f"{page}/items/0/cancel")
    assert (cancelled.status_code, cancelled.headers["location"]) == (303, f"{page}#item-0")
    assert served.client.post(f"{page}/items/7/cancel").status_code == 404
    found = until(served, job, lambda j: bool(j["items"][1]["progress"]))
    assert found["items"][0]["state"] == "cancelled"
    assert served.client.delete(f"{job}/items/1").status_code == 204
    assert served.client.get(job).json()["items"][1]["state"] == "cancelled"
    assert served.client.delete(job).status_code == 204
    assert served.client.get(job).status_code == 404
    second = send(served, ("one.jpg", portrait()))
    assert until(served, second, is_over)["items"][0]["state"] == "done"


@pytest.mark.slow
@with_children
def test_two_models_are_asked_about_the_same_faces(served: Served) -> None:
    names = ["headcount", "headcount_fast"]
    found = until(served, send(served, ("one.jpg", portrait()), models=names), is_over)
    for face in found["items"][0]["faces"]:
        assert [a["model"] for a in face["answers"]] == names
    answer = served.client.post("/api/v1/jobs", files={"files": ("a.jpg", jpeg())}, data={"models": ["nonsense"]})
    assert answer.status_code == 422
    assert "headcount" in answer.json()["detail"]


@pytest.mark.slow
@with_children
def test_the_address_of_a_picture_is_fetched_only_where_it_may_lead(
    served: Served, fetching: Served, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "one.jpg").write_bytes(portrait())
    web = TestServer(root=pictures)
    try:
        address = f"{web.url}/one.jpg"
        refused = until(served, send_addresses(served, address), is_over)["items"][0]
        assert refused["state"] == "failed"
        assert "private network" in refused["sentence"]
        assert web.requests == []
        done = until(fetching, send_addresses(fetching, address), is_over)["items"][0]
        assert done["state"] == "done", done
        assert done["people"] >= 1
    finally:
        web.kill()


@pytest.mark.slow
@with_children
def test_what_lies_at_an_address_is_counted_whatever_it_is_and_does_not_stay(fetching: Served, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    shutil.copy(demo_clip(), files / "door.mp4")
    shutil.copy(demo_clip(), files / "without a name")
    (files / "page.html").write_text("\n<!doctype html><title>A page</title>")
    (files / "large.jpg").write_bytes(jpeg() + bytes(5_000_000))
    web = TestServer(root=files)
    try:
        names = ("door.mp4", "without%20a%20name", "page.html", "large.jpg")
        found = until(fetching, send_addresses(fetching, *(f"{web.url}/{name}" for name in names)), is_over)["items"]
        for video in found[:2]:
            assert video["state"] == "done", video
            assert video["totals"] == count_of_demo(limit_s=2.0)
            assert video["omissions"] == ["Only the first 2 s of 30 s were looked at."]
        assert "is a page, and no picture or video" in found[2]["sentence"]
        assert "(over 4 MB)" in found[3]["sentence"]
        report = fetching.client.get(found[0]["links"]["report"].replace(".pdf", ".json")).json()
        assert report["doors"][0]["source"] == "door.mp4"
        assert str(fetching.uploads) not in str(found)
        assert eventually(lambda: not [p for p in fetching.uploads.rglob("*") if p.suffix not in ("", ".lock")])
    finally:
        web.kill()


def send_addresses(served: Served, *addresses: str) -> str:
    answer = served.client.post("/api/v1/jobs", files={"address": (None, "\n".join(addresses))})
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


@with_children
@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://x.example/a.jpg", "javascript:alert(1)", "http://", "http://[::"]
)
def test_an_address_that_is_none_is_refused_at_once(served: Served, address: str) -> None:
    answer = served.client.post("/api/v1/jobs", files={"address": (None, address)})
    assert answer.status_code == 422
    assert answer.json()["title"]


@pytest.mark.slow
@with_children
def test_predict_answers_one_picture_and_many(served: Served) -> None:
    one = served.client.post("/api/v1/predict", content=portrait(), headers={"content-type": "image/jpeg"}).json()
    parts = [
        ("pictures", ("a.jpg", portrait())),
        ("pictures", ("b.txt", b"no picture")),
        ("pictures", ("c.jpg", jpeg())),
    ]
    many = served.client.post("/api/v1/predict", files=parts, params={"model": ["headcount", "headcount_fast"]}).json()
    assert one["models"] == ["headcount"]
    first, second, third = many["pictures"]
    assert first["faces"][0]["answers"][0] == one["pictures"][0]["faces"][0]["answers"][0]
    assert len(first["faces"][0]["answers"]) == 2
    assert second["error"]
    assert (third["faces"], third["error"]) == ([], "")
    assert third["omissions"] == ["“c.jpg” is of one colour: nobody can be seen in it."]
    assert first["omissions"] == []
    nothing = served.client.post("/api/v1/predict", files={"x": (None, "y")})
    assert nothing.status_code == 422


def test_pictures_that_are_sent_and_not_ended_take_a_bounded_part_of_memory(serve: Serve) -> None:
    served = serve(most_held_bytes=250_000, most_upload_bytes=200_000)
    head = b"POST /api/v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 150000\r\nContent-Type: "
    kinds = (b"image/jpeg", b"Multipart/Form-Data; boundary=frontier")
    begun = [socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) for _ in kinds]
    for connection, kind in zip(begun, kinds, strict=True):
        connection.sendall(head + kind + b"\r\n\r\n" + part("p", b"x" * 100_000, "a.jpg"))
    held = served.context.held
    assert eventually(lambda: held._held >= 200_000)
    answer = served.client.post("/api/v1/predict", content=b"x" * 100_000)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    for connection in begun:
        connection.close()
    assert eventually(lambda: held._held == 0)
    with held.share() as take:
        take(250_000)


@pytest.mark.slow
@with_children
def test_requests_that_come_at_once_are_all_answered(served: Served) -> None:
    picture = portrait()

    def ask(_: int) -> list[dict[str, Any]]:
        headers = {"content-type": "image/jpeg"}
        answer = served.client.post("/api/v1/predict", content=picture, headers=headers, timeout=2 * PATIENCE_S)
        assert answer.status_code == 200, answer.text
        pictures: list[dict[str, Any]] = answer.json()["pictures"]
        return pictures

    with ThreadPoolExecutor(6) as askers:
        answers = list(askers.map(ask, range(12)))
    assert answers[0][0]["faces"]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.slow
@with_children
def test_a_kept_count_is_made_again_from_its_file_and_kept_beside_it(
    served: Served, tmp_path: Path, short_clip: Path
) -> None:
    clip = tmp_path / "door.mp4"
    shutil.copy(short_clip, clip)
    first = LogMaker(session="first")
    first.add(Opened(0.0, "Fair"), "")
    first.add(DoorStarted(0.0, str(clip), first.utc, "operator"))
    first.people(3)
    assert served.store is not None
    served.store.append(first.entries)
    assert served.store.flush(PATIENCE_S)
    wanted = {"session": "first", "model": "headcount_fast", "keep": True}
    answer = served.client.post("/api/v1/recounts", json=wanted, headers={"idempotency-key": "r"})
    assert answer.status_code == 202, answer.text
    again = served.client.post("/api/v1/recounts", json=wanted, headers={"idempotency-key": "r"})
    assert again.headers["location"] == answer.headers["location"]
    item = until(served, answer.headers["location"], is_over)["items"][0]
    assert item["state"] == "done", item
    assert item["before"]["people"] == 3
    totals, changes = item["totals"], item["changes"]
    assert sum(changes.values()) - changes["only_before"] == totals["people"] >= 2
    assert sum(changes.values()) - changes["only_now"] == 3
    everybody: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        asked = {"everybody": True, "limit": 2} | ({"cursor": page["next"]} if page["next"] else {})
        page = served.client.get(item["links"]["people"], params=asked).json()
        everybody += page["people"]
    assert len(everybody) == sum(changes.values())
    assert [p["second"] for p in everybody] == sorted(p["second"] for p in everybody)
    assert sum(p["now"] is not None for p in everybody) == totals["people"]
    changed = served.client.get(item["links"]["people"], params={"limit": 1000}).json()["people"]
    assert changed == [p for p in everybody if p["change"] != "same"]
    assert served.client.get(item["links"]["people"], params={"cursor": "x"}).status_code == 422
    assert item["totals"] == count_of(short_clip, "headcount_fast", None), "the operator's own file is counted whole"
    assert SHORT_S < 4.8 < item["seconds"]
    kept = served.client.get("/api/v1/sessions").json()["sessions"]
    assert sorted(s["totals"]["people"] for s in kept) == sorted([3, item["totals"]["people"]])
    again_at = next(s["opened"] for s in kept if s["id"] != "first")
    intervals = served.client.get(
        f"/api/v1/sessions/{next(s['id'] for s in kept if s['id'] != 'first')}/totals?resolution=minute"
    ).json()["intervals"]
    assert datetime.fromisoformat(intervals[0]["start"]).timestamp() == pytest.approx(first.utc, abs=60), again_at
    assert clip.exists(), "the file is the operator's own"


def test_what_cannot_be_counted_again_is_said(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    camera = served.client.post("/api/v1/recounts", json={"session": "fair"})
    assert (camera.status_code, camera.json()["title"]) == (
        409,
        "“camera 0” was not counted from a video file.",
    )
    assert served.client.post("/api/v1/recounts", json={"session": "nothing"}).status_code == 404
    assert served.client.post("/api/v1/recounts", json={"session": "fair", "model": "x"}).status_code == 422


def test_too_many_waiting_are_told_to_come_back_and_leave_no_file(serve: Serve, tmp_path: Path) -> None:
    served = serve(most_waiting=1)
    parts = [("files", (f"{n}.jpg", jpeg())) for n in range(5)]
    answer = served.client.post("/api/v1/jobs", files=parts)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert not list((tmp_path / "uploads").rglob("*.jpg"))


def test_uploads_are_limited_by_rate(serve: Serve) -> None:
    served = serve(uploads_a_minute=2)
    statuses = [served.client.post("/api/v1/jobs", files={"x": (None, "")}).status_code for _ in range(4)]
    assert statuses[:2] == [422, 422]
    assert statuses[2:] == [429, 429]


@pytest.mark.slow
@with_children
def test_an_upload_sent_again_with_its_key_is_one_job(served: Served) -> None:
    def sent(name: str, data: bytes) -> httpx.Response:
        # As curl and others do, httpx puts another boundary between the parts each time.
        return served.client.post(
            "/api/v1/jobs", files={"files": (name, data)}, headers={"idempotency-key": "upload-1"}
        )

    first, again = sent("a.jpg", jpeg()), sent("a.jpg", jpeg())
    assert first.headers["location"] == again.headers["location"]
    assert sent("b.jpg", jpeg()).status_code == 422
    assert sent("a.jpg", jpeg(321)).status_code == 422
    until(served, first.headers["location"], is_over)
    served.client.delete(first.headers["location"])
    forgotten = sent("a.jpg", jpeg())
    assert forgotten.status_code == 410
    assert "new Idempotency-Key" in forgotten.json()["detail"]
