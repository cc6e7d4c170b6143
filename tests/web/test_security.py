"""Who comes in, what a page from elsewhere cannot do, and what no client can hold up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from desktop_app.errors import SettingsError
from desktop_app.web.access import COOKIE, Access, Identity, Role
from tests.store.logs import LogMaker
from tests.web.conftest import TOKENS, Serve, raw

CORRECTION = {"what": "added", "new": "male"}


# ---- tokens and roles


def test_without_a_token_a_server_that_others_reach_shows_nothing(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log, open_to=None)
    for path in ("/api/v1/live", "/api/v1/live/events", "/api/v1/sessions", "/api/v1/sessions/fair/people", "/metrics"):
        answer = served.client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/api/v1/jobs", "/api/v1/predict", "/api/v1/recounts", "/api/v1/sessions/fair/corrections"):
        assert served.client.post(path, json={}).status_code == 401, path
    page = served.client.get("/live", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Flive")


@pytest.mark.parametrize(
    ("role", "seen", "counted", "corrected"),
    [(Role.SEE, 200, 403, 403), (Role.COUNT, 200, 422, 403), (Role.CORRECT, 200, 422, 201)],
)
def test_each_role_may_do_its_own_and_what_is_below_it(
    serve: Serve, log: LogMaker, role: Role, seen: int, counted: int, corrected: int
) -> None:
    served = serve(log=log, open_to=None)
    headers = served.bearer(role)
    assert served.client.get("/api/v1/sessions", headers=headers).status_code == seen
    assert served.client.post("/api/v1/jobs", files={"x": (None, "")}, headers=headers).status_code == counted
    answer = served.client.post("/api/v1/sessions/fair/corrections", json=CORRECTION, headers=headers)
    assert answer.status_code == corrected


def test_a_browser_signs_in_with_a_token_and_gets_a_cookie_that_scripts_and_other_sites_cannot_use(
    serve: Serve,
) -> None:
    served = serve(open_to=None)
    wrong = served.client.post("/login", data={"token": "hc_wrong"})
    assert wrong.status_code == 401
    assert COOKIE not in wrong.cookies
    answer = served.client.post("/login", data={"token": TOKENS[Role.SEE], "next": "/live"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/live")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKENS[Role.SEE] not in cookie
    assert served.client.get("/api/v1/live").status_code == 200, "the client sends its cookie"
    served.client.cookies.set(COOKIE, served.client.cookies[COOKIE][:-1] + "0")
    assert served.client.get("/api/v1/live").status_code in (200, 401)
    served.client.cookies.clear()
    served.client.cookies.set(COOKIE, "a.b.c")
    assert served.client.get("/api/v1/live").status_code == 401


def test_the_address_of_a_qr_code_signs_in_and_leaves_the_address_bar_without_the_token(serve: Serve) -> None:
    served = serve(open_to=None)
    answer = served.client.get("/enter", params={"token": TOKENS[Role.SEE]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/live")
    assert served.client.get("/api/v1/live").status_code == 200


def test_guessing_tokens_is_slowed(serve: Serve) -> None:
    served = serve(open_to=None)
    statuses = [served.client.post("/login", data={"token": f"hc_{n}"}).status_code for n in range(15)]
    assert statuses[:10] == [401] * 10
    assert 429 in statuses[10:]


def test_signing_in_leads_to_no_other_site(serve: Serve) -> None:
    served = serve(open_to=None)
    odd = (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:x",
        "/a\nb",
        "http://[",
        "///x",
        "/\t/x",
    )
    for path in odd:
        answer = served.client.post("/login", data={"token": TOKENS[Role.SEE], "next": path})
        assert answer.status_code == 303, (path, answer.text)
        location = answer.headers["location"]
        assert re.fullmatch(r"/([\w-][\w/-]*)?", location), location
    good = served.client.post("/login", data={"token": TOKENS[Role.SEE], "next": "/jobs/abc"})
    assert good.headers["location"] == "/jobs/abc"


def test_tokens_are_kept_as_hashes_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "web" / "tokens.json"
    access = Access(path)
    token = access.make(Role.COUNT, "Ana")
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    again = Access(path)
    found = again.identify(token, None)
    assert found is not None
    assert (found.role, found.name) == (Role.COUNT, "Ana")
    cookie = again.cookie_for(token)
    assert Access(path).identify(None, cookie) is not None, "a restart keeps browsers signed in"
    assert again.forget_all() == 1
    assert again.identify(token, None) is None
    assert again.identify(None, cookie) is None


def test_tokens_made_and_forgotten_while_the_server_runs_hold_at_once(serve: Serve, tmp_path: Path) -> None:
    served = serve(open_to=None)
    other = Access(tmp_path / "tokens.json")
    token = other.make(Role.SEE)
    headers = {"authorization": f"Bearer {token}"}
    assert served.client.get("/api/v1/live", headers=headers).status_code == 200
    other.forget_all()
    assert served.client.get("/api/v1/live", headers=headers).status_code == 401
    (tmp_path / "tokens.json").write_text("damaged")
    assert served.client.get("/api/v1/live", headers=headers).status_code == 401
    assert served.client.get("/api/v1/live", headers=served.bearer(Role.SEE)).status_code == 200, "given ones hold"


def test_a_damaged_file_of_tokens_lets_nobody_in_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    for text in (
        "",
        "[]",
        '{"tokens": [{}]}',
        json.dumps({"tokens": [{"digest": "x", "role": 9, "name": "", "made": 0}]}),
    ):
        path.write_text(text)
        with pytest.raises(SettingsError, match="Delete it"):
            Access(path)


def test_a_browser_stays_signed_in_over_a_restart_while_the_tokens_do(tmp_path: Path) -> None:
    def signed_in(cookie: str | None, given: dict[Role, str]) -> Identity | None:
        return Access(tmp_path / "tokens.json", given=given).identify(None, cookie)

    cookie = Access(tmp_path / "tokens.json", given=TOKENS).cookie_for(TOKENS[Role.COUNT])
    found = signed_in(cookie, TOKENS)
    assert found is not None
    assert found.role is Role.COUNT
    others = {**TOKENS, Role.CORRECT: "another one, 30 letters or more"}
    assert signed_in(cookie, others) is None, "one who has the other tokens cannot make a cookie"
    assert signed_in(cookie, {}) is None
    assert not (tmp_path / "tokens.json").exists(), "tokens from the environment are written nowhere"
    assert Access(tmp_path / "tokens.json", given=TOKENS).forget_all() == 0
    assert signed_in(cookie, TOKENS) is None


def test_a_token_from_the_environment_must_be_long(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="too short"):
        Access(tmp_path / "tokens.json", given={Role.SEE: "secret"})


# ---- pages from elsewhere


def test_a_page_whose_name_was_made_to_lead_here_reads_nothing(serve: Serve) -> None:
    served = serve()
    for host in ("[", "[::1", "evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]"):
        answer = served.client.get("/api/v1/live", headers={"host": host})
        assert answer.status_code == 421, host
    for host in ("localhost", "LOCALHOST:9", "127.0.0.1", "[::1]:1", "127.0.0.5"):
        assert served.client.get("/api/v1/live", headers={"host": host}).status_code == 200, host


def test_a_form_from_elsewhere_changes_nothing(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    cases: list[dict[str, str]] = [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:1", "sec-fetch-site": "cross-site"},
    ]
    for headers in cases:
        answer = served.client.post("/api/v1/sessions/fair/corrections", json=CORRECTION, headers=headers)
        assert answer.status_code == 403, headers
    assert served.client.get("/api/v1/sessions/fair/corrections").json() == []


def test_the_own_page_may_change_things(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    for headers in ({"origin": served.url}, {"sec-fetch-site": "same-origin"}, {}):
        answer = served.client.post("/api/v1/sessions/fair/corrections", json=CORRECTION, headers=headers)
        assert answer.status_code == 201, headers


def test_who_sits_before_a_browser_is_refused_in_a_sentence_and_a_program_in_json(serve: Serve) -> None:
    served = serve()
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/live", "/api/v1/live", "/api/v1/sessions/gone/report.pdf"):
        for more in ({"host": "evil.example"}, {}):
            answer = served.client.get(path, headers={**browser, **more})
            if answer.is_success:
                continue
            assert answer.headers["content-type"].startswith("text/html"), (path, more)
            assert "<h1>" in answer.text, (path, more)
            assert answer.headers["x-frame-options"] == "DENY", (path, more)
            kind = served.client.get(path, headers={**more, "accept": "application/json"}).headers["content-type"]
            assert kind == "application/problem+json", (path, more)
    refused = served.client.post("/logout", headers={**browser, "origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "A page from elsewhere asked for this." in refused.text


def test_every_answer_forbids_scripts_from_elsewhere_and_frames(serve: Serve) -> None:
    served = serve()
    for path in ("/live", "/api/v1/live", "/static/style.css", "/nothing", "/livez"):
        headers = served.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe-inline" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert "server" not in headers, path


# ---- paths


def test_no_path_leads_to_a_file_of_this_computer(serve: Serve) -> None:
    served = serve()
    for path in (
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/....//app.py",
        "/static/..%5capp.py",
        "/static/%2fetc/passwd",
        "/static//etc/passwd",
        "/static/../../../../../../etc/passwd",
        "/static/style.css%00.py",
        "/api/v1/jobs/..%2f..%2fetc/items/0/picture.jpg",
        "/api/v1/jobs/x/items/0/..%2f..%2freport.pdf",
        "/api/v1/sessions/..%2f..%2fetc%2fpasswd",
        "/results/..%2f..%2fetc%2fpasswd",
    ):
        answer = raw(served, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        assert answer.split()[1] in (b"404", b"400", b"422"), (path, answer[:200])
        assert b"root:" not in answer, path
        assert b"create_app" not in answer, path
