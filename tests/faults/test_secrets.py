"""No password is shown, logged or stored, however it is written."""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
from pathlib import Path

import pytest

from desktop_app.errors import SourceError
from desktop_app.settings import Settings, load_settings, save_settings
from desktop_app.settings.own_data import delete_own_data
from desktop_app.settings.passwords import SecretStore, without_password
from desktop_app.settings.settings_file import data_dir, default_path
from desktop_app.sources.opening import describe, open_source
from desktop_app.system.redaction import RedactingFilter, find_user_info, redact, redact_prose, without_secrets

SPELLINGS = [
    "rtsp://guard:s3cret@cam.local:554/live",
    "rtsp://:s3cret@cam/1",
    "RTSP://A:s3cret@h",
    "http://u:s3%40cret@h/x?y=1",
    "rtsp://admin:s3/cret@10.0.0.5/x",
    "rtsp://admin:s3#cret@10.0.0.5/x",
    "rtsp://admin:s3?cret@10.0.0.5/x",
    "rtsp://admin:s3@cret@10.0.0.5/x",
    "rtsp://admin:12/s3cret@10.0.0.5/x",
    "rtsp://u:s3 cret@host/1",
    "rtsp://u:s3cret@[fe80::1%25eth0]:554/x",
    "rtsp://door:s3cret@[bad/1",
    "rtsp:/u:s3cret@h/1",
    "rtsp://s3cret/x@host/1",
    "admin:s3cret@192.168.1.5:554/x",
    "192.168.1.5/x?password=s3cret",
    "http://h/video?user=a&pwd=s3cret&channel=2",
    "http://cam/snap?p=s3cret",
    "http://cam/cgi?usr=a&loginpas=s3cret&x=2",
    "http://h/x?p%61ssword=s3cret",
    "http://h/x;pwd=s3cret;a=1",
    "http://h/x#password=s3cret",
    "http://h/x?pass=s3/cr?et#s3cret&ch=1",
    "http://h/x?access_token=s3cret#t=3",
    "http://h/x?v=1&session=s3cret",
    "http://h/x?blob=0123456789abcdefs3cret0123456789",
    "http://cam/user=a&password=s3cret&channel=1",
    "rtsp://10.0.0.5:554/user=admin_password=s3cret_channel=1_stream=0.sdp?real_stream",
    "http://proxy/?url=rtsp://u:s3cret@cam/1",
    "https://u:s3cret@medium.com/@name",
]
PLAIN = [
    "rtsp://cam.local:554/live",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf",
    "https://www.youtube.com/@channel/live",
    "http://h/video?channel=2&subtype=0",
    "udp://@:1234",
    "C:\\Users\\a@b\\c.mp4",
    "/videos/a:b@c.mp4",
    "./a:b@c.mp4",
    "camera:Door: a@b",
    "demo",
]


def leaks(text: str) -> bool:
    return "s3" in text and "cret" in text


@pytest.mark.parametrize("text", SPELLINGS)
def test_no_spelling_of_a_password_leaks(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert not leaks(redact(text))
    assert not leaks(without_secrets(text))
    assert without_secrets(without_secrets(text)) == without_secrets(text)
    assert not leaks(redact_prose(f"Nothing came from “{text}”, it is off."))
    settings = Settings().with_recent_source(text)
    save_settings(settings, tmp_path / "settings.json")
    assert not leaks((tmp_path / "settings.json").read_text("utf-8"))
    if "://" in text:
        assert not leaks(describe(text))
        assert not leaks(opened(text))


def opened(text: str) -> str:
    """Return the name under which a source is shown, or what is said where it cannot be opened."""
    try:
        source = open_source(text)
    except SourceError as error:
        return str(error)
    source.close()
    return source.info.name


@pytest.mark.parametrize("text", PLAIN)
def test_what_holds_no_secret_stays(text: str) -> None:
    assert redact(text) == text
    assert without_secrets(text) == text


def test_where_name_and_password_lie() -> None:
    info = find_user_info("rtsp://ad/min:p@ss/w@host/x")
    assert info is not None
    assert (info.user, info.password) == ("ad/min", "p@ss/w")
    assert find_user_info("https://example.org/photo@2x.png") is None


def test_the_log_holds_no_password(tmp_path: Path) -> None:
    path = tmp_path / "log"
    handler = logging.FileHandler(path)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("headcount-test-redaction")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.warning("lost %s (%d)", "rtsp://a:s3cret@h/1", 4)
        logger.warning("an escape \x1b[31m in “%s”", "name\x07")
        try:
            raise ValueError("rtsp://a:s3cret@h/2")
        except ValueError:
            logger.warning("failed", exc_info=True)
    finally:
        logger.removeHandler(handler)
        handler.close()
    text = path.read_text()
    assert "s3cret" not in text
    assert "rtsp://a:***@h/2" in text
    assert "\x1b" not in text
    assert "Traceback" in text


class FakeKeyring:
    def __init__(self, *, broken: bool = False, hangs_s: float = 0.0) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken, self.hangs_s = broken, hangs_s

    def _act(self) -> None:
        time.sleep(self.hangs_s)
        if self.broken:
            raise RuntimeError("locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._act()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._act()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._act()
        del self.kept[service, username]


ADDRESS = "rtsp://guard:s3cret@cam.local:554/live"


@pytest.mark.parametrize("kind", ["keyring", "none", "broken"])
def test_a_password_comes_back_where_it_is_needed(kind: str, tmp_path: Path) -> None:
    keyring = {"keyring": FakeKeyring(), "none": None, "broken": FakeKeyring(broken=True)}[kind]
    store = SecretStore(tmp_path / "secrets.json", lambda: keyring)
    kept = without_password(ADDRESS)
    assert store.restore(kept) == kept
    store.remember(ADDRESS)
    store.remember("/videos/a.mp4")
    assert SecretStore(tmp_path / "secrets.json", lambda: keyring).restore(kept) == ADDRESS
    text = (tmp_path / "secrets.json").read_text()
    assert ("s3cret" in text) == (kind != "keyring")
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    store.forget()
    assert store.restore(kept) == kept
    assert not (tmp_path / "secrets.json").exists()
    if kind == "keyring":
        assert isinstance(keyring, FakeKeyring)
        assert keyring.kept == {}


@pytest.mark.allow_threads
def test_a_keyring_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_app.settings.passwords.PATIENCE_S", 0.05)
    keyring = FakeKeyring(hangs_s=0.5)
    store = SecretStore(tmp_path / "secrets.json", lambda: keyring)
    store.remember(ADDRESS)
    assert store.restore(without_password(ADDRESS)) == ADDRESS
    time.sleep(0.6)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 5}', "[" * 100_000])
def test_a_damaged_store_of_secrets_is_empty(text: str, tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(text)
    store = SecretStore(tmp_path / "secrets.json", lambda: None)
    assert store.restore("rtsp://guard@cam.local/1") == "rtsp://guard@cam.local/1"
    store.remember(ADDRESS)
    assert store.restore(without_password(ADDRESS)) == ADDRESS


def test_an_entry_that_belongs_to_another_address_is_not_used(tmp_path: Path) -> None:
    store = SecretStore(tmp_path / "secrets.json", lambda: None)
    store.remember(ADDRESS)
    path = tmp_path / "secrets.json"
    path.write_text(path.read_text().replace("cam.local", "evil.example"))
    assert store.restore(without_password(ADDRESS)) == without_password(ADDRESS)


def test_delete_my_data_deletes_what_is_ours_and_nothing_else() -> None:
    config, data = default_path().parent, data_dir()
    save_settings(Settings(), default_path())
    SecretStore().remember(ADDRESS)
    for name in ("logs/headcount.log", "logs/headcount.log.1", "locks/" + "0" * 32 + ".lock", "counts/counts.sqlite3"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("ours")
    taken = data / "models" / "mine"
    taken.mkdir(parents=True)
    (taken / ".tried.json").write_text("{}")
    foreign = [config / "other.json", data / "thesis.txt", data / "logs" / "apache.log", data / "models" / "bert" / "w"]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not ours")
    if os.name != "nt":
        (data / "counts" / "counts.sqlite3-wal").symlink_to(data / "thesis.txt")
    assert delete_own_data() == []
    assert all(path.read_text() == "not ours" for path in foreign)
    left = {p.relative_to(data).as_posix() for p in data.rglob("*") if p.is_file() or p.is_symlink()}
    assert left == {"thesis.txt", "logs/apache.log", "models/bert/w"}
    assert load_settings().settings == Settings()
    for path in foreign:
        path.unlink()
