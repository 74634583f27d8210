"""A decoded picture as it is meant to be seen: its own size and colours, upright, not mirrored, with square pixels.

A detector and an embedder know faces as they are. One that stands on its head isn't found; one that is drawn out to
twice its width is found, and is nobody's.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from lfr_core.recognition.faces.types import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.buffer import Buffer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["is_turned", "looks_halved", "pixel_shape", "upright"]

_MATRIX: Final = "DISPLAYMATRIX"
_LEAST_STRETCH: Final = 0.02
"""A pixel less oblong than that is taken for square: nobody sees it, and each picture would be resampled."""
_MOST_STRETCH: Final = 4
"""A pixel more oblong than that is a mistake: a quarter of the width is the most that encoders leave out."""


def upright(frame: VideoFrame, pixel_shape: Fraction | None, *, most_pixels: float) -> Image:
    """Convert to (height, width, 3), uint8, BGR.

    Args:
        frame: decoded; with its own size, colours and turn, not those of the stream's first one.
        pixel_shape: width over height of one of its pixels; None for square ones.
        most_pixels: a picture that would have more, made wider or higher, is made lower or narrower instead.
    """
    image = np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)
    if frame.interlaced_frame:
        image = _first_field(image)
    return np.ascontiguousarray(_turn(_square(image, pixel_shape, most_pixels), _matrix(frame)))


def pixel_shape(stream: VideoStream, *, live: bool) -> Fraction | None:
    """Return width over height of a pixel, as a camera's newest picture or a recording's file says it; None: square.

    What a JPEG says of its density is meant for printers.
    """
    context = stream.codec_context
    if context.name == "mjpeg":
        return None
    return context.sample_aspect_ratio if live else stream.sample_aspect_ratio


def looks_halved(width_px: int, height_px: int) -> bool:
    """Return whether a picture has the shape of half of 16:9, which recorders send without saying so ("1080N").

    Of 960 x 1080, 944 x 1080, 640 x 720: who stands there looks half as wide. An upright camera is narrower.
    """
    return 0.83 < width_px / height_px < 0.92


def is_turned(frame: VideoFrame) -> bool:
    """Return whether a frame says that it is to be shown otherwise than it is stored."""
    (x_of_x, y_of_x), (_, y_of_y) = _matrix(frame)
    return abs(y_of_x) > abs(x_of_x) or x_of_x < 0 or y_of_y < 0


def _matrix(frame: VideoFrame) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where a step to the right and one down lead when the frame is shown, each as (right, down)."""
    beside = cast("Mapping[str, Buffer]", frame.side_data)  # PyAV names one kind of it alone
    if _MATRIX not in beside:
        return (1, 0), (0, 1)
    a, b, _, c, d, *_ = np.frombuffer(bytes(beside[_MATRIX]), np.int32).tolist()
    return (a, b), (c, d)


def _turn(image: Image, matrix: tuple[tuple[int, int], tuple[int, int]]) -> Image:
    """Turn by quarters and mirror, as the matrix says; a turn by any other angle is taken for the nearest quarter."""
    (x_of_x, y_of_x), (x_of_y, y_of_y) = matrix
    across, down = x_of_x, y_of_y
    if abs(y_of_x) > abs(x_of_x):  # columns become rows
        image, across, down = image.transpose(1, 0, 2), x_of_y, y_of_x
    return image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def _square(image: Image, pixel_shape: Fraction | None, most_pixels: float) -> Image:
    """Stretch the shorter side of oblong pixels."""
    if pixel_shape is None or not 1 / _MOST_STRETCH <= pixel_shape <= _MOST_STRETCH:
        return image
    if abs(pixel_shape - 1) < _LEAST_STRETCH:
        return image
    import cv2

    height, width = image.shape[:2]
    wider, higher = round(width * pixel_shape), round(height / pixel_shape)
    longer = (wider, height) if pixel_shape > 1 else (width, higher)
    shorter = (width, higher) if pixel_shape > 1 else (wider, height)
    size = longer if longer[0] * longer[1] <= most_pixels else shorter
    return np.asarray(cv2.resize(image, (max(1, size[0]), max(1, size[1])), interpolation=cv2.INTER_LINEAR), np.uint8)


def _first_field(image: Image) -> Image:
    """Stretch the even lines to the full height: the odd ones of interlaced video were seen at another moment."""
    import cv2

    height, width = image.shape[:2]
    return np.asarray(cv2.resize(image[::2], (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
