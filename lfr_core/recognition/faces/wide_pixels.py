"""Pixels of more than eight bits, made eight: by those bits that are used, 12 of a scanner's 16 too."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from lfr_core.recognition.faces.image_headers import Header
from lfr_core.recognition.faces.types import Image

__all__ = ["read_wide", "stretch_to_8_bits"]

_BITS: Final = 8
_WIDE_BITS: Final = 16
_WITH_ALPHA: Final = 4
_BITS_PER_SAMPLE: Final = 258  # a tag of TIFF


def read_wide(data: bytes, header: Header, image: PIL.Image.Image) -> PIL.Image.Image:
    """Return the loaded `image`, of its file `data` anew where Pillow kept the upper 8 of 16 bits alone."""
    bits = _bits_of_tiff(image) if header.kind == "TIFF" else header.bits
    if bits != _WIDE_BITS and header.kind != "JPEG 2000":
        return image
    wide = None
    with suppress(cv2.error):
        wide = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if wide is None or wide.dtype != np.uint16 or wide.shape[:2] != (image.height, image.width):
        return image
    if wide.ndim == 2:  # grey
        return PIL.Image.fromarray(stretch_to_8_bits(wide))
    if wide.shape[2] not in {3, _WITH_ALPHA}:
        return image
    channels = [stretch_to_8_bits(wide[:, :, 2::-1])]
    if wide.shape[2] == _WITH_ALPHA:
        channels.append(stretch_to_8_bits(wide[:, :, 3:]))
    return PIL.Image.fromarray(np.ascontiguousarray(np.concatenate(channels, axis=2)))


def _bits_of_tiff(image: PIL.Image.Image) -> int:
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE)
    return int(bits[0] if isinstance(bits, tuple) else bits or _BITS)


def stretch_to_8_bits(values: NDArray[Any]) -> Image:
    """Convert values of more than 8 bits by those bits that are used; of floating point, by 1, 255 or their most."""
    if np.issubdtype(values.dtype, np.floating):
        finite = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        top = float(finite.max())
        scale = 255.0 if top <= 1 else 1.0 if top <= 255 else 255 / top
        return np.clip(finite * scale, 0, 255).astype(np.uint8)
    used = max(_BITS, int(values.max()).bit_length())
    return np.asarray(np.clip(values >> (used - _BITS), 0, 255), dtype=np.uint8)
