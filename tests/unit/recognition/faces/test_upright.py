"""Which way a photograph is turned, by the scores that a detector gives in four directions."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from lfr_core.recognition.faces.types import Detection, FaceEngine, Image
from lfr_core.recognition.faces.upright import turn_upright

Seen = tuple[float, float] | None
"""Score, and height over width of the box."""


class Scores:
    """A detector that gives these scores: as the picture stands, and after one, two and three turns to the left."""

    def __init__(self, *seen: Seen) -> None:
        self.seen, self.looks = seen, 0

    def detect_large(self, images: list[Image]) -> list[list[Detection]]:
        (image,) = images
        self.looks += 1
        standing = np.zeros((2, 2, 3), np.uint8)
        standing[0, 0] = 255
        (turns,) = (n for n in range(4) if np.array_equal(np.rot90(standing, n), image))
        seen = self.seen[turns]
        return [[] if seen is None else [Detection(np.array([0, 0, 1, seen[1]], np.float32), seen[0])]]


@pytest.mark.parametrize(
    ("seen", "stood", "looks"),
    [
        # measured: photographs p00858, p09850, p08895 of 10,000, upright, which were turned upside down or aside
        (((0.99996, 1.0), None, (0.998, 1.53), None), "", 1),
        (((0.9997, 0.96), None, (0.996, 1.40), None), "", 4),
        # measured: obama2.jpg on its side
        (((0.99951, 1.02), (0.94563, 1.44), (0.99905, 0.78), (0.99993, 1.51)), "on its right side", 4),
        (((0.9991, 1.22), (0.778, 1.30), (0.9960, 1.38), (0.81, 1.09)), "", 4),
        (((0.9950, 1.10), None, (0.9962, 1.40), None), "", 4),
        (((0.9950, 1.55), None, (0.99996, 1.44), None), "upside down", 4),
        ((None, (0.9999, 1.2), None, (0.71, 0.94)), "on its left side", 4),
        (((0.9996, 0.7), (0.93, 1.1), None, (0.99996, 1.3)), "on its right side", 4),
        ((None, (0.98, 1.3), None, None), "", 4),
        ((None, None, None, None), "", 4),
    ],
)
def test_a_photograph_is_turned_only_where_a_detector_is_much_surer(
    seen: tuple[Seen, Seen, Seen, Seen], stood: str, looks: int
) -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0] = 255
    engine = Scores(*seen)

    found = turn_upright(cast("FaceEngine", cast("Any", engine)), image)

    assert (found.stood, engine.looks) == (stood, looks)
