"""Checks that a frozen program works: python smoke_test.py PROGRAM [--truth FILE]

Needs nothing but Python's own library, and keeps away from the settings and counts of the person who runs it. The
program says its version, lists its models, refuses a file that is not there in one plain sentence, counts the demo
clip as the clip's truth says, counts it again and finds no difference, and finds none either when it counts it as one
of many files. It compares two of its models on that clip: both judge everybody counted. It writes the report of the
count, which agrees with the count, and a sign for the door, and keeps what was counted when it is killed. It serves:
pages come, and the clip is counted once more through the API. Exits with 1 and a sentence where one of these fails.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEOPLE_OFF, GENDER_OFF = 1, 2
"""How far the count of the demo clip's ten entries, and the labels of either gender, may be from the truth."""


def run(command: list[str], expected: int = 0) -> str:
    """Run `command` and return what it printed. Raises SystemExit if it ends with another code, or hangs."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != expected:
        raise SystemExit(f"{command[1:]} ended with {done.returncode}, not {expected}:\n{done.stdout}{done.stderr}")
    if "Traceback" in done.stderr:
        raise SystemExit(f"{command[1:]} printed a traceback:\n{done.stderr}")
    return done.stdout + done.stderr


def check_totals(totals: dict[str, int], truth: dict[str, int]) -> None:
    """Raises SystemExit where the totals of the demo clip are not what its truth says."""
    if abs(totals["people"] - truth["appearances"]) > PEOPLE_OFF:
        raise SystemExit(f"the demo clip shows {truth['appearances']} entries, and the count is {totals}")
    for gender in ("female", "male"):
        true = truth[f"appearances_{gender}"]
        # "Undecided" is not a wrong label: the person may be either.
        if totals[gender] > true + GENDER_OFF or totals[gender] + totals["undecided"] < true - GENDER_OFF:
            raise SystemExit(f"the demo clip shows {true} {gender}, and the count is {totals}")


def model_names(listing: str) -> list[str]:
    """Return the names in the first of the two columns that `headcount models` prints, above a sentence."""
    return re.findall(r"^(\S+) {2,}\S", listing, re.MULTILINE)


def check_comparison(report: dict[str, Any], names: Sequence[str], people: int) -> None:
    """Raises SystemExit where a report of `headcount compare` has not every model's answer on each of `people`."""
    if [model["model"] for model in report["models"]] != list(names) or not report["complete"]:
        raise SystemExit(f"{names} were to be compared, and the report is on {report['models']}")
    if len(report["people"]) != people:
        raise SystemExit(f"the count has {people} people, and the comparison {len(report['people'])}")
    for model in report["models"]:
        # A model that fails on the way judges no further faces, and leaves everybody undecided.
        if not model["faces"] or sum(model["totals"].values()) != people or model["totals"]["undecided"] == people:
            raise SystemExit(f"{model['model']} did not judge the people of the demo clip: {model}")


NO_DIFFERENCE = "Another gender: 0. Another age: 0. Only before: 0. Only now: 0."


def check_kept_count(program: str, folder: Path) -> None:
    """Raises SystemExit where the newest kept count cannot be counted again, or handed on."""
    told = run([program, "recount", "last"])
    if NO_DIFFERENCE not in told:
        raise SystemExit(f"two counts of the same file differ:\n{told}")
    kinds = ("pdf", "xlsx", "csv", "json", "svg", "png")
    written = ["--out", str(folder), "--name", "report", "--receipt"]
    run([program, "export", "last", "--format", ",".join(kinds), *written])
    missing = set(kinds) - {path.suffix[1:] for path in folder.glob("report*")}
    if missing:
        raise SystemExit(f"the report was not written as {sorted(missing)}: {list(folder.iterdir())}")
    with zipfile.ZipFile(folder / "report.xlsx") as book:
        if book.testzip() is not None or "xl/workbook.xml" not in book.namelist():
            raise SystemExit("the report as a spreadsheet is damaged")
    if "agrees" not in run([program, "verify", str(folder / "report.pdf")]):
        raise SystemExit("the report does not agree with the kept count")
    sign = folder / "sign.pdf"
    who = ["--by", "The museum", "--contact", "info@example.org", "--url", "https://example.org"]
    run([program, "sign", *who, "--out", str(sign)])
    if not sign.read_bytes().startswith(b"%PDF-"):
        raise SystemExit("the sign for the door is no PDF")
    print("counted again without a difference; report and sign were written")


def check_batch(program: str, clip: Path, folder: Path, totals: dict[str, int]) -> None:
    """Raises SystemExit where the clip has other totals as one of many files, which child processes count."""
    films, table = folder / "films", folder / "films.csv"
    films.mkdir()
    shutil.copyfile(clip, films / "visitors.mp4")
    run([program, "batch", str(films), "--quiet", "--csv", str(table)])
    with table.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    if {name: int(row[name]) for name in totals} != totals:
        raise SystemExit(f"counted as one of many files, the totals are {row}, not {totals}")
    print("counted the same as one of many files")


def sessions(program: str) -> list[dict[str, Any]]:
    """Return the kept counts, the newest first."""
    found: list[dict[str, Any]] = json.loads(run([program, "sessions", "--json"]))
    return found


def check_kill(program: str, limit_s: float = 300.0) -> None:
    """Raises SystemExit where a count that is killed does not keep whom it has counted."""
    known = {session["id"] for session in sessions(program)}
    process = subprocess.Popen([program, "count", "demo", "--quiet"], stdin=subprocess.DEVNULL)
    began, new = time.monotonic(), {"people": 0}
    try:
        while not new["people"]:
            if process.poll() is not None or time.monotonic() - began > limit_s:
                raise SystemExit("nobody was kept while the demo clip was counted")
            new = next((s for s in sessions(program) if s["id"] not in known), new)
    finally:
        process.kill()
        process.wait(timeout=30)
    left = next(session for session in sessions(program) if session["id"] not in known)
    if left["closed_utc"] is not None or left["people"] < new["people"]:
        raise SystemExit(f"a count that was killed kept {left}")
    run([program, "show", left["id"]])
    print(f"killed while it counted: {left['people']} people are kept")


class Service:
    """`headcount serve` over HTTP, with a token where it asks for one."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port, self.token = port, token

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def count(self, clip: Path, limit_s: float = 900.0) -> dict[str, Any]:
        """Send a video, wait for its count and return that item of the job. Raises SystemExit where it fails."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="visitors.mp4"\r\n\r\n'
        body = head.encode() + clip.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        status, answer = self.ask("POST", "/api/v1/jobs", body, Content_Type=kind)
        if status != 202:
            raise SystemExit(f"an upload was answered with {status}: {answer[:500]!r}")
        job, began = json.loads(answer), time.monotonic()
        while job["state"] not in ("done", "failed", "cancelled"):
            if time.monotonic() - began > limit_s:
                raise SystemExit("the count of an upload takes too long")
            time.sleep(0.3)
            job = json.loads(self.ask("GET", f"/api/v1/jobs/{job['id']}")[1])
        item: dict[str, Any] = job["items"][0]
        if job["state"] != "done":
            raise SystemExit(f"an upload was not counted: {item['sentence']}")
        return item


def check_service(program: str, clip: Path, truth: dict[str, int]) -> None:
    """Raises SystemExit where `headcount serve` does not show its pages or does not count."""
    command = [program, "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        port = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        if port is None:
            raise SystemExit("“headcount serve” does not say where it is")
        service = Service(int(port[1]))
        for path, part in (("/", "Who is in the picture?"), ("/live", 'id="live"'), ("/static/style.css", "body")):
            status, page = service.ask("GET", path)
            if status != 200 or part not in page.decode():
                raise SystemExit(f"the page {path} was answered with {status}: {page[:300]!r}")
        item = service.count(clip)
        check_totals(item["totals"], truth)
        if not service.ask("GET", item["links"]["report"])[1].startswith(b"%PDF-"):
            raise SystemExit("the service wrote no report")
        print(f"served: {item['totals']}")
    finally:
        process.terminate()
        process.communicate(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--truth", type=Path, default=ROOT / "resources" / "demo" / "demo.truth.json")
    arguments = parser.parse_args()
    program = arguments.program
    truth = json.loads(arguments.truth.read_text(encoding="utf-8"))

    start = time.perf_counter()
    version = run([program, "--version"]).strip()
    print(f"{version}: answers in {time.perf_counter() - start:.2f} s")
    models = model_names(run([program, "models"]))
    if "headcount" not in models or len(models) < 2:
        raise SystemExit(f"the program does not list its own models, only {models}")
    refused = run([program, "count", "no-such-file.mp4"], expected=3)
    if "no-such-file.mp4" not in refused:
        raise SystemExit(f"a missing file is refused without naming it: {refused}")

    clip = arguments.truth.with_name("demo.mp4")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ |= {f"HEADCOUNT_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA")}
        counted = folder / "counted.json"
        start = time.perf_counter()
        run([program, "count", "demo", "--quiet", "--json", str(counted)])
        seconds = time.perf_counter() - start
        count = json.loads(counted.read_text(encoding="utf-8"))
        check_totals(count["totals"], truth)
        print(f"demo clip: {count['totals']} in {seconds:.1f} s; truth: {truth['appearances']} entries")
        check_kept_count(program, folder)
        check_batch(program, clip, folder, count["totals"])
        compared = ["headcount", next(name for name in models if name != "headcount")]
        out = folder / "compared.json"
        run([program, "compare", "demo", "--models", ",".join(compared), "--quiet", "--json", str(out)])
        comparison = json.loads(out.read_text(encoding="utf-8"))
        check_comparison(comparison, compared, count["totals"]["people"])
        judged = ", ".join(f"{model['model']} {model['totals']}" for model in comparison["models"])
        print(f"two models on the demo clip: {judged}")
        check_service(program, clip, truth)
        check_kill(program)


if __name__ == "__main__":
    main()
