"""The least a camera does with a picture: see that it is a JPEG and how large, and make one of pixels."""

from __future__ import annotations

import numpy as np

from lfr_core.common.errors import Poison
from lfr_core.recognition.faces.decode import probe_size
from lfr_core.recognition.faces.types import Image

__all__ = ["JPEG_QUALITY", "decodes_to", "encode_jpeg", "is_jpeg", "is_whole_jpeg", "jpeg_size"]

JPEG_QUALITY = 90
"""Quality of what is encoded here (1-100, libjpeg's scale): above it files grow fast, and faces gain nothing."""


def is_jpeg(data: bytes) -> bool:
    """Return whether it begins as a JPEG does."""
    return data[:2] == b"\xff\xd8"


def is_whole_jpeg(data: bytes) -> bool:
    """Return whether it begins as a JPEG does and its pictures end, with whatever a camera adds behind them."""
    return is_jpeg(data) and data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda") > 0


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Read width and height in pixels, from the header alone.

    Raises:
        Poison: not a JPEG, cut off before its size, or an empty picture.
    """
    if not is_jpeg(data):
        raise Poison("not a JPEG image")
    return probe_size(data)


def decodes_to(data: bytes, size: tuple[int, int]) -> bool:
    """Return whether it can be decoded, to a picture of `size` (width, height in pixels)."""
    import cv2

    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return image is not None and image.shape[1::-1] == size


def encode_jpeg(image: Image) -> bytes:
    """Encode a picture (height x width x 3, uint8, BGR) as JPEG of quality `JPEG_QUALITY`.

    Raises:
        Poison: it can't be encoded (no pixels, or more than JPEG's 65,535 a side).
    """
    import cv2

    try:
        good, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    except cv2.error as error:
        raise Poison("a picture can't be encoded as JPEG") from error
    if not good:
        raise Poison("a picture can't be encoded as JPEG")
    return bytes(buffer)
