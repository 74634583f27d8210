"""A face brought onto the ArcFace template by a similarity transform (turn, scale, shift)."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lfr_core.common.errors import Poison
from lfr_core.recognition.faces.types import Floats, Image

__all__ = ["ALIGNED_SIZE_PX", "FIVE_POINT_TEMPLATE", "TEMPLATE_EYE_DISTANCE_PX", "align", "similarity_transform"]

ALIGNED_SIZE_PX: Final = 112
FIVE_POINT_TEMPLATE: Final[Floats] = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
"""Shape (5, 2), pixels: where both eyes, the nose and the mouth's corners lie (ArcFace, insightface `arcface_dst`)."""
FIVE_POINT_TEMPLATE.setflags(write=False)
TEMPLATE_EYE_DISTANCE_PX: Final = float(np.linalg.norm(FIVE_POINT_TEMPLATE[1] - FIVE_POINT_TEMPLATE[0]))

_SHRINK_BELOW: Final = 0.75  # scale under which linear interpolation would alias: shrink by area first
_MARGIN_PX: Final = 2.0  # around the face's part of the image, for the interpolation's neighbours


def similarity_transform(source: Floats, target: Floats) -> npt.NDArray[np.float64]:
    """Return the 2 x 3 matrix that takes `source` (n, 2) to `target` (n, 2) with the least squared error.

    Turn, one scale and shift, never a reflection. Umeyama (1991), which in the plane is one complex
    division: target = a * source + b.

    Raises:
        Poison: the points coincide or aren't numbers.
    """
    if not np.isfinite(source).all():
        raise Poison("a face's points aren't numbers; it can't be aligned")
    z = source[:, 0].astype(np.complex128) + 1j * source[:, 1]
    w = target[:, 0].astype(np.complex128) + 1j * target[:, 1]
    centred = z - z.mean()
    spread = float(np.sum(np.abs(centred) ** 2))
    if spread == 0.0:
        raise Poison("a face's points coincide; it can't be aligned")
    a = complex(np.sum(np.conj(centred) * (w - w.mean())) / spread)
    if abs(a) == 0.0:
        raise Poison("a face's points have no direction in common with a face; it can't be aligned")
    b = complex(w.mean() - a * z.mean())
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(image: Image, points5: Floats) -> Image:
    """Return the face of `image` (H, W, 3, BGR) with its five points (5, 2, pixels) on the template.

    A face larger than the template is shrunk by area before it is turned, so that it doesn't alias. What
    lies outside the image is black, as in insightface's `norm_crop`.

    Returns:
        Shape (112, 112, 3), BGR, uint8.

    Raises:
        Poison: the points coincide or aren't numbers.
    """
    matrix = similarity_transform(points5, FIVE_POINT_TEMPLATE)
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale < _SHRINK_BELOW:
        image, matrix = _shrink_to_scale(image, matrix, scale)
    warped = cv2.warpAffine(
        image, matrix, (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(warped, dtype=np.uint8)


def _shrink_to_scale(
    image: Image, matrix: npt.NDArray[np.float64], scale: float
) -> tuple[Image, npt.NDArray[np.float64]]:
    """Return the part of the image the template sees, shrunk by `scale`, and the matrix that fits it."""
    side = float(ALIGNED_SIZE_PX)
    back = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]]) @ back.T
    margin = _MARGIN_PX / scale
    rows, columns = image.shape[:2]
    x1, y1 = (max(0, math.floor(value - margin)) for value in corners.min(axis=0))
    x2, y2 = (math.ceil(value + margin) for value in corners.max(axis=0))
    part = image[y1 : min(y2, rows), x1 : min(x2, columns)]
    if part.size == 0:
        return image, matrix  # the face lies outside the image: the result is black either way
    height, width = part.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    # Pixel centres lie at integers: x_small + 0.5 = (x - x1 + 0.5) * size / width.
    fx, fy = size[0] / width, size[1] / height
    to_small = np.array([[fx, 0, 0.5 * fx - 0.5 - x1 * fx], [0, fy, 0.5 * fy - 0.5 - y1 * fy], [0, 0, 1]])
    whole = np.vstack([matrix, [0, 0, 1]]) @ np.linalg.inv(to_small)
    return np.asarray(small, dtype=np.uint8), whole[:2]
