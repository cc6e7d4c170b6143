"""Draws a `FrameResult` on a copy of its picture, for recordings, snapshots and `--annotated`.

The colours are those of Okabe and Ito ("Color Universal Design", 2008), told apart with every common kind of colour
blindness, and each gender has a mark of its own shape as well, so that nothing depends on colour alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.places import Line, Zone
from desktop_app.domain.types import Counts, FrameResult, Gender, Track

PALETTE = MappingProxyType({Gender.FEMALE: "#E69F00", Gender.MALE: "#56B4E9", Gender.UNDECIDED: "#DFE5EA"})
"""Colours on top of a picture: orange, sky blue and a light grey."""

STAFF_COLOUR = "#B48EE0"
PLACE_COLOUR = "#F0E442"

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]
_FONT = cv2.FONT_HERSHEY_DUPLEX
_CAP_HEIGHT = 21.0
"""Height of a capital letter of the font at scale 1, in pixels."""

_PLATE: Colour = (20, 16, 12)
_PLATE_OPACITY = 0.8
_WHITE: Colour = (255, 255, 255)


def bgr(colour: str) -> Colour:
    """Return "#RRGGBB" as OpenCV's (blue, green, red)."""
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)


def label_text(track: Track) -> str:
    """Return the label over a person: gender, age band and short id; "" before confirmation."""
    if not track.confirmed:
        return ""
    decision = track.decision
    if track.is_staff:
        return f"staff #{track.track_id}"
    parts = []
    if decision.gender is not Gender.UNDECIDED:
        parts.append(decision.gender.value)
    elif not decision.is_child:
        parts.append("undecided")
    if decision.age_band is not None:
        parts.append(f"child {decision.age_band}" if decision.is_child else decision.age_band)
    return " ".join([*parts, f"#{track.track_id}"])


def plain_ascii(text: str) -> str:
    """Return `text` in the letters OpenCV's font has: accents are dropped, other scripts become "?"."""
    folded = unicodedata.normalize("NFKD", text)
    return "".join(c if " " <= c <= "~" else "?" for c in folded if not unicodedata.combining(c))


def place_label(
    box: Rect,
    size: tuple[int, int],
    picture: tuple[int, int],
    taken: Sequence[Rect],
    faces: Sequence[Rect] = (),
) -> Rect:
    """Return where a plate of (width, height) goes for a box, all as (x1, y1, x2, y2): within the picture, off `taken`.

    Above the box if it can, else below, inside, or a row further off, and if possible off the `faces` of others; where
    all is taken, the first that fits.
    """
    width, height = size
    x = max(0, min(box[0], picture[0] - width))
    gap = max(2, height // 8)
    tops = [
        box[1] - height - gap,
        box[3] + gap,
        box[1] + gap,
        box[1] - 2 * (height + gap),
        box[3] + height + 2 * gap,
        box[3] - height - gap,
    ]
    fitting = [(x, y, x + width, y + height) for y in tops if 0 <= y <= picture[1] - height]
    for others in ((*taken, *faces), taken):
        for rect in fitting:
            if not any(_overlap(rect, other) for other in others):
                return rect
    if fitting:
        return fitting[0]
    y = max(0, min(tops[0], picture[1] - height))
    return (x, y, x + width, y + height)


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


class Annotator:
    """Draws results; `annotator(result)` returns a new uint8 (height, width, 3) BGR picture.

    `lines` and `zones` are drawn where given, and so are the counts of the result: a plate in the upper left corner.
    All sizes follow the picture's, from 480p to 4K. Stateless between frames, so any thread may call it.
    """

    def __init__(self, lines: Sequence[Line] = (), zones: Sequence[Zone] = ()) -> None:
        self.lines = tuple(lines)
        self.zones = tuple(zones)

    def __call__(self, result: FrameResult) -> NDArray[np.uint8]:
        return self.draw(result)

    def draw(self, result: FrameResult) -> NDArray[np.uint8]:
        canvas = _Canvas(result.frame.image_bgr)
        for zone in self.zones:
            canvas.polygon(zone.points, zone.name)
        for line in self.lines:
            canvas.arrow_line((line.x1, line.y1), (line.x2, line.y2), line.name)
        if result.counts is not None:
            canvas.totals(result.counts)
        # Large faces first: the plates of those in front get the best places.
        tracks = sorted(result.tracks, key=lambda t: (-t.box.area, t.track_id))
        for track in tracks:
            canvas.box(track)
        faces = [canvas.rect(track) for track in tracks]
        for k, track in enumerate(tracks):
            canvas.label(track, faces[k], faces[:k] + faces[k + 1 :])
        return canvas.image


def annotate(result: FrameResult, lines: Sequence[Line] = (), zones: Sequence[Zone] = ()) -> NDArray[np.uint8]:
    """Return a copy of the result's picture with everything drawn on it; see `Annotator`."""
    return Annotator(lines, zones).draw(result)


def _track_colour(track: Track) -> Colour:
    return bgr(STAFF_COLOUR if track.is_staff else PALETTE[track.decision.gender])


class _Canvas:
    """One picture being drawn on."""

    def __init__(self, image_bgr: NDArray[np.uint8]) -> None:
        self.image: NDArray[np.uint8] = np.array(image_bgr, np.uint8, order="C")  # a copy: nobody writes into a frame
        self.height, self.width = self.image.shape[:2]
        # Text of 1/45 of the shorter side is easy to read at every screen size; below 11 pixels no letter is legible.
        self.unit = float(np.clip(min(self.width, self.height) / 45, 11, 64))
        self.scale = 0.72 * self.unit / _CAP_HEIGHT
        self.thin = max(1, round(self.unit / 12))
        self.taken: list[Rect] = []

    def text_size(self, text: str) -> tuple[int, int]:
        (width, _), _ = cv2.getTextSize(text, _FONT, self.scale, self.thin)
        return width, round(_CAP_HEIGHT * self.scale)

    def text(self, text: str, x: int, baseline: int, colour: Colour) -> None:
        cv2.putText(self.image, text, (x, baseline), _FONT, self.scale, colour, self.thin, cv2.LINE_AA)

    def plate(self, rect: Rect) -> None:
        """Darken a rectangle, so that text on it reads on any picture."""
        x1, y1, x2, y2 = max(0, rect[0]), max(0, rect[1]), min(self.width, rect[2]), min(self.height, rect[3])
        if x2 <= x1 or y2 <= y1:
            return
        region = self.image[y1:y2, x1:x2]
        tone = np.empty_like(region)
        tone[:] = _PLATE
        cv2.addWeighted(tone, _PLATE_OPACITY, region, 1 - _PLATE_OPACITY, 0.0, dst=region)

    def mark(self, gender: Gender, x: int, y: int, side: int, colour: Colour) -> None:
        """Fill the gender's mark in the square of `side` pixels whose upper left corner is (x, y)."""
        half = side // 2
        cx, cy = x + half, y + half
        if gender is Gender.FEMALE:
            cv2.circle(self.image, (cx, cy), half, colour, cv2.FILLED, cv2.LINE_AA)
        elif gender is Gender.MALE:
            cv2.rectangle(self.image, (x + 1, y + 1), (x + 2 * half - 1, y + 2 * half - 1), colour, cv2.FILLED)
        else:
            corners = np.array([(cx, cy - half), (cx + half, cy), (cx, cy + half), (cx - half, cy)], np.int32)
            cv2.fillConvexPoly(self.image, corners, colour, cv2.LINE_AA)

    def box(self, track: Track) -> None:
        rect = self.rect(track)
        colour = _track_colour(track) if track.confirmed else _WHITE
        width = max(2, round(self.unit / 7)) if track.confirmed else self.thin
        outline = self._rounded if track.seen else self._corners
        if track.confirmed:
            outline(rect, (0, 0, 0), width + 2 * self.thin)
        outline(rect, colour, width)

    def label(self, track: Track, face: Rect, others: Sequence[Rect]) -> None:
        text = label_text(track)
        if not text:
            return
        text_width, text_height = self.text_size(text)
        pad = round(self.unit * 0.35)
        side = round(self.unit * 0.8)
        size = (text_width + side + 3 * pad, max(text_height, side) + 2 * pad)
        rect = place_label(face, size, (self.width, self.height), self.taken, others)
        self.taken.append(rect)
        self.plate(rect)
        colour = _track_colour(track)
        middle = (rect[1] + rect[3]) // 2
        self.mark(track.decision.gender, rect[0] + pad, middle - side // 2, side, colour)
        self.text(text, rect[0] + 2 * pad + side, middle + text_height // 2, colour)

    def totals(self, counts: Counts) -> None:
        """Draw the running totals as one row, each gender with its mark."""
        parts = [
            (None, f"people {counts.people}"),
            (Gender.FEMALE, f"female {counts.female}"),
            (Gender.MALE, f"male {counts.male}"),
            (Gender.UNDECIDED, f"undecided {counts.undecided}"),
        ]
        pad = round(self.unit * 0.5)
        side = round(self.unit * 0.8)
        height = side + 2 * pad
        marks = [0 if gender is None else side + pad // 2 for gender, _ in parts]
        widths = [self.text_size(text)[0] + mark + 2 * pad for (_, text), mark in zip(parts, marks, strict=True)]
        if sum(widths) > self.width:  # a narrow picture: only the number of people
            parts, widths = parts[:1], widths[:1]
        rect = (0, 0, sum(widths), height)
        self.taken.append(rect)
        self.plate(rect)
        x = pad
        for (gender, text), width in zip(parts, widths, strict=True):
            at = x
            colour = _WHITE
            if gender is not None:
                colour = bgr(PALETTE[gender])
                self.mark(gender, at, height // 2 - side // 2, side, colour)
                at += side + pad // 2
            self.text(text, at, height // 2 + self.text_size(text)[1] // 2, colour)
            x += width

    def arrow_line(self, start: tuple[float, float], end: tuple[float, float], name: str) -> None:
        """Draw a counting line with a small arrow from its middle to the side that is "in"."""
        a, b = self._pixel(start), self._pixel(end)
        colour = bgr(PLACE_COLOUR)
        width = max(2, round(self.unit / 6))
        cv2.line(self.image, a, b, (0, 0, 0), width + 2 * self.thin, cv2.LINE_AA)
        cv2.line(self.image, a, b, colour, width, cv2.LINE_AA)
        along = np.array([b[0] - a[0], b[1] - a[1]], np.float64)
        length = float(np.hypot(along[0], along[1]))
        if length > 0:
            # "In" lies at the right hand of somebody who walks along the line, in a picture whose y points down.
            right = np.array([-along[1], along[0]]) / length
            middle = (np.array(a) + np.array(b)) / 2
            tip = middle + right * self.unit * 1.6
            ends = [(int(p[0]), int(p[1])) for p in (middle, tip)]
            cv2.arrowedLine(self.image, ends[0], ends[1], colour, width, cv2.LINE_AA, tipLength=0.45)
        self._place_name(name, a)

    def polygon(self, points: Sequence[tuple[float, float]], name: str) -> None:
        corners = np.array([self._pixel(p) for p in points], np.int32)
        colour = bgr(PLACE_COLOUR)
        x, y, width, height = cv2.boundingRect(corners)
        region = self.image[y : y + height, x : x + width]
        tint = region.copy()
        cv2.fillPoly(tint, [corners - np.array([x, y], np.int32)], colour)
        cv2.addWeighted(tint, 0.15, region, 0.85, 0.0, dst=region)
        cv2.polylines(self.image, [corners], True, colour, max(2, round(self.unit / 8)), cv2.LINE_AA)
        top = min(corners.tolist(), key=lambda p: (p[1], p[0]))
        self._place_name(name, (int(top[0]), int(top[1])))

    def _place_name(self, name: str, at: tuple[int, int]) -> None:
        text = plain_ascii(name)
        width, height = self.text_size(text)
        pad = round(self.unit * 0.3)
        size = (width + 2 * pad, height + 2 * pad)
        rect = place_label((at[0], at[1], at[0], at[1]), size, (self.width, self.height), self.taken)
        self.taken.append(rect)
        self.plate(rect)
        self.text(text, rect[0] + pad, rect[3] - pad, bgr(PLACE_COLOUR))

    def _pixel(self, point: tuple[float, float]) -> tuple[int, int]:
        return round(point[0] * (self.width - 1)), round(point[1] * (self.height - 1))

    def rect(self, track: Track) -> Rect:
        b = track.box
        return round(b.x1), round(b.y1), round(b.x2), round(b.y2)

    def _rounded(self, rect: Rect, colour: Colour, width: int) -> None:
        x1, y1, x2, y2 = rect
        r = max(1, round(0.12 * min(x2 - x1, y2 - y1)))
        for start, end in (
            ((x1 + r, y1), (x2 - r, y1)),
            ((x1 + r, y2), (x2 - r, y2)),
            ((x1, y1 + r), (x1, y2 - r)),
            ((x2, y1 + r), (x2, y2 - r)),
        ):
            cv2.line(self.image, start, end, colour, width, cv2.LINE_AA)
        for centre, angle in (
            ((x1 + r, y1 + r), 180),
            ((x2 - r, y1 + r), 270),
            ((x2 - r, y2 - r), 0),
            ((x1 + r, y2 - r), 90),
        ):
            cv2.ellipse(self.image, centre, (r, r), angle, 0, 90, colour, width, cv2.LINE_AA)

    def _corners(self, rect: Rect, colour: Colour, width: int) -> None:
        """Draw the four corners only: the box is a prediction, the face was not found in the latest detection."""
        x1, y1, x2, y2 = rect
        dx, dy = max(2, (x2 - x1) // 4), max(2, (y2 - y1) // 4)
        for x, y, sx, sy in ((x1, y1, 1, 1), (x2, y1, -1, 1), (x1, y2, 1, -1), (x2, y2, -1, -1)):
            cv2.line(self.image, (x, y), (x + sx * dx, y), colour, width, cv2.LINE_AA)
            cv2.line(self.image, (x, y), (x, y + sy * dy), colour, width, cv2.LINE_AA)
