"""Makes resources/demo/demo.mp4 and demo.truth.json: 30 s of visitors in an entrance hall, and who they were.

    python tools/demo/make_demo.py [--frames FOLDER]

Needs the `ffmpeg` command and, for the portraits, the package registry that pip is set up for. The same inputs give the
same pictures on every run.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from portraits import Head, heads
from scene import (
    FOCAL,
    HEIGHT,
    PILLAR_X,
    PILLAR_Z,
    WIDTH,
    Clothes,
    Pose,
    draw_person,
    paint_hall,
    paint_pillar,
    project,
)

ROOT = Path(__file__).resolve().parents[2]
FPS = 30
DURATION_S = 30.0
SMALLEST_FACE_PX = 24
TRUTH_STEP_S = 0.2


@dataclass(frozen=True)
class Visit:
    """One appearance. `path` has rows of (time in s, x in m, z in m, yaw in degrees), walked in between."""

    person: str
    gender: str
    age_years: int
    head: str
    clothes: Clothes
    path: tuple[tuple[float, float, float, float], ...]

    def pose(self, time_s: float) -> Pose | None:
        times = [row[0] for row in self.path]
        if not times[0] <= time_s <= times[-1]:
            return None
        x, z, yaw = (float(np.interp(time_s, times, [row[i] for row in self.path])) for i in (1, 2, 3))
        walked = 0.0
        for (t1, x1, z1, _), (t2, x2, z2, _) in zip(self.path, self.path[1:], strict=False):
            done = min(1.0, max(0.0, (time_s - t1) / (t2 - t1)))
            walked += done * math.hypot(x2 - x1, z2 - z1)
        wobble = math.sin(1.7 * time_s + len(self.head))
        return Pose(x, z, yaw + 5 * wobble, walked, roll=2.2 * math.sin(2.3 * time_s + len(self.person)))


NAVY, CHARCOAL, WHITE = (88, 56, 40), (66, 62, 60), (236, 236, 238)

VISITS = (
    Visit("A", "female", 38, "collins", Clothes((70, 120, 214), (110, 84, 62)), (
        (0.2, 0.25, 9.0, 0), (5.2, -0.35, 2.0, 0), (7.6, -1.75, 1.7, 15),
    )),
    Visit("B", "male", 50, "obama", Clothes(NAVY, (70, 48, 36), WHITE), (
        (1.4, -2.75, 3.3, -25), (3.2, -1.1, 3.3, -15), (5.4, 0.9, 3.3, -10), (7.6, 2.9, 3.3, -25),
    )),
    Visit("C", "male", 68, "biden", Clothes((150, 118, 84), (74, 82, 92)), (
        (4.6, -0.7, 9.0, 0), (9.6, 0.1, 2.0, 0), (11.6, 0.75, 1.35, 0), (12.8, 1.7, 1.35, 20),
    )),
    Visit("D", "female", 78, "hopper", Clothes((116, 64, 128), (70, 58, 66), skirt=True), (
        (7.0, 2.4, 2.7, 20), (9.6, -0.35, 2.7, 5), (10.3, -0.5, 2.75, 10), (11.0, -0.55, 2.8, 120),
        (12.0, -0.55, 2.8, 178),
        (13.2, -0.55, 2.8, 178), (14.0, -0.55, 2.7, 20), (14.4, -0.6, 2.7, 0), (17.0, -2.5, 2.6, -15),
    )),
    Visit("E", "male", 55, "composite_man", Clothes((62, 92, 60), (104, 108, 116), None, (96, 150, 108)), (
        (10.4, -1.9, 1.95, -15), (13.0, -0.75, 2.0, -8), (14.6, -0.1, 2.0, 0), (17.6, 1.9, 1.95, -15),
    )),
    Visit("F", "female", 45, "composite_woman", Clothes((58, 50, 168), (60, 52, 52), skirt=True), (
        (13.6, 0.4, 9.0, 0), (18.4, 0.35, 2.6, 0), (20.2, -0.2, 1.6, 0), (21.4, -1.5, 1.4, 15),
    )),
    Visit("B", "male", 50, "obama_standing", Clothes((168, 176, 188), (92, 84, 76), None), (
        (16.2, 2.9, 3.4, 20), (18.0, 1.5, 3.4, 10), (20.2, -0.5, 3.4, 5), (23.0, -2.9, 3.3, 20),
    )),
    Visit("A", "female", 38, "collins", Clothes((150, 152, 60), (150, 132, 116)), (
        (18.8, -0.6, 9.0, 0), (23.6, 0.3, 2.2, 0), (25.4, 0.65, 1.45, 0), (26.6, 1.75, 1.35, -15),
    )),
    Visit("C", "male", 68, "biden", Clothes(CHARCOAL, (56, 52, 50), (222, 208, 190)), (
        (21.2, -2.2, 2.5, -15), (24.4, -0.1, 2.5, 0), (28.2, 2.4, 2.5, -15),
    )),
    Visit("G", "female", 35, "dark_haired_woman", Clothes((200, 160, 96), (84, 74, 70), skirt=True), (
        (23.2, -0.9, 8.0, 0), (30.1, -0.3, 2.0, 0),
    )),
)  # fmt: skip


def frame_at(time_s: float, hall: NDArray[np.uint8], cast: dict[str, Head], rng: np.random.Generator):  # type: ignore[no-untyped-def]
    """Return the picture at `time_s` and the boxes of the faces of each visit on it, by the visit's place in VISITS."""
    image = hall.copy()
    present = [(visit.pose(time_s), number) for number, visit in enumerate(VISITS)]
    order = sorted(((pose, number) for pose, number in present if pose), key=lambda item: -item[0].z)
    boxes: dict[int, tuple[float, float, float, float]] = {}
    pillar_painted = False
    for pose, number in order:
        if pose.z < PILLAR_Z and not pillar_painted:
            paint_pillar(image)
            pillar_painted = True
        visit = VISITS[number]
        boxes[number] = draw_person(image, cast[visit.head], visit.clothes, pose)
    if not pillar_painted:
        paint_pillar(image)
    return _camera(image, time_s, rng), boxes, order


def _camera(image: NDArray[np.uint8], time_s: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return `image` as a plain camera gives it: slightly soft, at times out of focus, noisy, exposure wandering."""
    hunting = math.exp(-(((time_s - 17.2) / 0.35) ** 2))
    image = cv2.GaussianBlur(image, (0, 0), 0.55 + 2.2 * hunting).astype(np.uint8)
    exposure = 1 + 0.05 * math.sin(0.9 * time_s) - 0.22 * math.exp(-(((time_s - 8.6) / 0.5) ** 2))
    noise = cv2.resize(rng.normal(0, 3.2, (HEIGHT // 2, WIDTH // 2, 3)).astype(np.float32), (WIDTH, HEIGHT))
    return np.clip(image * np.float32(exposure) + noise, 0, 255).astype(np.uint8)


def is_visible(number: int, boxes: dict[int, tuple[float, float, float, float]], order) -> bool:  # type: ignore[no-untyped-def]
    """Tell whether a person looking at the frame could see that face: large enough, inside, turned here, uncovered."""
    x1, y1, x2, y2 = boxes[number]
    pose = next(pose for pose, n in order if n == number)
    width, height = x2 - x1, y2 - y1
    inside = max(0.0, min(x2, WIDTH) - max(x1, 0)) * max(0.0, min(y2, HEIGHT) - max(y1, 0)) / (width * height)
    if height < SMALLEST_FACE_PX or inside < 0.6 or abs(pose.yaw) > 60:
        return False
    if pose.z > PILLAR_Z:
        left, right = project(PILLAR_X[0], 0, PILLAR_Z)[0], project(PILLAR_X[1], 0, PILLAR_Z)[0]
        if max(0.0, min(x2, right) - max(x1, left)) > 0.5 * width:
            return False
    for other, n in order:
        scale = FOCAL / other.z
        if n == number or other.z >= pose.z:
            continue
        centre = project(other.x, 0, other.z)[0]
        reach = 0.17 * scale if y2 < project(0, 1.5, other.z)[1] else 0.22 * scale
        covered = min(x2, centre + reach) - max(x1, centre - reach)
        if covered > 0.5 * width and y2 > project(0, 1.8, other.z)[1]:
            return False
    return True


def truth_of(samples: list[tuple[float, int, tuple[float, float, float, float], bool]]) -> dict[str, object]:
    """Return the truth of the clip from its samples (time, visit, face box, whether it can be seen)."""
    people = []
    for number, visit in enumerate(VISITS):
        seen = [time_s for time_s, n, _, visible in samples if n == number and visible]
        rows = [(t, box, visible) for t, n, box, visible in samples if n == number]
        people.append({
            "person": visit.person, "gender": visit.gender, "age_years": visit.age_years,
            "first_seen_s": round(min(seen), 2), "last_seen_s": round(max(seen), 2),
            "boxes": [[round(t, 2), *(round(v) for v in box), int(visible)] for t, box, visible in rows],
        })  # fmt: skip
    persons = {visit.person: visit.gender for visit in VISITS}
    genders = [visit.gender for visit in VISITS]
    return {
        "clip": "demo.mp4", "width": WIDTH, "height": HEIGHT, "fps": FPS, "duration_s": DURATION_S,
        "notes": "appearances count again whoever leaves and comes back; males and females are distinct people. "
                 "A row of boxes is time_s, x1, y1, x2, y2, visible; a box runs from forehead to chin and ear to ear.",
        "appearances": len(VISITS),
        "appearances_female": genders.count("female"), "appearances_male": genders.count("male"),
        "females": sum(g == "female" for g in persons.values()), "males": sum(g == "male" for g in persons.values()),
        "people": people,
    }  # fmt: skip


def encoder(path: Path) -> subprocess.Popen[bytes]:
    """Return ffmpeg waiting for BGR frames on its input and writing H.264, which OpenCV's wheel decodes everywhere."""
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}"]
    command += ["-r", str(FPS), "-i", "-", "-threads", "1", "-c:v", "libx264", "-preset", "slow", "-crf", "23"]
    command += ["-pix_fmt", "yuv420p", "-g", "60", "-movflags", "+faststart", "-fflags", "+bitexact", str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--frames", type=Path, help="write every 30th frame with its boxes into this folder, to look at"
    )
    parser.add_argument("--only-frames", action="store_true", help="make only those frames and no clip")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    cast = heads(ROOT / "build" / "demo", ROOT / "tools" / "yunet" / "face_detection_yunet_2023mar.onnx")
    rng = np.random.default_rng(7)
    hall = paint_hall(rng)
    folder = ROOT / "resources" / "demo"
    writer = None if arguments.only_frames else encoder(folder / "demo.mp4")
    samples = []
    for index in range(int(DURATION_S * FPS)):
        time_s = index / FPS
        if writer is None and index % FPS:
            continue
        image, boxes, order = frame_at(time_s, hall, cast, rng)
        if writer is not None and writer.stdin is not None:
            writer.stdin.write(image.tobytes())
        if index % round(TRUTH_STEP_S * FPS) == 0:
            samples += [(time_s, n, box, is_visible(n, boxes, order)) for n, box in boxes.items()]
        if arguments.frames and index % FPS == 0:
            _show(arguments.frames, index, image, boxes, order)
        print(f"\r{100 * (index + 1) // int(DURATION_S * FPS)} %", end="", flush=True)
    print()
    if writer is not None and writer.stdin is not None:
        writer.stdin.close()
        if writer.wait() != 0:
            raise SystemExit("ffmpeg could not write the clip")
        text = json.dumps(truth_of(samples), indent=1)
        (folder / "demo.truth.json").write_text(_rows_on_one_line(text) + "\n", encoding="utf-8")


def _rows_on_one_line(text: str) -> str:
    """Return JSON `text` with each innermost list on one line, so that the file reads as a table."""
    import re

    return re.sub(r"\[\s+([-\d.,\s]+?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text)


def _show(folder: Path, index: int, image: NDArray[np.uint8], boxes, order) -> None:  # type: ignore[no-untyped-def]
    folder.mkdir(parents=True, exist_ok=True)
    shown = image.copy()
    for number, (x1, y1, x2, y2) in boxes.items():
        colour = (0, 200, 0) if is_visible(number, boxes, order) else (0, 0, 220)
        cv2.rectangle(shown, (round(x1), round(y1)), (round(x2), round(y2)), colour, 1)
    cv2.imwrite(str(folder / f"{index:04d}.png"), shown)


if __name__ == "__main__":
    main()
