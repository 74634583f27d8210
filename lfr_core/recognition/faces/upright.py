"""A photograph that stands on its side or head is found by its face, and turned.

A detector finds faces in turned pictures too, but they are wide instead of tall, or doubtful: on ten sample photographs
in four directions, every upright face scored at least 0.9998 in a box taller than wide, and no other did at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lfr_core.recognition.faces.types import FaceEngine, Image

__all__ = ["turn_upright"]

_SURE: Final = 0.99
"""Score of a face that is taken for upright; those in turned pictures whose box was tall stayed below 0.95."""
_TALL: Final = 1.05
"""Height over width of its box."""
_CLEARLY: Final = 0.02
"""By how much the score has to be better than as the picture stands."""
_WORDS: Final = {1: "on its left side", 2: "upside down", 3: "on its right side"}
"""By how many quarter turns, to the left, it takes."""


def turn_upright(engine: FaceEngine, image: Image) -> tuple[Image, str]:
    """Return the picture with its face upright, and how it stood; "" where it stays as it is.

    One detection where a face is surely upright, four where none is.
    """
    standing = _score(engine, image)
    if standing >= _SURE:
        return image, ""
    turns = {quarters: np.ascontiguousarray(np.rot90(image, quarters)) for quarters in _WORDS}
    scores = {quarters: _score(engine, turned) for quarters, turned in turns.items()}
    best = max(scores, key=scores.__getitem__)
    if scores[best] >= _SURE and scores[best] > standing + _CLEARLY:
        return turns[best], _WORDS[best]
    return image, ""


def _score(engine: FaceEngine, image: Image) -> float:
    """Return the score of the best face whose box is taller than wide; 0 without one."""
    boxes = [(detection.score, detection.box) for detection in engine.detect_large([image])[0]]
    return max((score for score, (x1, y1, x2, y2) in boxes if y2 - y1 >= _TALL * (x2 - x1)), default=0.0)
