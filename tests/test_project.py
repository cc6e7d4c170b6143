"""The project's own files: what the two commands of the README rest on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def pinned(lock: Path) -> dict[str, set[str]]:
    """Return the versions a lock file pins, by plain package name (more than one where markers choose)."""
    found: dict[str, set[str]] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9_.-]+)==([^\s;\\]+)", line):
            found.setdefault(plain(match[1]), set()).add(match[2])
    return found


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked(requirements: list[str]) -> set[str]:
    return {plain(re.split(r"[<>=!~;\[ ]", text, maxsplit=1)[0]) for text in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_pins_everything_with_hashes_and_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    for block in blocks:
        assert "==" in block.splitlines()[0], block
        assert "--hash=sha256:" in block, block


def test_the_locks_hold_what_the_project_asks_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    needed = asked(PROJECT["project"]["dependencies"])
    for name, extra in (("run", []), ("test", extras["test"]), ("train", extras["train"] + extras["test"])):
        assert needed | asked(extra) <= set(pinned(ROOT / "requirements" / f"{name}.txt")), name
    assert asked(PROJECT["build-system"]["requires"]) <= set(pinned(ROOT / "requirements" / "build.txt"))


def test_every_lock_holds_the_one_people_run() -> None:
    run = pinned(ROOT / "requirements" / "run.txt")
    for name in ("package", "test", "train"):
        other = pinned(ROOT / "requirements" / f"{name}.txt")
        assert {package: other[package] for package in run} == run, name


def test_one_environment_can_serve_every_make_target() -> None:
    """tools/setup.sh takes an environment made from train.txt for test.txt and run.txt, and adds build.txt to each."""
    train = pinned(ROOT / "requirements" / "train.txt")
    for name in ("run", "test", "build"):
        other = pinned(ROOT / "requirements" / f"{name}.txt")
        assert {package: train[package] for package in other} == other, name


def test_running_the_program_installs_no_tensorflow() -> None:
    heavy = {"tensorflow", "keras", "scipy", "matplotlib", "pandas", "scikit-learn"}
    for name in ("run", "package"):
        assert not heavy & set(pinned(ROOT / "requirements" / f"{name}.txt"))


@pytest.mark.slow
def test_the_wheel_carries_models_resources_and_both_commands(tmp_path: Path) -> None:
    hatchling = pytest.importorskip("hatchling.build", reason="hatchling builds the wheel")
    del hatchling
    script = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        entry_points = next(wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    for wanted in (
        "desktop_app/_bundled/models/yunet/face_detection_yunet_2023mar.tflite",
        "desktop_app/_bundled/resources/demo/demo.mp4",
        "desktop_app/_bundled/resources/licences/DEMO-CLIP.md",
        "desktop_app/app.py",
        "desktop_app/store/migrations/0001_log.sql",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith("tests/") or name.endswith(".pyc")]
    assert "headcount = desktop_app.cli.entry:run" in entry_points
    assert "headcount-train = desktop_app.training.cli:main" in entry_points


def test_an_editable_install_brings_the_commands_with_the_packages_of_the_lock(tmp_path: Path) -> None:
    pytest.importorskip("hatchling.build", reason="hatchling builds the wheel")
    # hatchling asks for `editables` as well, which build.txt does not hold: with `dev-mode-dirs` it is never imported.
    script = (
        "import sys; sys.modules['editables'] = None; import hatchling.build as b; print(b.build_editable(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        paths = [wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".pth")]
        entry_points = next(wheel.read(name).decode() for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert [path.strip() for path in paths] == [str(ROOT)]
    for command in ("headcount =", "headcount-train =", "headcount-window ="):
        assert command in entry_points


def test_the_drawing_of_the_packages_shows_the_code() -> None:
    pytest.importorskip("grimp", reason="grimp reads the imports")
    from tools.draw_architecture import is_current

    assert is_current(), "run python -m tools.draw_architecture"


def test_no_tracked_text_names_a_machine_or_a_registry() -> None:
    git = shutil.which("git")  # a bare machine may have the files without git
    if git is None:
        pytest.skip("git is not installed")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    # Put together here, so that this file does not name them either.
    words = ["/" + "work/[a-z]", "/" + "root/[a-z.]", "py" + r"pi\.org", "files." + "pythonhosted"]
    suspicious = re.compile("|".join(words))
    found = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if not name or path.suffix in {".mp4", ".tflite", ".onnx", ".png", ".ico"} or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{name}: {match[0]}" for match in suspicious.finditer(text)]
    assert found == []


def test_shell_scripts_are_understood_by_a_plain_shell() -> None:
    scripts = [*ROOT.glob("tools/*.sh"), *ROOT.glob("packaging/**/*.sh"), ROOT / ".ci" / "run"]
    assert scripts
    for script in scripts:
        done = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{script.name}: {done.stderr}"
        assert script.stat().st_mode & 0o111, f"{script.name} cannot be executed"
