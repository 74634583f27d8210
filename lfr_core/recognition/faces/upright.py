"""A photograph that stands on its side or head is found by its face, and turned.

A detector finds faces in turned pictures too, but they are wide instead of tall, or doubtful: on ten sample photographs
in four directions, every upright face scored at least 0.9998 in a box taller than wide, and no other did at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lfr_core.recognition.faces.types import Detection, FaceEngine, Image

__all__ = ["Upright", "turn_upright"]

_SURE: Final = 0.99
"""Score of a face that is taken for upright; those in turned pictures whose box was tall stayed below 0.95."""
_TALL: Final = 1.05
"""Height over width of its box."""
_CLEARLY: Final = 0.02
"""By how much the score has to be better than as the picture stands."""
_WORDS: Final = {1: "on its left side", 2: "upside down", 3: "on its right side"}
"""By how many quarter turns, to the left, it takes."""


@dataclass(frozen=True, slots=True)
class Upright:
    """image: the photograph as its face stands upright. stood: how it stood, "" where it wasn't turned.

    detections: the faces of `image`, best score first.
    """

    image: Image
    stood: str
    detections: list[Detection]


def turn_upright(engine: FaceEngine, image: Image) -> Upright:
    """Return the picture with its face upright, and the faces in it.

    One detection where a face is surely upright, four where none is.
    """
    standing = Upright(image, "", engine.detect_large([image])[0])
    if _score(standing) >= _SURE:
        return standing
    turned = [_turn(engine, image, quarters) for quarters in _WORDS]
    best = max(turned, key=_score)
    if _score(best) >= _SURE and _score(best) > _score(standing) + _CLEARLY:
        return best
    return standing


def _turn(engine: FaceEngine, image: Image, quarters: int) -> Upright:
    turned = np.ascontiguousarray(np.rot90(image, quarters))
    return Upright(turned, _WORDS[quarters], engine.detect_large([turned])[0])


def _score(upright: Upright) -> float:
    """Return the score of the best face whose box is taller than wide; 0 without one."""
    boxes = [(detection.score, detection.box) for detection in upright.detections]
    return max((score for score, (x1, y1, x2, y2) in boxes if y2 - y1 >= _TALL * (x2 - x1)), default=0.0)
