"""Whether the count waits for anybody who watches or sends, and how fast pictures are answered.

    python -m benchmarks.web load [--seconds 60] [--viewers 200] [--uploads 20]
    python -m benchmarks.web predict [--seconds 15] [--flask]

`load` counts the demo clip (1280x720, 30 frames a second) over and over at its own speed, serves it, and lets another
process watch it with so many browsers' streams and send so many uploads a minute: four pictures, then five seconds of
video. The table says how many frames a second were counted, what the viewers received, and how long uploads took. The
clients run on the same computer. The same run without anybody is the line to compare with; on a busy machine compare
the processor time that the program takes for a counted frame, serving included.

`predict` sends the same 1280x720 picture with five faces (that of `benchmarks.speed`) again and again, two requests at
a time. With `--flask` (needs Flask and TensorFlow) so does a second run to a Flask view as the articles write it: Haar,
then Keras `model.predict` for each face, with the model loaded in the view, and with it loaded once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np

from benchmarks.footage import Scene, portraits
from desktop_app import factory
from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineOptions
from desktop_app.resources import demo_clip
from desktop_app.session.door import Door, RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.session.manager import SessionManager
from desktop_app.settings import Settings
from desktop_app.web.access import Access, Role
from desktop_app.web.context import make_context
from desktop_app.web.live import ManagerCount
from desktop_app.web.serving import ServerThread, listen
from desktop_app.web.settings import WebSettings

REPOSITORY = Path(__file__).resolve().parents[1]
WARM_UP_S = 5.0


class _Frames(RunObserver):
    """Counts analysed frames."""

    def __init__(self) -> None:
        self.count = 0

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        self.count += 1


@dataclass
class Received:
    """What the clients saw. Times in seconds."""

    viewers: int = 0
    events: int = 0
    silent: int = 0
    uploads: list[float] = field(default_factory=list)
    failed: int = 0


# ---- the clients, in a process of their own


async def _watch(url: str, seconds: float, found: Received) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
    writer.write(f"GET /api/v1/live/events HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    deadline, events = time.monotonic() + seconds, 0
    try:
        while (left := deadline - time.monotonic()) > 0:
            line = await asyncio.wait_for(reader.readline(), left)
            if line.startswith(b"data: ") and b'"time"' in line:
                events += 1
    except TimeoutError:
        pass
    finally:
        writer.close()
    found.viewers += 1
    found.events += events
    found.silent += events == 0


async def _send(url: str, seconds: float, a_minute: float, found: Received) -> None:
    picture, clip = _picture(1280), _short_clip()
    async with httpx.AsyncClient(base_url=url, timeout=120.0) as client:
        number, tasks = 0, []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            is_video = number % 5 == 4
            file = ("clip.mp4", clip) if is_video else ("one.jpg", picture)
            tasks.append(asyncio.create_task(_one_upload(client, file, found)))
            number += 1
            await asyncio.sleep(60.0 / a_minute)
        await asyncio.gather(*tasks)


async def _one_upload(client: httpx.AsyncClient, file: tuple[str, bytes], found: Received) -> None:
    began = time.monotonic()
    answer = await client.post("/api/v1/jobs", files={"files": file})
    job = answer.headers.get("location", "")
    while job:
        state = (await client.get(job)).json()["state"]
        if state == "done":
            found.uploads.append(time.monotonic() - began)
            return
        if state in ("failed", "cancelled"):
            break
        await asyncio.sleep(0.5)
    found.failed += 1


async def _clients(url: str, seconds: float, viewers: int, uploads: float) -> Received:
    found = Received()
    work = [_watch(url, seconds, found) for _ in range(viewers)]
    if uploads:
        work.append(_send(url, seconds, uploads, found))
    await asyncio.gather(*work)
    return found


def _picture(width: int) -> bytes:
    clip = cv2.VideoCapture(str(demo_clip()))
    try:
        clip.set(cv2.CAP_PROP_POS_FRAMES, 180)
        frame = clip.read()[1]
    finally:
        clip.release()
    frame = cv2.resize(frame, None, fx=width / 1280, fy=width / 1280, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", frame)[1])


def _five_faces() -> bytes:
    shared = REPOSITORY.parent / "shared"
    frame, _ = Scene(portraits(shared if shared.is_dir() else None, 5)).frame(0)
    return bytes(cv2.imencode(".jpg", frame)[1])


def _short_clip(seconds: float = 5.0) -> bytes:
    source = cv2.VideoCapture(str(demo_clip()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (640, 360))
        for _ in range(int(30 * seconds)):
            writer.write(cv2.resize(source.read()[1], (640, 360)))
        writer.release()
        source.release()
        return path.read_bytes()


# ---- load


def measure_load(seconds: float, viewers: int, uploads: float) -> dict[str, Any]:
    """Count, serve and let clients come; return the figures of one line of the table."""
    frames, following = _Frames(), ManagerCount()
    manager = SessionManager(factory.ProgramServices(), None, [following, frames])
    with tempfile.TemporaryDirectory() as folder:
        settings = WebSettings(upload_folder=Path(folder))
        access = Access(Path(folder) / "tokens.json", open_to=Role.CORRECT)
        context = make_context(settings, access, manager=manager, following=following)
        listening = listen("127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = ServerThread(context, listening)
        server.wait_started()
        run = manager.start(Door("demo", Settings()), EngineOptions(speed=1.0, loop=True))
        try:
            time.sleep(WARM_UP_S)
            command = [sys.executable, "-m", "benchmarks.web", "clients", "--url", url, "--seconds", str(seconds)]
            command += ["--viewers", str(viewers), "--uploads", str(uploads)]
            clients = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            time.sleep(2.0)  # the clients are connected
            began, before, processor = time.monotonic(), frames.count, time.process_time()
            time.sleep(seconds - 4.0)
            took = time.monotonic() - began
            counted = (frames.count - before) / took
            own_ms = 1000 * (time.process_time() - processor) / max(1, frames.count - before)
            output, _ = clients.communicate(timeout=180)
            found = json.loads(output)
        finally:
            run.stop()
            manager.shut_down()
            server.stop()
    sent = found["uploads"]
    return {
        "viewers": found["viewers"],
        "uploads a minute": uploads,
        "frames counted a second (30 asked for)": round(counted, 1),
        "processor time of the program a counted frame": f"{own_ms:.1f} ms",
        "figures a viewer and second": round(found["events"] / max(1, found["viewers"]) / seconds, 2),
        "viewers without any": found["silent"],
        "uploads done, failed": f"{len(sent)}, {found['failed']}",
        "median and longest upload": f"{median(sent):.1f} s, {max(sent):.1f} s" if sent else "",
    }


# ---- predict


@dataclass(frozen=True)
class Rate:
    """Pictures answered a second by the clock, and the milliseconds of processor time that one took the server."""

    a_second: float
    processor_ms: float


def measure_requests(
    ask: Callable[[httpx.Client], httpx.Response],
    url: str,
    seconds: float,
    processor_s: Callable[[], float],
    size: int = 1,
) -> Rate:
    """Ask again and again, two at a time, after requests that warm up; `size` pictures go with each."""
    done = [0, 0]
    is_warm = threading.Barrier(len(done) + 1)
    has_begun = threading.Event()
    until = 0.0

    def work(number: int) -> None:
        with httpx.Client(base_url=url, timeout=120.0) as client:
            for _ in range(2):
                ask(client).raise_for_status()
            is_warm.wait()
            has_begun.wait()
            while time.monotonic() < until:
                ask(client).raise_for_status()
                done[number] += size

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(done))]
    for thread in threads:
        thread.start()
    is_warm.wait()
    began, before = time.monotonic(), processor_s()
    until = began + seconds
    has_begun.set()
    for thread in threads:
        thread.join()
    return Rate(sum(done) / (time.monotonic() - began), 1000 * (processor_s() - before) / sum(done))


def _processor_s_of(pid: int) -> float:
    """Return the seconds of processor time that a process has used. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_predict(seconds: float) -> dict[str, Rate]:
    """Return the rates of our own server: the usual network, the fast one, and 8 pictures a request."""
    picture = _five_faces()
    headers = {"content-type": "image/jpeg"}
    with tempfile.TemporaryDirectory() as folder:
        settings = WebSettings(upload_folder=Path(folder), predictions_a_minute=10**6)
        access = Access(Path(folder) / "tokens.json", open_to=Role.CORRECT)
        listening = listen("127.0.0.1", 0)
        server = ServerThread(make_context(settings, access), listening)
        server.wait_started()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def used_s() -> float:
            # The clients are threads of this process: what they use is in it, too.
            return time.process_time() + sum(_processor_s_of(c.pid) for c in active_children() if c.pid is not None)

        def one(model: str) -> Callable[[httpx.Client], httpx.Response]:
            return lambda client: client.post(f"/api/v1/predict?model={model}", content=picture, headers=headers)

        def eight(client: httpx.Client) -> httpx.Response:
            return client.post("/api/v1/predict", files=[("pictures", (f"{n}.jpg", picture)) for n in range(8)])

        try:
            return {
                "Headcount": measure_requests(one("headcount"), url, seconds, used_s),
                "Headcount fast": measure_requests(one("headcount_fast"), url, seconds, used_s),
                "Headcount, 8 pictures a request": measure_requests(eight, url, seconds, used_s, 8),
            }
        finally:
            server.stop()


def measure_flask(seconds: float) -> dict[str, Rate]:
    """Return the rates of a Flask view with a Keras model, loaded in the view and loaded once."""
    picture = _five_faces()

    def ask(client: httpx.Client) -> httpx.Response:
        return client.post("/predict", files={"picture": ("a.jpg", picture)})

    found = {}
    for how, words in (("each", "in the view"), ("once", "once")):
        command = [sys.executable, "-m", "benchmarks.web", "flask-server", "--load", how]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            while not (line := process.stdout.readline()).startswith("http"):
                if not line:
                    raise RuntimeError("the Flask server did not start")
            used_s = partial(_processor_s_of, process.pid)
            found[f"Flask, model loaded {words}"] = measure_requests(ask, line.strip(), seconds, used_s)
        finally:
            process.kill()
            process.communicate()
    return found


def serve_flask(load: str) -> None:
    """Serve the view of the articles. Does not return."""
    import keras
    from flask import Flask, jsonify, request
    from werkzeug.serving import make_server

    from desktop_app.training.config import load as load_config
    from desktop_app.training.networks import build

    folder = tempfile.mkdtemp()
    path = f"{folder}/model.keras"
    build(load_config("mini_xception")).save(path)  # untrained: its speed does not depend on its weights
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    kept = keras.models.load_model(path) if load == "once" else None
    app = Flask(__name__)

    @app.post("/predict")  # type: ignore[untyped-decorator]  # Flask may not be installed
    def predict() -> Any:
        model = kept if kept is not None else keras.models.load_model(path)
        data = np.frombuffer(request.files["picture"].read(), np.uint8)
        grey = cv2.cvtColor(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2GRAY)
        faces = []
        for x, y, w, h in cascade.detectMultiScale(grey, 1.3, 5):
            crop = cv2.resize(grey[y : y + h, x : x + w], (64, 64)).astype(np.float32)[None, :, :, None] / 255
            answers = model.predict(crop, verbose=0)
            faces.append({"box": [int(v) for v in (x, y, w, h)], "answers": len(answers)})
        return jsonify(faces)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


# ---- the command


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "predict", "clients", "flask-server"))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--uploads", type=float, default=20.0, help="a minute")
    parser.add_argument("--flask", action="store_true", help="measure a Flask view, too")
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--load", default="once", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.what == "clients":
        found = asyncio.run(_clients(args.url, args.seconds, args.viewers, args.uploads))
        print(json.dumps(found.__dict__))
    elif args.what == "flask-server":
        serve_flask(args.load)
    elif args.what == "load":
        for viewers, uploads in ((0, 0.0), (args.viewers, args.uploads)):
            figures = measure_load(args.seconds, viewers, uploads)
            print("; ".join(f"{name}: {value}" for name, value in figures.items()), flush=True)
    else:
        rates = measure_predict(args.seconds)
        if args.flask:
            rates |= measure_flask(args.seconds)
        for name, rate in rates.items():
            print(f"{name}: {rate.a_second:.2f} pictures a second, {rate.processor_ms:.0f} ms of processor time each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
