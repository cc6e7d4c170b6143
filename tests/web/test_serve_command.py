"""`headcount serve` from the outside: it starts, says where it is, counts, and ends on request with open streams."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from desktop_app.cli import serve as command
from desktop_app.cli.main import EXIT_BUG, main
from desktop_app.domain.types import Gender
from desktop_app.errors import SettingsError, SourceError
from desktop_app.resources import demo_clip
from desktop_app.session.manager import SessionManager
from desktop_app.web.access import Role
from desktop_app.web.background import start_in_thread
from desktop_app.web.serving import Server, listen
from desktop_app.web.settings import WebSettings
from tests.patience import PATIENCE_S, eventually
from tests.session.fakes import FakeServices, MemoryStore
from tests.web.conftest import SHORT_S, count_of_demo

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """Run the command; give the process, the address that it printed and the lines before it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "desktop_app.cli.entry", "serve", "--port", "0", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not (match := re.search(r"https?://\S+:\d+", line := process.stdout.readline())):
            assert line, "".join(lines)
            lines.append(line)
        yield process, match.group(0), lines
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_it_counts_a_source_shows_it_and_ends_on_request_with_open_streams(tmp_path: Path) -> None:
    with serving("--source", "demo", "--limit", f"{SHORT_S}", "--name", "Fair", TMPDIR=str(tmp_path)) as (
        process,
        url,
        _,
    ):
        seen, shown = "", {}
        with httpx.stream("GET", f"{url}/api/v1/live/events", timeout=2 * PATIENCE_S) as stream:
            for line in stream.iter_lines():
                seen += line + "\n"
                if '"state":"over"' in line and line.startswith("data: "):
                    shown = json.loads(line[6:])["totals"]
                    process.send_signal(signal.SIGTERM)
        assert "event: bye" in seen
        assert shown == count_of_demo()
        assert process.wait(PATIENCE_S) == 0
    assert list(tmp_path.iterdir()) == [], "no temporary file is left"
    with serving() as (process, url, _):
        found = httpx.get(f"{url}/api/v1/sessions", timeout=PATIENCE_S).json()["sessions"]
        assert [(s["name"], s["totals"]) for s in found] == [("Fair", count_of_demo())]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.slow
def test_from_elsewhere_a_token_is_needed_which_is_shown_once(tmp_path: Path) -> None:
    with serving("--host", "0.0.0.0") as (_, url, lines):
        port = url.rpartition(":")[2]
        tokens = dict(re.findall(r"(see|count|correct)\s+(hc_\S+)", "".join(lines)))
        assert set(tokens) == {"see", "count", "correct"}
        base = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{base}/api/v1/live", timeout=PATIENCE_S).status_code == 401
        assert httpx.get(
            f"{base}/api/v1/live", headers={"authorization": f"Bearer {tokens['see']}"}, timeout=PATIENCE_S
        ).is_success
    with serving("--host", "0.0.0.0") as (_, url, lines):
        assert "hc_" not in "".join(lines)
        base = f"http://127.0.0.1:{url.rpartition(':')[2]}"
        assert httpx.get(
            f"{base}/api/v1/live", headers={"authorization": f"Bearer {tokens['see']}"}, timeout=PATIENCE_S
        ).is_success


@pytest.mark.slow
def test_a_container_is_set_up_by_its_environment_and_a_certificate_makes_it_https(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-out",
        certificate,
        "-keyout",
        key,
    ]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    token = "hc_" + "e" * 40
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with serving(*tls, HEADCOUNT_SERVE_HOST="0.0.0.0", HEADCOUNT_SERVE_TOKEN_SEE=token) as (_, url, lines):
        assert "hc_" not in "".join(lines), "a token that was given is not made anew"
        assert url.startswith("https://")
        base = f"https://127.0.0.1:{url.rpartition(':')[2]}"
        with httpx.Client(
            base_url=base, verify=ssl.create_default_context(cafile=str(certificate)), timeout=PATIENCE_S
        ) as client:
            answer = client.get("/livez")
            assert answer.is_success
            assert "max-age" in answer.headers["strict-transport-security"]
            headers = {"authorization": f"Bearer {token}"}
            assert client.get("/api/v1/live").status_code == 401
            assert client.get("/api/v1/live", headers=headers).is_success
            assert client.post("/api/v1/jobs", headers=headers).status_code == 403


@pytest.mark.slow
def test_several_sources_are_the_doors_of_one_count_with_their_lines() -> None:
    line = ["--line", "gate:0.5,0.0,0.5,1.0", "--limit", "4"]
    with serving("--source", "demo", "--source", str(demo_clip()), *line) as (_, url, _lines):

        def figures() -> dict[str, Any]:
            found: dict[str, Any] = httpx.get(f"{url}/api/v1/live", timeout=PATIENCE_S).json()
            return found

        assert eventually(lambda: figures()["state"] == "over")
        found = figures()
    assert [d["name"] for d in found["doors"]] == ["Demo clip", "demo.mp4"]
    first, second = (d["totals"]["people"] for d in found["doors"])
    assert first == second > 0
    assert found["totals"]["people"] == first + second
    assert {p["name"] for p in found["places"]} == {"gate"}


def test_tokens_are_made_and_forgotten_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--new-token", "count", "--token-name", "Ana"]) == 0
    assert capsys.readouterr().out.startswith("hc_")
    assert main(["serve", "--forget-tokens"]) == 0
    assert capsys.readouterr().out == "1 tokens are no longer valid.\n"


def test_without_the_web_part_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "NEEDED", ("fastapi", "surely_not_installed"))
    assert main(["serve"]) == 2
    assert "pip install 'headcount[web]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tls-cert", "x.pem"], "go together"),
        (["--port", "70000"], "no port"),
        (["--source", "demo", "--line", "nonsense"], "not understood"),
        (["--limit", "-1"], "above 0"),
        (["--most-upload-mb", "0"], "The largest upload cannot be 0. Give a number above 0."),
        (["--most-video-minutes", "-2"], "The length of a video that is counted cannot be -120."),
        (["--host", "203.0.113.7"], "Give an address of this computer"),
        (["--host", "no.such.name.invalid"], "Give an address of this computer"),
        (["--host", "x" * 70 + ".invalid"], "Give an address of this computer"),
        (["--upload-folder", "/nowhere"], "Nothing can be written to the folder for uploads, /nowhere"),
        (["--upload-folder", __file__], "Choose a folder that is there"),
        (["--tls-cert", __file__, "--tls-key", __file__], "The certificate and its key cannot be used for https"),
    ],
)
def test_options_that_cannot_be_are_said(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert main(["serve", "--port", "0", *arguments]) not in (0, EXIT_BUG)
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("key", ["of another certificate", "with a password"])
def test_a_key_that_does_not_open_its_certificate_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], check=True, capture_output=True, cwd=tmp_path)  # type: ignore[list-item]

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x")
    run(*new, "-out", "cert.pem", "-keyout", "key.pem")
    if key == "with a password":
        run("ec", "-in", "key.pem", "-out", "other.pem", "-aes128", "-passout", "pass:secret")
    else:
        run(*new, "-out", "another.pem", "-keyout", "other.pem")
    tls = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "other.pem")]
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    assert main(["serve", "--port", "0", *tls, "--upload-folder", str(uploads)]) == SettingsError.exit_code
    assert "the key without a password" in capsys.readouterr().err
    assert list(uploads.iterdir()) == []


@pytest.mark.allow_error_log
def test_a_server_that_ends_by_itself_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Server, "run", lambda *_, **__: None)
    assert main(["serve", "--port", "0"]) == EXIT_BUG
    assert "the web server ended by itself" in capsys.readouterr().err


def test_a_variable_that_is_no_number_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADCOUNT_SERVE_PORT", "http")
    assert main(["serve"]) == 2
    assert "HEADCOUNT_SERVE_PORT" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(SourceError, match="port"):
        listen("127.0.0.1", first.getsockname()[1])


def test_settings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        WebSettings(workers=0)
    with pytest.raises(SettingsError, match="no file"):
        WebSettings(tls_cert=tmp_path / "a.pem", tls_key=tmp_path / "b.pem")


def test_a_window_shows_its_count_on_phones_to_whoever_has_the_address() -> None:
    manager = SessionManager(FakeServices(), MemoryStore())
    session = manager.open("Fair")
    session.add(Gender.FEMALE)
    server = start_in_thread(manager, host="127.0.0.1", port=0)
    try:
        assert server.is_running
        base = server.invitation.shown.removesuffix("/live")
        assert httpx.get(f"{base}/api/v1/live", timeout=PATIENCE_S).status_code == 401, (
            "not even this computer without the address"
        )
        with httpx.Client(base_url=base, timeout=PATIENCE_S) as phone:
            assert phone.get(server.address).headers["location"] == "/live"
            assert eventually(lambda: phone.get("/api/v1/live").json()["totals"]["people"] == 1)
            assert phone.get("/api/v1/sessions").json()["sessions"][0]["name"] == "Fair"
            assert phone.post("/api/v1/jobs").status_code == 403, f"only {Role.SEE.word}"
            session.add(Gender.MALE)
            assert eventually(lambda: phone.get("/api/v1/live").json()["totals"]["people"] == 2)
        assert server.stop()
        assert not server.is_running
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{base}/livez", timeout=PATIENCE_S)
        session.add(Gender.MALE)
        assert session.counts().people == 3, "the count goes on"
    finally:
        server.stop()
        manager.shut_down(PATIENCE_S)


def test_a_port_in_use_gives_way_to_a_free_one() -> None:
    manager = SessionManager(FakeServices(), MemoryStore())
    with listen("127.0.0.1", 0) as taken:
        server = start_in_thread(manager, host="127.0.0.1", port=taken.getsockname()[1])
        try:
            assert httpx.get(server.invitation.shown.replace("/live", "/livez"), timeout=PATIENCE_S).is_success
        finally:
            server.stop()
            manager.shut_down(PATIENCE_S)
