"""Pictures in which nobody can be recognised: a camera's, to see where it looks, and the plan of a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from lfr_core.common.errors import Refused
from lfr_core.recognition.faces.types import Detection, FaceEngine, Image

__all__ = ["STILL_WIDTH_PX", "cover_faces", "mask_picture", "mask_thumbnail"]

STILL_WIDTH_PX: Final = 160
"""The whole picture is reduced to it: a face that the detector misses in 1280 pixels is below 24 of them high, and of
that 3 are left; what is recognised has 10 between the eyes alone (docs/facts.md#faces)."""
_SHOWN_PX: Final = 640
_TURNS: Final = range(4)
"""By 90 degrees each: a camera may hang upside down, or somebody lie, and then the detector finds no face upright."""
_MARGIN: Final = 0.35
"""Of the face's box, on each side: hair and ears are covered too."""
_JPEG_QUALITY: Final = 80


def mask_picture(image: Image, engine: FaceEngine) -> bytes:
    """Cover every face that is found, and reduce the rest so far that no face is left to find.

    Returns JPEG, 640 pixels wide, of which each is one of 160.

    Raises:
        Refused: `camera.still-refused`: after that a face is still found. Nothing is shown then.
        LfrError: the faces can't be looked for.
    """
    _, shown = _mask(image, engine.detect([image])[0], engine)
    return _jpeg(shown)


def mask_thumbnail(image: Image, found: Sequence[Detection], engine: FaceEngine) -> bytes:
    """Mask as `mask_picture` does, a picture in which faces were looked for already. Returns JPEG, 160 pixels wide."""
    small, _ = _mask(image, found, engine)
    return _jpeg(small)


def cover_faces(image: Image, engine: FaceEngine) -> Image:
    """Cover every face that is found, upright or turned, large or small, and leave the rest as sharp as it was.

    Raises:
        Refused: `picture.face-left`: after that a face is still found.
        LfrError: the faces can't be looked for.
    """
    covered = image.copy()
    for turns in _TURNS:
        turned = np.ascontiguousarray(np.rot90(covered, turns))
        for find in (engine.detect_large, engine.detect):
            for detection in find([turned])[0]:
                _cover(turned, detection.box)
        covered = np.ascontiguousarray(np.rot90(turned, -turns))
    if _shows_face(covered, engine):
        raise Refused("picture.face-left", "a face could still be seen in the picture: give one without people")
    return covered


def _shows_face(image: Image, engine: FaceEngine) -> bool:
    return any(engine.detect([np.ascontiguousarray(np.rot90(image, turns))])[0] for turns in _TURNS)


def _mask(image: Image, found: Sequence[Detection], engine: FaceEngine) -> tuple[Image, Image]:
    """Return the covered picture 160 pixels wide, and the same shown at 640."""
    masked = image.copy()
    for detection in found:
        _cover(masked, detection.box)
    height, width = masked.shape[:2]
    small_height = max(1, round(height * STILL_WIDTH_PX / width))
    small: Image = cv2.resize(masked, (STILL_WIDTH_PX, small_height), interpolation=cv2.INTER_AREA)
    size = (_SHOWN_PX, small_height * _SHOWN_PX // STILL_WIDTH_PX)
    shown = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    if _shows_face(shown, engine):
        raise Refused("camera.still-refused", "a face could still be seen in the picture, so it isn't shown: try again")
    return small, shown


def _jpeg(image: Image) -> bytes:
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(jpeg)


def _cover(image: Image, box: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    x1, y1, x2, y2 = (float(value) for value in box)
    across, down = _MARGIN * (x2 - x1), _MARGIN * (y2 - y1)
    height, width = image.shape[:2]
    left, top = max(0, int(x1 - across)), max(0, int(y1 - down))
    right, bottom = min(width, int(x2 + across) + 1), min(height, int(y2 + down) + 1)
    if left < right and top < bottom:
        image[top:bottom, left:right] = 128
