"""Frames of any shape: how large a detector's input a frame takes, and the smallest face that is found then. Pure.

The policy's input is for a frame of 1280 x 720. A larger or upright frame shrunk into it loses its small faces: so it
is looked at a second time, shrunk no more than such a frame is. One larger input finds what tiles find, at less cost
and without seams (docs/facts.md#faces).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lfr_core.domain.policy import FacePolicy
from lfr_core.recognition.faces.detector import non_maximum_suppression
from lfr_core.recognition.faces.types import Detection

__all__ = ["fine_input", "merge", "smallest_eye_distance_px"]

REFERENCE_PX = (1280, 720)
"""The frame that the policy's input size is for."""
FOUND_INPUT_PX = 9.6
"""Pixels of the input between the eyes from which on faces are found: 24 px of a reference frame at 512 x 288."""
SURE_INPUT_PX = 27.0
"""Pixels of the input: a face whose box is as high is found (64 px in 1280 x 720 at 512 x 288, docs/facts.md#faces)."""
_LARGER = 2.0
"""A face in front of another hides it."""
_STEP_PX = 32
_WORTH = 1.1
"""A frame that is shrunk by less more than that is not looked at twice."""


def fine_input(width: int, height: int, policy: FacePolicy) -> tuple[int, int] | None:
    """Return the input's size for a second detection in a frame of `width` x `height` px; None where one is enough."""
    scale, whole = _scales(width, height, policy)
    if whole * _WORTH >= scale:
        return None
    return _round_up(width * scale), _round_up(height * scale)


def smallest_eye_distance_px(width: int, height: int, policy: FacePolicy, *, parts: bool) -> float:
    """Return how many pixels between the eyes a face in a frame of this size needs to be found and used.

    `parts`: whether the engine looks twice where that helps; one that can't finds larger faces only.
    """
    scale, whole = _scales(width, height, policy)
    return max(FOUND_INPUT_PX / (max(scale, whole) if parts else whole), policy.min_eye_distance_px)


def merge(
    once: Sequence[Detection], again: Sequence[Detection], width: int, height: int, policy: FacePolicy
) -> list[Detection]:
    """Merge the faces of both looks at a frame, best score first.

    The second look adds small faces alone: those that the first finds surely are left to it, and what seems a face
    within a much larger one is none.
    """
    largest_px = SURE_INPUT_PX / _scales(width, height, policy)[1]
    small = [each for each in again if _side(each) < largest_px and not any(_within(each, one) for one in once)]
    both = [*once, *small]
    if not once or not small:
        return both
    boxes = np.stack([each.box for each in both]).astype(np.float32)
    scores = np.array([each.score for each in both], np.float32)
    return [both[index] for index in non_maximum_suppression(boxes, scores, policy.detector_nms_iou)]


def _side(face: Detection) -> float:
    x1, y1, x2, y2 = (float(value) for value in face.box)
    return max(x2 - x1, y2 - y1)


def _within(small: Detection, large: Detection) -> bool:
    x1, y1, x2, y2 = (float(value) for value in small.box)
    left, top, right, bottom = (float(value) for value in large.box)
    is_inside = left <= (x1 + x2) / 2 <= right and top <= (y1 + y2) / 2 <= bottom
    return is_inside and _side(large) > _LARGER * _side(small)


def _scales(width: int, height: int, policy: FacePolicy) -> tuple[float, float]:
    """Return input pixels per frame pixel: of a reference frame, and of this one as a whole."""
    size = policy.detector_width_px, policy.detector_height_px
    return (
        min(size[0] / REFERENCE_PX[0], size[1] / REFERENCE_PX[1]),
        min(size[0] / width, size[1] / height),
    )


def _round_up(pixels: float) -> int:
    return max(2, -(-round(pixels) // _STEP_PX)) * _STEP_PX
