"""What FFmpeg may use of memory: whoever sends without an end is given up, and fills nothing.

FFmpeg itself bounds what it reads by time alone. It grows one block for a part of Motion JPEG, for a unit of H.264, for
the description of an RTSP stream, until that ends.
"""

from __future__ import annotations

import ctypes

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy

__all__ = ["bound_memory", "check_size", "largest_picture_bytes"]

_PIXEL_BYTES = 2
"""A pixel of 4:2:2 before it is compressed; cameras send 4:2:0, which has fewer, or this."""
_LEAST_BYTES = 16_000_000
"""Room for what a small picture carries beside its pixels."""


def largest_picture_bytes(images: ImagePolicy) -> int:
    """Return how many bytes a picture may take as it is sent: no sound one of the allowed size has more."""
    return max(_LEAST_BYTES, round(images.max_frame_megapixels * 1e6) * _PIXEL_BYTES)


def bound_memory(images: ImagePolicy) -> None:
    """Let FFmpeg have no block of memory larger than twice a picture as it is sent, in the whole process.

    A decoded picture of three bytes a pixel, which is the largest block that is needed, fits in.
    """
    import av.logging

    library = ctypes.CDLL(av.logging.__file__)  # it is loaded already, with the libavutil that PyAV uses
    library.av_max_alloc(ctypes.c_size_t(2 * largest_picture_bytes(images)))


def check_size(shown: str, width_px: int, height_px: int, images: ImagePolicy) -> None:
    """Raise Poison where the camera or recording `shown` has larger pictures than the policy lets anybody decode."""
    if width_px * height_px > images.max_frame_megapixels * 1e6:
        raise Poison(
            f"the pictures of {shown} have {width_px} x {height_px} px, more than the "
            f"{images.max_frame_megapixels:g} megapixels allowed; lower its resolution"
        )
