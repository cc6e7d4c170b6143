"""The licences of what ships: each part is traced to one, and none goes without its text."""

from __future__ import annotations

import importlib.metadata as metadata
import json
import re
from pathlib import Path

import pytest

from tests.packaging.scripts import ROOT, load, needs

components = load("components")


def test_every_package_that_people_run_has_a_licence_and_its_text() -> None:
    """The lock file's, as far as this system has them: what a build would refuse is known before it."""
    lock = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    here = {components.plain(str(d.metadata["Name"])): d for d in metadata.distributions()}
    names = {components.plain(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)} & set(here)
    assert {"numpy", "fastapi", "uvicorn", "reportlab", "segno", "pyside6-essentials"} <= names
    components.check_licences({name: components.distribution_part(here[name]) for name in names})


@pytest.mark.parametrize(("licence", "texts"), [("", ["LICENSE"]), ("MIT", [])])
def test_a_part_without_a_licence_or_its_text_stops_the_build(licence: str, texts: list[str]) -> None:
    whole = components.Part("sound", "1", "MIT", "pkg:pypi/sound@1", [Path("LICENSE")])
    lacking = components.Part("lacking", "1", licence, "pkg:pypi/lacking@1", [Path(name) for name in texts])
    components.check_licences({"sound": whole})
    with pytest.raises(SystemExit, match="lacking: no licence"):
        components.check_licences({"sound": whole, "lacking": lacking})


def test_texts_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    places = [tmp_path / way / "LICENSE.md" for way in ("src/a/mt", "src/b/mt", "src/b/pcg")]
    for place in places:
        place.parent.mkdir(parents=True)
        place.write_text(str(place), encoding="utf-8")
    part = components.Part("numbers", "1", "MIT", "pkg:pypi/numbers@1", [*places, places[0]])
    components.write_texts({"numbers": part}, tmp_path / "third-party")
    copies = [path.read_text(encoding="utf-8") for path in (tmp_path / "third-party" / "numbers").iterdir()]
    assert sorted(copies) == sorted(map(str, places))


@pytest.mark.slow
def test_each_shipped_file_is_traced_to_its_package_and_licence(tmp_path: Path) -> None:
    import numpy

    source = Path(numpy.__file__)
    shipped = {"pure": [["numpy", str(source)], ["json", json.__file__]], "binaries": [], "datas": []}
    parts = components.parts_of(shipped, tmp_path, freezer=None)
    assert set(parts) == {"Python", "numpy"}
    assert parts["numpy"].version == numpy.__version__
    assert parts["numpy"].purl == f"pkg:pypi/numpy@{numpy.__version__}"
    assert any("LICENSE" in text.name for text in parts["numpy"].texts)
    components.write_texts(parts, tmp_path / "third-party")
    table = (tmp_path / "third-party" / "THIRD-PARTY.md").read_text(encoding="utf-8")
    assert f"| numpy | {numpy.__version__} |" in table
    assert (tmp_path / "third-party" / "numpy" / "LICENSE.txt").is_file()


@pytest.mark.slow
def test_a_file_of_unknown_origin_stops_the_build(tmp_path: Path) -> None:
    stray = tmp_path / "libmystery.so"
    stray.write_bytes(b"")
    shipped = {"pure": [], "binaries": [["libmystery.so", str(stray)]], "datas": []}
    with pytest.raises(SystemExit, match="libmystery"):
        components.parts_of(shipped, tmp_path, freezer=None)


def test_a_library_of_the_build_machine_is_traced_to_its_debian_package(tmp_path: Path) -> None:
    needs("dpkg")
    library = Path("/bin/sh").resolve()  # whatever Debian has there, under the name with or without /usr
    stray = tmp_path / "libmystery.so"
    found = components.debian_packages([str(library), str(stray)])
    assert set(found) == {str(library)}
    part = components.debian_part(found[str(library)])
    assert part.version
    assert [text.name for text in part.texts] == ["copyright"]
