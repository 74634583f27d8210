"""68 landmarks of a face, and the five points that alignment needs.

The crop is the one the pack's own code makes: a square as high as the box, around the box's centre,
resized to 64 x 64, grey / 256. Where it reaches past the image's border the border's pixels are repeated
(the pack's code clips instead, which distorts faces at the border).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from lfr_core.common.errors import Fatal, Poison
from lfr_core.recognition.faces.network import Network
from lfr_core.recognition.faces.types import Detection, Floats, Image

__all__ = ["COUNT", "INPUT_SIZE_PX", "find", "five_points", "square"]

COUNT: Final = 68
INPUT_SIZE_PX: Final = 64
_SCALE: Final = 1.0 / 256.0
_FIVE: Final = 5
# Indices of the 68-point scheme (docs/design.md#the-open-model-pack): the eyelids' four points of each eye, the nose's
# tip, and for each mouth corner the outer and the inner lip's point.
_LEFT_EYE: Final = [37, 38, 40, 41]
_RIGHT_EYE: Final = [43, 44, 46, 47]
_NOSE: Final = 30
_LEFT_MOUTH: Final = [48, 60]
_RIGHT_MOUTH: Final = [54, 64]


def square(detection: Detection) -> tuple[float, float, float]:
    """Return the landmark crop of a box: left, top and side in pixels; side is the box's height."""
    x1, y1, x2, y2 = (float(value) for value in detection.box)
    side = y2 - y1
    return (x1 + x2 - side) / 2, y1, side


def _crop(image: Image, detection: Detection) -> Floats:
    left, top, side = square(detection)
    if not (np.isfinite([left, top, side]).all() and side > 1.0):
        raise Poison(f"a face box of {detection.box.tolist()} can't be cropped")
    x1, y1 = round(left), round(top)
    x2, y2 = max(x1 + 1, round(left + side)), max(y1 + 1, round(top + side))
    rows, columns = image.shape[:2]
    inside = image[max(y1, 0) : min(y2, rows), max(x1, 0) : min(x2, columns)]
    if inside.size == 0:
        raise Poison(f"a face box of {detection.box.tolist()} lies outside its image of {columns} x {rows} pixels")
    past = (max(-y1, 0), max(y2 - rows, 0), max(-x1, 0), max(x2 - columns, 0))
    if any(past):
        inside = cv2.copyMakeBorder(inside, *past, borderType=cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > INPUT_SIZE_PX else cv2.INTER_LINEAR
    small = cv2.resize(inside, (INPUT_SIZE_PX, INPUT_SIZE_PX), interpolation=how)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.float32) * np.float32(_SCALE)


def find(network: Network, image: Image, detections: Sequence[Detection]) -> Floats:
    """Find the landmarks of each detection: shape (n, 68, 2), x and y in pixels of `image` (H, W, 3, BGR).

    Raises:
        Poison: a box lies outside the image.
        Fatal: the network gives something that isn't a number.
    """
    if not detections:
        return np.empty((0, COUNT, 2), dtype=np.float32)
    crops = np.stack([_crop(image, detection) for detection in detections])[:, None]
    (relative,) = network.run(crops)
    if not np.isfinite(relative).all():
        raise Fatal("the landmark model gave points that aren't numbers: run `lfr models verify`")
    squares = np.array([square(detection) for detection in detections], dtype=np.float32)
    points = relative.reshape(len(detections), COUNT, 2) * squares[:, None, 2:] + squares[:, None, :2]
    return np.asarray(points, dtype=np.float32)


def five_points(landmarks: Floats) -> Floats:
    """Reduce landmarks from (68, 2) to (5, 2): the eye at the image's left, the other eye, nose, the two mouth corners.

    Five points are returned as they are.

    Raises:
        ValueError: neither 68 nor 5 points.
    """
    if landmarks.shape == (_FIVE, 2):
        return landmarks
    if landmarks.shape != (COUNT, 2):
        raise ValueError(f"68 or 5 points are wanted, not an array of shape {landmarks.shape}")
    groups = (_LEFT_EYE, _RIGHT_EYE, [_NOSE], _LEFT_MOUTH, _RIGHT_MOUTH)
    return np.stack([landmarks[group].mean(axis=0) for group in groups]).astype(np.float32)
