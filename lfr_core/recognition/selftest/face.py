"""The test face: drawn by this module, so it is of nobody; and its template.

Measured with the open pack: found with score 1.0, eyes 80 px apart, usable by the policy; similarity with itself after
JPEG of quality 30 to 95 at least 0.99, with each of the 15 faces of the sample photographs at most 0.27.
tests/integration/deployments/monitoring pins 0.8 and 0.35.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np

from lfr_core.common.errors import Fatal, Poison
from lfr_core.recognition.faces.types import FaceEngine, Floats, Image
from lfr_core.recognition.selftest.drawing import BGR, Canvas, Point

__all__ = ["draw_face", "live_probe_frame", "live_probe_template", "nonce_of"]

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480
_UNIT_PX: Final = 1.3  # the head is 260 px high and its eyes 80 px apart: above what any policy asks of a shot
_JPEG_QUALITY: Final = 90
_START: Final = b"\xff\xd8"
_COMMENT: Final = b"\xff\xfe"
_MARK: Final = b"openlfr live probe "
_SEED: Final = 0
_SKIN: Final[BGR] = (135.0, 165.0, 205.0)
_HAIR: Final[BGR] = (38.0, 48.0, 62.0)
_LIP: Final[BGR] = (105.0, 105.0, 175.0)


@cache
def draw_face() -> Image:
    """Draw the face on a neutral background: (480, 640, 3), BGR. Always the same; drawn once a process (0.04 s)."""
    middle = (WIDTH_PX / 2, 0.48 * HEIGHT_PX)
    canvas = Canvas(WIDTH_PX, HEIGHT_PX, middle=middle, unit_px=_UNIT_PX, background=(172.0, 168.0, 164.0))
    _head(canvas)
    for side in (-1.0, 1.0):
        _cheek(canvas, side)
        _eye(canvas, side)
    _nose(canvas)
    _mouth(canvas)
    canvas.add_grain(np.random.default_rng(_SEED))
    image = canvas.image()
    image.setflags(write=False)
    return image


def live_probe_frame(nonce: str = "") -> bytes:
    """Return the face as a camera would send it: a JPEG of 640 x 480, 37 kB.

    `nonce` (ASCII) is its comment, of no pixel.
    """
    text = _MARK + nonce.encode("ascii")
    return _START + _COMMENT + (len(text) + 2).to_bytes(2, "big") + text + _encoded_face()[len(_START) :]


def nonce_of(frame: bytes) -> str:
    """Return what `live_probe_frame` was given; empty for any other frame."""
    begins = len(_START + _COMMENT) + 2
    if not frame.startswith(_START + _COMMENT) or not frame.startswith(_MARK, begins):
        return ""
    ends = len(_START + _COMMENT) + int.from_bytes(frame[begins - 2 : begins], "big")
    return frame[begins + len(_MARK) : ends].decode("ascii", errors="replace")


@cache
def _encoded_face() -> bytes:
    ok, jpeg = cv2.imencode(".jpg", draw_face(), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not ok:
        raise Fatal("OpenCV can't encode a JPEG; reinstall opencv-python-headless")
    return jpeg.tobytes()


def live_probe_template(engine: FaceEngine) -> Floats | None:
    """Make the test face's template, (512,), unit length, with `engine`; None where it finds no face in the drawing.

    A gallery without it never passes a self-test, which says so.
    """
    image = draw_face()
    found = engine.detect([image])[0]
    if len(found) != 1:
        return None
    try:
        face = engine.describe(image, found[0])
    except Poison:
        return None
    template: Floats = engine.embed([face.aligned])[0]
    return template


def _shade(colour: BGR, factor: float) -> BGR:
    return (min(255.0, colour[0] * factor), min(255.0, colour[1] * factor), min(255.0, colour[2] * factor))


def _outline() -> list[Point]:
    """Return the outline of the head: an egg, narrower towards the chin."""
    points: list[Point] = []
    for angle in np.linspace(0.0, 2.0 * np.pi, 120):
        x, y = 74.0 * float(np.cos(angle)), 100.0 * float(np.sin(angle))
        points.append((x * (1.0 - 0.22 * (y / 100.0) ** 2.2) if y > 0.0 else x, y))
    return points


def _head(canvas: Canvas) -> None:
    neck = _shade(_SKIN, 0.82)
    canvas.ellipse((0, 210), (150, 100), (92.0, 70.0, 60.0), soft=1.0)
    canvas.polygon([(-36, 60), (36, 60), (42, 135), (-42, 135)], neck, soft=2.0)
    canvas.ellipse((0, 135), (44, 14), neck, soft=2.0)
    canvas.ellipse((0, -22), (86, 92), _HAIR, soft=1.5)
    for side in (-1.0, 1.0):
        canvas.ellipse((side * 76, 2), (9, 20), _shade(_SKIN, 0.88), soft=1.0)
    canvas.lit_polygon(_outline(), _SKIN, soft=0.8)
    canvas.ellipse((0, -92), (72, 30), _HAIR, soft=3.0)
    for side in (-1.0, 1.0):
        canvas.ellipse((side * 70, -52), (10, 42), _HAIR, soft=2.0, tilt=-8.0 * side)


def _cheek(canvas: Canvas, side: float) -> None:
    canvas.ellipse((side * 33, -10), (24, 15), _shade(_SKIN, 0.62), soft=6.0, alpha=0.55)
    canvas.ellipse((side * 42, 32), (18, 13), (120.0, 135.0, 215.0), soft=8.0, alpha=0.3)
    canvas.ellipse((side * 18, 10), (6, 26), _shade(_SKIN, 0.6), soft=4.0, alpha=0.35, tilt=8.0 * side)


def _eye(canvas: Canvas, side: float) -> None:
    x, y = side * 32, -8.0
    canvas.ellipse((side * 33, -22), (21, 9), _HAIR, soft=1.2, alpha=0.85, arc=(195, 345), stroke=6.0)
    canvas.ellipse((x, y), (14, 7), (225.0, 228.0, 232.0), soft=0.6)
    canvas.ellipse((x, y - 0.5), (6.6, 6.6), (70.0, 85.0, 105.0), soft=0.5)
    canvas.ellipse((x, y - 0.5), (3.1, 3.1), (12.0, 12.0, 14.0), soft=0.3)
    canvas.ellipse((x - 2, y - 2.5), (1.3, 1.3), (250.0, 250.0, 250.0), soft=0.2)
    canvas.ellipse((x, y + 1), (16, 9), (30.0, 35.0, 48.0), soft=0.6, arc=(190, 350), stroke=2.6)
    canvas.ellipse((x, y - 3), (16, 9), _shade(_SKIN, 0.6), soft=0.8, alpha=0.6, arc=(200, 340), stroke=1.6)
    canvas.ellipse((x, y - 1), (15, 8), _shade(_SKIN, 0.55), soft=0.8, alpha=0.8, arc=(15, 165), stroke=1.5)


def _nose(canvas: Canvas) -> None:
    dark = _shade(_SKIN, 0.6)
    canvas.ellipse((0, 8), (6, 28), _shade(_SKIN, 1.14), soft=4.0, alpha=0.6)
    canvas.ellipse((0, 31), (12, 8), _shade(_SKIN, 1.06), soft=3.0, alpha=0.7)
    canvas.ellipse((0, 37), (15, 6), _shade(_SKIN, 0.5), soft=1.8, alpha=0.8, arc=(10, 170), stroke=3.0)
    for side in (-1.0, 1.0):
        wing = (-70.0, 70.0) if side > 0 else (110.0, 250.0)
        fold = [(side * 18, 36), (side * 20, 36), (side * 33, 56), (side * 30, 57)]
        canvas.ellipse((side * 7.5, 37.5), (4, 2.2), (40.0, 48.0, 70.0), soft=1.0, alpha=0.9)
        canvas.ellipse((side * 15, 32), (5, 7), dark, soft=1.2, alpha=0.7, arc=wing, stroke=1.8)
        canvas.polygon(fold, _shade(_SKIN, 0.7), soft=2.5, alpha=0.5)


def _mouth(canvas: Canvas) -> None:
    upper = [(-25, 58), (-12, 54), (-4, 52.5), (0, 54), (4, 52.5), (12, 54), (25, 58), (12, 59.5), (0, 60), (-12, 59.5)]
    lower = [(-25, 58), (-12, 60), (0, 60.5), (12, 60), (25, 58), (14, 66), (0, 69), (-14, 66)]
    canvas.polygon(upper, _shade(_LIP, 0.85), soft=0.9)
    canvas.polygon(lower, _LIP, soft=0.9)
    canvas.polygon([(-26, 57.5), (0, 59.2), (26, 57.5), (0, 61)], (45.0, 45.0, 85.0), soft=0.7)
    canvas.ellipse((0, 75), (13, 4), _shade(_SKIN, 0.65), soft=3.0, alpha=0.6)
    canvas.ellipse((0, 88), (12, 8), _shade(_SKIN, 1.05), soft=4.0, alpha=0.5)
