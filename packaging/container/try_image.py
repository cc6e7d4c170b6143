"""Runs an image's file system as a container runtime would, as far as that goes without one, and uses the service.

    python packaging/container/try_image.py ROOT IMAGE.json WORK

Command, environment, user and health check come from the image; the read-only root, the memory for temporary files,
the one writable volume and the missing privileges are those of compose.yaml. Only the network is the machine's own.
Called by test_container.sh as root, in a mount namespace of its own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from smoke_test import Service, check_totals

READY_S, STOP_S = 60, 10

START = r"""
set -eu
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount --bind "$DATA" "$ROOT/data"
mount -t tmpfs -o size=1g,mode=1777,noexec,nosuid,nodev tmpfs "$ROOT/tmp"
mount -t proc -o nosuid,nodev,noexec proc "$ROOT/proc"
mount -t tmpfs -o size=1m,mode=755 tmpfs "$ROOT/dev"
mkdir "$ROOT/dev/shm"
mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev,noexec tmpfs "$ROOT/dev/shm"
for device in null zero random urandom; do : >"$ROOT/dev/$device"; mount --bind "/dev/$device" "$ROOT/dev/$device"; done
exec chroot "$ROOT" "$@"
"""


class Container:
    """One run of the image. `environment` is added to the image's own."""

    def __init__(self, root: Path, image: dict[str, Any], data: Path, log: Path, environment: dict[str, str]) -> None:
        self.config = image["Docker"]["config"]
        self.log = log
        user, _, group = self.config["User"].partition(":")
        self.values = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        self._as_user = [
            "env", "-i", f"--chdir={self.config['WorkingDir']}", *self.values,
            "setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--bounding-set=-all",
            "--inh-caps=-all", "--no-new-privs", "--",
        ]  # fmt: skip
        command = [*self._as_user, *self.config["Entrypoint"], *self.config["Cmd"]]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    "unshare",
                    "--mount",
                    "--pid",
                    "--ipc",
                    "--uts",
                    "--fork",
                    "--kill-child",
                    "sh",
                    "-c",
                    START,
                    "sh",
                    *command,
                ],
                env={"PATH": os.environ["PATH"], "ROOT": str(root), "DATA": str(data)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        """The process that is number 1 inside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the service, as its user; what a runtime's `exec` does."""
        enter = [
            "nsenter",
            f"--target={self.pid}",
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            f"--root=/proc/{self.pid}/root",
        ]
        return subprocess.run(
            [*enter, *self._as_user, *command], capture_output=True, text=True, check=False, timeout=60
        )

    def is_healthy(self) -> bool:
        kind, *command = self.config["Healthcheck"]["Test"]
        assert kind == "CMD", kind
        return self.inside(*command).returncode == 0

    def stop(self) -> tuple[int, float]:
        """Send the image's stop signal; return the exit code and how long it took."""
        began = time.monotonic()
        os.kill(self.pid, signal.Signals[self.config["StopSignal"]])
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            fail(f"the service did not end within {STOP_S} s of {self.config['StopSignal']}", self)
        return code, time.monotonic() - began


def fail(what: str, container: Container | None = None) -> None:
    if container is not None:
        container.process.kill()
        print(container.log.read_text(errors="replace")[-3000:], file=sys.stderr)
    sys.exit(f"test-container: FAILED: {what}")


def check(is_right: bool, what: str, container: Container) -> None:
    if not is_right:
        fail(what, container)
    print(f"   {what}")


def wait_for(service: Service, container: Container) -> float:
    """Wait until the service answers; return how many seconds that took."""
    began = time.monotonic()
    while time.monotonic() - began < READY_S:
        if container.process.poll() is not None:
            fail("the service ended at its start", container)
        try:
            if service.ask("GET", "/livez")[0] == 200:
                return time.monotonic() - began
        except OSError:
            time.sleep(0.1)
    fail(f"the service did not answer within {READY_S} s", container)
    raise AssertionError


def main(root: Path, image: dict[str, Any], work: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = work / "data"
    data.mkdir(parents=True, mode=0o700)
    user = int(image["Docker"]["config"]["User"].partition(":")[0])
    os.chown(data, user, user)
    environment = {"HEADCOUNT_SERVE_PORT": str(port)}

    print("== start")
    container = Container(root, image, data, work / "first.log", environment)
    service = Service(port)
    took_s = wait_for(service, container)
    print(f"   answers after {took_s:.1f} s, with an empty volume")
    tokens = dict(re.findall(r"\b(see|count|correct)\b.*?(hc_[\w-]{20,})", container.log.read_text()))
    check(set(tokens) == {"see", "count", "correct"}, "shows a token for each role", container)
    check(service.ask("GET", "/api/v1/live")[0] == 401, "refuses whoever has no token", container)
    service.token = tokens["see"]
    check(service.ask("GET", "/api/v1/live")[0] == 200, "lets in who may see", container)
    check(service.ask("GET", "/")[0] == 303, "sends who may only see to the live page", container)
    service.token = tokens["count"]
    check(container.is_healthy(), "its health check passes", container)
    status = Path(f"/proc/{container.pid}/status").read_text()
    check(re.search(r"^Uid:\s+10001\s+10001", status, re.M) is not None, "runs as an ordinary user", container)
    check(re.search(r"^CapEff:\s+0+$", status, re.M) is not None, "has no privileges", container)
    for place in ("/", "/opt/headcount", "/etc", "/usr/lib", "/dev"):
        check(container.inside("touch", f"{place}/x").returncode != 0, f"cannot write to {place}", container)

    print("== count")
    clip = Path(__file__).resolve().parents[2] / "resources" / "demo" / "demo.mp4"
    truth = json.loads(clip.with_suffix(".truth.json").read_text())
    try:
        item = service.count(clip)
    except SystemExit as problem:
        fail(str(problem), container)
        raise
    check_totals(item["totals"], truth)
    print(f"   with the right result: {item['totals']}")
    kind = service.ask("GET", item["links"]["report"])[1][:5]
    check(kind == b"%PDF-", "writes its report", container)
    left = container.inside("find", "/tmp", "-type", "f", "-size", "+1k").stdout.split()
    check(not left, "keeps nothing of the upload", container)

    print("== end, with a live page open")
    with socket.create_connection(("127.0.0.1", port)) as stream:
        ask = f"GET /api/v1/live/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {service.token}\r\n\r\n"
        stream.sendall(ask.encode())
        stream.settimeout(10)
        check(b"200" in stream.recv(4096)[:20], "streams the live count", container)
        code, took_s = container.stop()
        rest = b""
        while piece := stream.recv(65536):
            rest += piece
    print(f"   ended after {took_s:.1f} s with exit code {code}")
    if code not in (0, 143):
        fail(f"exit code {code} after a request to end", container)
    if b"event: bye" not in rest:
        fail("the open stream was not told that the service ends", container)

    print("== start again with the same volume")
    again = Container(root, image, data, work / "second.log", environment)
    wait_for(service, again)
    check("hc_" not in again.log.read_text(), "shows no token again", again)
    check(service.ask("GET", "/api/v1/live")[0] == 200, "takes the token of the first start", again)
    again.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3]))
