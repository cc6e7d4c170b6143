"""Distortions of a training face, as they happen to a real one: covers, geometry, light, optics, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.training.config import AugmentConfig
from desktop_app.training.covers import covered
from desktop_app.vision.attributes.preprocess import BORDERS, InputSpec, crop_face

Picture = NDArray[np.uint8]


MOST_TILT_DEGREES = 42.0
"""A head laid on the shoulder."""


SHORTEST_MOTION, LONGEST_MOTION = 4 / 128, 36 / 128
"""How far a face moves while the picture is taken, as a share of its crop."""
_HALVINGS = 4


def augmented(
    picture: Picture,
    box: Box,
    spec: InputSpec,
    rng: np.random.Generator,
    config: AugmentConfig,
    landmarks: NDArray[np.float32] | None = None,
) -> Picture:
    """Return one varied crop, uint8 of `spec.shape`, of the face `box` in a uint8 BGR picture.

    `landmarks`, float32 (5, 2) in its pixels, place what covers the face; a face without them (None or NaN) is not
    covered. The crop itself is `preprocess.crop_face`, as in the app; everything here happens to the picture or the
    box before it, except for a rectangle erased at the end.
    """
    if config.cover and rng.random() < config.cover and landmarks is not None and np.isfinite(landmarks).all():
        picture = covered(picture, landmarks, rng)
    cx, cy = box.centre
    side = max(box.width, box.height)
    wild = 2.0 if rng.random() < 0.1 else 1.0  # now and then a detector is off by twice as much
    cx += rng.normal(0, config.shift) * side * wild
    cy += rng.normal(0, config.shift) * side * wild
    side *= float(np.exp(rng.normal(-0.25 * config.zoom, config.zoom) * wild))
    angle = 0.0
    if config.tilt and rng.random() < config.tilt:
        angle = rng.uniform(-MOST_TILT_DEGREES, MOST_TILT_DEGREES)
    elif config.rotate_degrees and rng.random() < 0.5:
        angle = rng.normal(0, config.rotate_degrees)
    if angle:
        turn = cv2.getRotationMatrix2D((cx, cy), angle, 1.0)
        turn[0, 1] += rng.normal(0, 0.04)
        border = {"borderMode": BORDERS[spec.border], "borderValue": spec.border_bgr}
        picture = np.asarray(cv2.warpAffine(picture, turn, picture.shape[1::-1], **border), np.uint8)  # type: ignore[call-overload]
    if config.flip and rng.random() < 0.5:
        picture = picture[:, ::-1]
        cx = picture.shape[1] - cx
    picture = _light(picture, rng, config)
    picture = _optics(picture, rng, config)
    if config.motion and rng.random() < config.motion:
        picture = _moved(picture, side * spec.box_scale, rng)
    small = rng.random() < config.small
    if small:
        picture, factor = _shrink(picture, side, rng)
        cx, cy, side = cx * factor, cy * factor, side * factor
    if rng.random() < config.noise:
        noise = rng.normal(0, rng.uniform(2, 14), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if config.jpeg and rng.random() < (max(0.6, config.jpeg) if small else config.jpeg):
        quality = int(rng.integers(55, 97) if small else rng.integers(25, 95))
        _, data = cv2.imencode(".jpg", np.ascontiguousarray(picture), [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    half = side / 2
    crop = crop_face(np.ascontiguousarray(picture), Box(cx - half, cy - half, cx + half, cy + half), spec)
    if rng.random() < config.erase:
        _erase(crop, rng)
    return crop


def _light(picture: Picture, rng: np.random.Generator, config: AugmentConfig) -> Picture:
    if (config.brightness or config.contrast or config.gamma or config.tint) and rng.random() < 0.7:
        level = np.arange(256, dtype=np.float32) / 255
        gain = float(np.exp(rng.normal(0, config.contrast))) if config.contrast else 1.0
        if config.dim and rng.random() < config.dim:
            gain *= rng.uniform(0.25, 0.6)
        bias = rng.normal(0, config.brightness) if config.brightness else 0.0
        if config.gamma:
            level = level ** np.float32(np.exp(rng.normal(0, config.gamma)))
        curve = (level - 0.45) * gain + 0.45 + bias
        tint = np.exp(rng.normal(0, config.tint, 3)) if config.tint and rng.random() < 0.5 else np.ones(3)
        table = np.clip(curve[:, None] * tint[None], 0, 1) * 255
        picture = np.asarray(cv2.LUT(np.ascontiguousarray(picture), table.astype(np.uint8)[None]), np.uint8)
    if config.grey and rng.random() < config.grey:
        grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2GRAY)
        picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    return picture


def _optics(picture: Picture, rng: np.random.Generator, config: AugmentConfig) -> Picture:
    """Out of focus two times out of three, else blurred by motion."""
    if not config.blur or rng.random() >= config.blur:
        return picture
    if rng.random() < 2 / 3:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 2.6)), np.uint8)
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    middle = (length / 2 - 0.5, length / 2 - 0.5)
    kernel = np.asarray(
        cv2.warpAffine(kernel, cv2.getRotationMatrix2D(middle, rng.uniform(0, 180), 1), (length, length)), np.float32
    )
    return np.asarray(cv2.filter2D(picture, -1, kernel / max(float(kernel.sum()), 1e-3)), np.uint8)


def _moved(picture: Picture, side: float, rng: np.random.Generator) -> Picture:
    """Moved while the picture was taken: the mean along a line, `side` being that of the crop in pixels.

    The mean of two pictures that lie half a line apart, again and again at half the distance, is that along the line.
    """
    length = side * float(np.exp(rng.uniform(np.log(SHORTEST_MOTION), np.log(LONGEST_MOTION))))
    # People walk across more often than they jump.
    angle = rng.uniform(-0.25, 0.25) if rng.random() < 0.5 else rng.uniform(0, np.pi)
    way = np.array([np.cos(angle), np.sin(angle)]) * length
    size = (picture.shape[1], picture.shape[0])
    seen = picture.astype(np.float32)
    for k in range(_HALVINGS):
        x, y = way / 2 ** (k + 2)
        there, back = (
            cv2.warpAffine(seen, np.array([[1, 0, s * x], [0, 1, s * y]]), size, borderMode=cv2.BORDER_REPLICATE)
            for s in (1, -1)
        )
        seen = np.asarray(cv2.addWeighted(there, 0.5, back, 0.5, 0), np.float32)
    return np.asarray(np.clip(seen + 0.5, 0, 255), np.uint8)


def _shrink(picture: Picture, side: float, rng: np.random.Generator) -> tuple[Picture, float]:
    """Bring a face of `side` pixels to 13 to 72 pixels; return the picture and the factor."""
    wanted = float(np.exp(rng.uniform(np.log(13), np.log(72))))
    width = max(8, round(picture.shape[1] * min(1.0, wanted / side)))
    factor = width / picture.shape[1]
    height = max(8, round(picture.shape[0] * factor))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8), factor


def _erase(crop: Picture, rng: np.random.Generator) -> None:
    """Cover a rectangle of the crop with one colour or noise, in place (Zhong et al. 2017, random erasing)."""
    height, width, channels = crop.shape
    h, w = int(rng.uniform(0.15, 0.5) * height), int(rng.uniform(0.15, 0.5) * width)
    y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
    plain = rng.random() < 0.5
    crop[y : y + h, x : x + w] = rng.integers(0, 256, channels if plain else (h, w, channels))
