"""How good a shot of a face is, and whether it is good enough to compare.

Everything is measured on what recognition will see: the five points and the aligned face.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from lfr_core.domain.policy import FacePolicy
from lfr_core.recognition.faces.landmarks import five_points
from lfr_core.recognition.faces.types import Detection, Floats, Image, Quality

__all__ = [
    "GOOD_SHARPNESS",
    "MIN_EXPOSURE",
    "SECOND_FACE",
    "assess",
    "cut_by_border",
    "exposure",
    "find_fault",
    "sharpness",
    "yaw_degrees",
]

GOOD_SHARPNESS: Final = 0.6
"""From here on a sharper shot is hardly a better one (bench/quality.py, blurred and noisy shots of a person recognised
at 0.45 from another photograph: none of 173 below 0.30, 11 % at 0.30-0.40, 51 % at 0.40-0.60, 90 % above)."""
MIN_EXPOSURE: Final = 0.6
"""[proposal] Least share of the face's pixels that still carry detail."""
SECOND_FACE: Final = 1 / 3
"""Another face whose eyes are at least this share of the largest's apart makes two faces of a photograph.

[proposal] Smaller ones are people far behind or pictures on a wall; nobody takes them for the subject.
"""

# The part of the aligned face that is face and not hair or background, whatever the head: rows, columns.
_INNER: Final = (slice(24, 104), slice(16, 96))
_FINE_PX: Final = 1.5  # Gaussian sigmas on the template, whose eyes are 35.2 px apart: the fine one is as fine as a
_COARSE_PX: Final = 4.0  # face of 18 px between the eyes can show, the coarse one what a blur of half that leaves
_FLAT: Final = 0.02  # grey levels per pixel: keeps a patch without any gradient at 0
_CRUSHED: Final = 4  # grey levels at the sensor's ends, where detail is lost; not merely dark or bright, so that a
_BLOWN: Final = 251  # dark skin is never called badly exposed for being dark
_CUT_SHARE: Final = 0.1  # of the box's height: boxes of whole faces reach a little past a tight photograph's border
_NOSE_PROTRUSION: Final = 0.45  # of the eye distance: how far the nose's tip stands before the plane of the eyes


def sharpness(aligned: Image) -> float:
    """Measure how much fine detail an aligned face (112, 112, 3) has, in its blurriest direction.

    The unit is a ratio: the mean square gradient (as root) after smoothing by 1.5 px, over the same after
    smoothing by 4 px, less 1, in the least of four directions, so that motion blur counts although it spares the
    direction across. Pixels are the template's, whose eyes are 35.2 px apart, so it asks for detail of the size
    of the face's own features and not of pixels: a sharp face measures the same from 18 to 90 px between the
    eyes, and noise changes it little. 0: nothing finer than the coarse scale is left.

    Measured by bench/quality.py: sharp faces 0.55-1.05, median 0.77; motion blur of 0.1, 0.2, 0.25, 0.35, 0.5 of
    the eye distance 0.68, 0.53, 0.47, 0.37, 0.28.
    """
    grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY).astype(np.float32)
    fine = _gradients(cv2.GaussianBlur(grey, (0, 0), _FINE_PX))
    coarse = _gradients(cv2.GaussianBlur(grey, (0, 0), _COARSE_PX))
    return max(0.0, float((fine / (coarse + _FLAT)).min()) - 1.0)


def _gradients(grey: Floats) -> Floats:
    """Compute root mean square differences of neighbours along x, y and both diagonals, grey levels per pixel: (4,)."""
    face = grey[_INNER]
    along_x = face[:, 1:] - face[:, :-1]
    along_y = face[1:] - face[:-1]
    falling = (face[1:, 1:] - face[:-1, :-1]) / math.sqrt(2)
    rising = (face[1:, :-1] - face[:-1, 1:]) / math.sqrt(2)
    return np.sqrt([float(np.mean(step * step)) for step in (along_x, along_y, falling, rising)]).astype(np.float32)


def exposure(aligned: Image) -> float:
    """Return the share of an aligned face's inner pixels that are neither crushed to black nor blown out, 0 to 1."""
    grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY)[_INNER]
    return float(np.mean((grey > _CRUSHED) & (grey < _BLOWN)))


def yaw_degrees(points5: Floats) -> float:
    """Estimate how far the head is turned, -90 to 90 degrees, from five points (5, 2); positive to the image's right.

    The nose's tip stands before the plane of the eyes and mouth, so a turn moves it off their middle: its
    offset across the face is p sin(yaw) and the eyes' distance is cos(yaw), hence tan(yaw) = offset / (p * distance)
    with p the nose's protrusion, 0.45 (fitted to the pack's own pose model on 200 photographs of ORL and the
    samples: correlation 0.87, 7 degrees apart as root mean square). Tilting the head doesn't count.
    """
    left_eye, right_eye, nose, left_mouth, right_mouth = points5.astype(np.float64)
    across = right_eye - left_eye
    distance = float(np.hypot(*across))
    if distance == 0.0:
        return 90.0
    # The face's own axis, from between the eyes to the middle of the mouth: the nose is off it by so much.
    between, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    down = mouth - between
    share = float(np.clip(np.dot(nose - between, down) / max(float(np.dot(down, down)), 1e-9), 0.0, 1.0))
    offset = float(np.dot(nose - (between + share * down), across)) / distance
    return math.degrees(math.atan2(offset, _NOSE_PROTRUSION * distance))


def cut_by_border(image: Image, detection: Detection) -> bool:
    """Return whether a face reaches out of the image: the box reaches past its border by a tenth of its height."""
    rows, columns = image.shape[:2]
    x1, y1, x2, y2 = (float(value) for value in detection.box)
    slack = _CUT_SHARE * (y2 - y1)
    return bool(min(x1, y1, columns - x2, rows - y2) < -slack)


def assess(image: Image, detection: Detection, landmarks: Floats, aligned: Image) -> Quality:
    """Assess every measure of quality for one face.

    Args:
        image: the frame or photograph, (H, W, 3), BGR.
        detection: the face's box.
        landmarks: 68 or 5 points, (n, 2), pixels of `image`.
        aligned: the face on the template, (112, 112, 3), BGR.

    Raises:
        ValueError: neither 68 nor 5 points.
    """
    points = five_points(landmarks)
    return Quality(
        eye_distance_px=float(np.linalg.norm(points[1] - points[0])),
        sharpness=sharpness(aligned),
        yaw_degrees=yaw_degrees(points),
        exposure=exposure(aligned),
        cut_by_border=cut_by_border(image, detection),
    )


def find_fault(quality: Quality, policy: FacePolicy, *, min_eye_distance_px: float | None = None) -> str | None:
    """Return the first reason why the shot may not be compared; None if it may.

    One of `too_small`, `cut`, `pose`, `exposure`, `too_blurred`. A photograph for a watchlist passes
    `min_eye_distance_px=policy.enrol_min_eye_distance_px`; probes use the policy's `min_eye_distance_px`.
    """
    least = policy.min_eye_distance_px if min_eye_distance_px is None else min_eye_distance_px
    # Each is asked so that a figure that isn't a number fails.
    if not quality.eye_distance_px >= least:
        return "too_small"
    if quality.cut_by_border:
        return "cut"
    if not abs(quality.yaw_degrees) <= policy.max_yaw_degrees:
        return "pose"
    if not quality.exposure >= MIN_EXPOSURE:
        return "exposure"
    if not quality.sharpness >= policy.min_sharpness:
        return "too_blurred"
    return None
