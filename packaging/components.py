"""Collects, for what PyInstaller bundled, the licences and the list of components (SBOM, CycloneDX 1.6 JSON).

    python packaging/components.py build/frozen/shipped.json dist/headcount/lib

Each bundled file is traced to the Python distribution that owns it, to a Debian package (libraries of the build
machine), or to Python itself. A file without an owner stops the build, and so does an owner without a licence or
without its text: nothing ships whose licence is unknown or only named.
"""

from __future__ import annotations

import argparse
import importlib.metadata as metadata
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
LICENCE_NAMES = ("license", "licence", "copying", "notice", "copyright", "authors")

# What wheels carry inside them without a distribution of its own: the wheel, the file's beginning, name, licence, text.
VENDORED = (
    ("opencv-python-headless", "libavcodec", "FFmpeg", "LGPL-2.1-or-later", "texts/LGPL-2.1.txt"),
    ("opencv-python-headless", "opencv_videoio_ffmpeg", "FFmpeg", "LGPL-2.1-or-later", "texts/LGPL-2.1.txt"),
    # The wheel for Apple silicon carries a build of FFmpeg with these; see resources/licences/MACOS.md.
    ("opencv-python-headless", "libx264", "x264", "GPL-2.0-or-later", "texts/GPL-3.0.txt"),
    ("opencv-python-headless", "libx265", "x265", "GPL-2.0-or-later", "texts/GPL-3.0.txt"),
    ("opencv-python-headless", "librubberband", "Rubber Band Library", "GPL-2.0-or-later", "texts/GPL-3.0.txt"),
    ("opencv-python-headless", "libvidstab", "vid.stab", "GPL-2.0-or-later", "texts/GPL-3.0.txt"),
    ("opencv-python-headless", "libpostproc", "libpostproc", "GPL-2.0-or-later", "texts/GPL-3.0.txt"),
    ("opencv-python-headless", "libopenblas", "OpenBLAS", "BSD-3-Clause", ""),
    ("numpy", "libscipy_openblas", "OpenBLAS", "BSD-3-Clause", ""),
    ("numpy", "libgfortran", "GNU Fortran runtime", "GPL-3.0-or-later WITH GCC-exception-3.1", "texts/GPL-3.0.txt"),
    # Not by its data, which less_icu.sh makes smaller.
    ("pyside6-essentials", "libicuuc", "ICU", "Unicode-3.0", ""),
    ("pyside6-essentials", "libQt6Core", "Qt", "LGPL-3.0-only", "texts/LGPL-3.0.txt"),
    ("pyside6-essentials", "Qt6Core.dll", "Qt", "LGPL-3.0-only", "texts/LGPL-3.0.txt"),
    ("pyside6-essentials", "QtCore", "Qt", "LGPL-3.0-only", "texts/LGPL-3.0.txt"),
    ("pypdfium2", "libpdfium", "PDFium", "BSD-3-Clause AND Apache-2.0", ""),
    ("pypdfium2", "pdfium.dll", "PDFium", "BSD-3-Clause AND Apache-2.0", ""),
)
# Distributions whose metadata names no SPDX licence, or whose wheel leaves the text out.
LICENCES = {
    "ai-edge-litert": ("Apache-2.0", ""),
    "arabic-reshaper": ("MIT", ""),
    "backports-tarfile": ("MIT", ""),
    "colorama": ("BSD-3-Clause", ""),
    "flatbuffers": ("Apache-2.0", "../../LICENSE"),
    "jaraco-classes": ("MIT", ""),
    "jinja2": ("BSD-3-Clause", ""),
    "opencv-python-headless": ("Apache-2.0", ""),
    "protobuf": ("BSD-3-Clause", ""),
    "pyinstaller": ("GPL-2.0-or-later WITH Bootloader-exception", ""),
    "pyside6-essentials": ("LGPL-3.0-only", "texts/LGPL-3.0.txt"),
    "python-bidi": ("LGPL-3.0-only", "texts/LGPL-3.0.txt"),
    "reportlab": ("BSD-3-Clause", ""),
    "segno": ("BSD-3-Clause", ""),
    "shiboken6": ("LGPL-3.0-only", "texts/LGPL-3.0.txt"),
    "packageurl-python": ("MIT", ""),
}


def plain(name: str) -> str:
    """Return a distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def purl(kind: str, name: str, version: str) -> str:
    """Return a package URL (the purl specification)."""
    return f"pkg:{kind}/{name}@{quote(version, safe='.+-~')}"


@dataclass
class Part:
    """One component: where it comes from, what it is licensed under, and the licence texts."""

    name: str
    version: str
    licence: str
    purl: str
    texts: list[Path] = field(default_factory=list)


def owners_of_files() -> dict[str, metadata.Distribution]:
    """Return which distribution owns each installed file, by its resolved path."""
    owners = {}
    resolved = cache(os.path.realpath)  # thousands of files in hundreds of folders
    for distribution in metadata.distributions():
        for file in distribution.files or []:
            folder, name = os.path.split(str(distribution.locate_file(file)))
            owners[os.path.join(resolved(folder), name)] = distribution  # noqa: PTH118 - as fast as it gets
    return owners


def python_part() -> Part:
    version = ".".join(map(str, sys.version_info[:3]))
    base = Path(sys.base_prefix)
    places = [
        Path(sys.prefix) / "LICENSE.txt",
        base / "LICENSE.txt",
        base / "LICENSE",
        *base.glob("lib/python3*/LICENSE.txt"),
    ]
    places += [*Path("/usr/share/doc").glob(f"python3.{sys.version_info[1]}*/copyright")]
    texts = [place for place in places if place.is_file()][:1]
    return Part("Python", version, "PSF-2.0", purl("generic", "python", version), texts)


def distribution_part(distribution: metadata.Distribution) -> Part:
    name, version = distribution.metadata["Name"], distribution.version
    texts = []
    for file in distribution.files or []:
        path = Path(str(distribution.locate_file(file)))
        is_info = ".dist-info" in str(file) or path.parent.name == "cv2"
        # A folder of licences (PEP 639) may name its files by what they are: pypdfium2 has BSD-3-Clause.txt.
        is_licence = path.name.lower().startswith(LICENCE_NAMES) or ".dist-info/licenses/" in file.as_posix()
        if is_info and is_licence and path.suffix not in (".py", ".pyc"):
            texts.append(path)
    licence, text = LICENCES.get(plain(name), ("", ""))
    licence = distribution.metadata.get("License-Expression") or licence or distribution.metadata.get("License", "")
    if plain(name) in LICENCES:
        licence = LICENCES[plain(name)][0]
    if text:
        texts.append((ROOT / "resources" / "licences" / text).resolve())
    return Part(
        name,
        version,
        licence.splitlines()[0] if licence else "",
        purl("pypi", plain(name), version),
        texts,
    )


def debian_packages(paths: list[str]) -> dict[str, str]:
    """Return the Debian package that owns each library of the build machine, for those that belong to one."""
    if not paths or not shutil.which("dpkg"):
        return {}
    # A merged /usr has two names for a file, and dpkg knows one of them.
    names = {n: path for path in paths for n in (path, path.removeprefix("/usr"), f"/usr{path}")}
    listing = subprocess.run(["dpkg", "-S", *names], capture_output=True, text=True, check=False).stdout
    found = {}
    for line in listing.splitlines():
        packages, _, file = line.partition(": ")
        if file in names:
            found[names[file]] = packages.split(",")[0]
    return found


def debian_part(package: str) -> Part:
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=True
    )
    name = package.split(":")[0]
    text = Path("/usr/share/doc") / name / "copyright"
    address = purl("deb", f"debian/{name}", shown.stdout)
    return Part(name, shown.stdout, "see its copyright file", address, [text] if text.is_file() else [])


def parts_of(shipped: dict[str, list[list[str]]], bundle: Path, freezer: str | None = "pyinstaller") -> dict[str, Part]:
    """Return the components by name. Raises SystemExit naming the files that belong to none."""
    owners = owners_of_files()
    python = python_part()
    parts: dict[str, Part] = {"Python": python}
    strangers = []
    standard = {str(Path(p).resolve()) for p in (sys.base_prefix, Path(json.__file__).parents[1])}
    for place, source in (entry for entries in shipped.values() for entry in entries):
        if not Path(source).is_absolute():
            continue  # a link within the bundle
        path = str(Path(source).resolve())
        if _is_ours(path):
            continue
        if owner := owners.get(path):
            if owner.metadata["Name"] not in parts:
                parts[owner.metadata["Name"]] = distribution_part(owner)
            for wheel, start, name, licence, text in VENDORED:
                if plain(owner.metadata["Name"]) == wheel and Path(path).name.startswith(start):
                    if not _is_as_delivered(Path(path), bundle / place):
                        continue
                    version = owner.version if name == "Qt" else f"in {wheel} {owner.version}"
                    texts = [ROOT / "resources" / "licences" / text] if text else parts[owner.metadata["Name"]].texts
                    address = purl("generic", name.lower().replace(" ", "-"), version)
                    parts.setdefault(f"{name} ({wheel})", Part(f"{name} ({wheel})", version, licence, address, texts))
        elif any(Path(path).is_relative_to(prefix) for prefix in standard):
            continue
        elif "PyInstaller" not in path:
            strangers.append(path)
    packages = debian_packages(strangers)
    for package in sorted(set(packages.values())):
        part = debian_part(package)
        parts.setdefault(part.name, part)
    if unknown := set(strangers) - set(packages):
        raise SystemExit("No licence is known for what would ship:\n  " + "\n  ".join(sorted(unknown)))
    if freezer is not None:
        # Its start-up code is in the program without being a file of it.
        parts[freezer] = distribution_part(metadata.distribution(freezer))
    return parts


def _is_as_delivered(source: Path, shipped: Path) -> bool:
    """Tell whether a library ships as its wheel has it; one_openblas.sh replaces one by a far smaller one."""
    return not shipped.is_file() or shipped.stat().st_size * 2 > source.stat().st_size


def _is_ours(path: str) -> bool:
    inside = Path(path).is_relative_to(ROOT)
    return inside and ".venv" not in Path(path).relative_to(ROOT).parts[0]


def write_texts(parts: dict[str, Part], folder: Path) -> None:
    """Write each component's licence texts into a folder of its own, and a table over them."""
    shutil.rmtree(folder, ignore_errors=True)
    lines = [
        "# Third-party software in this program",
        "",
        "| component | version | licence | texts |",
        "|---|---|---|---|",
    ]
    for part in sorted(parts.values(), key=lambda p: p.name.lower()):
        place = folder / part.name.replace("/", "-").replace(" ", "_")
        names = []
        for text in dict.fromkeys(part.texts):
            place.mkdir(parents=True, exist_ok=True)
            # Several of one name, from several folders of a wheel, stay apart by as much of their way as that takes.
            ways = ("-".join(text.parts[-length:]) for length in range(1, len(text.parts)))
            name = next(way for way in ways if f"{place.name}/{way}" not in names)
            shutil.copyfile(text, place / name)
            names.append(f"{place.name}/{name}")
        lines.append(f"| {part.name} | {part.version} | {part.licence} | {', '.join(names)} |")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "THIRD-PARTY.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def check_licences(parts: dict[str, Part]) -> None:
    """Raises SystemExit naming the components whose licence, or its text, is not known."""
    lacking = [f"{part.name}: no licence" for part in parts.values() if not part.licence]
    lacking += [f"{part.name}: no licence text" for part in parts.values() if not part.texts]
    if lacking:
        raise SystemExit("Not to be shipped as it is:\n  " + "\n  ".join(sorted(lacking)))


def write_sbom(parts: dict[str, Part], path: Path, version: str) -> None:
    """Write the list of components as CycloneDX 1.6 JSON."""
    # Imported here: only a build has them, and the rest of this module is tested without.
    from cyclonedx.contrib.this.builders import this_component
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    bom = Bom()
    bom.metadata.tools.components.add(this_component())
    bom.metadata.component = Component(
        name="Headcount",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref="headcount",
        licenses=[DisjunctiveLicense(id="Apache-2.0")],
    )
    for part in sorted(parts.values(), key=lambda p: p.name.lower()):
        licence = [DisjunctiveLicense(name=part.licence)] if part.licence else []
        component = Component(
            name=part.name,
            version=part.version,
            type=ComponentType.LIBRARY,
            purl=PackageURL.from_string(part.purl),
            licenses=licence,
            bom_ref=part.purl,
        )
        bom.components.add(component)
    bom.register_dependency(bom.metadata.component, list(bom.components))
    path.write_text(JsonV1Dot6(bom).output_as_string(indent=1), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shipped", type=Path)
    parser.add_argument("bundle", type=Path, help="the folder of the frozen program that holds resources/")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from desktop_app import __version__

    parts = parts_of(json.loads(arguments.shipped.read_text(encoding="utf-8")), arguments.bundle)
    check_licences(parts)
    licences = arguments.bundle / "resources" / "licences"
    write_texts(parts, licences / "third-party")
    shutil.copyfile(ROOT / "LICENSE", licences / "LICENSE.txt")
    write_sbom(parts, licences / "sbom.cdx.json", __version__)
    print(f"{len(parts)} components, each with its licence and the text")


if __name__ == "__main__":
    main()
