"""A small canvas for the drawn test face: filled and stroked shapes with soft edges, in the face's own units."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from lfr_core.recognition.faces.types import Floats, Image

__all__ = ["BGR", "Canvas", "Point"]

Point = tuple[float, float]
BGR = tuple[float, float, float]
_MARGIN = 4
"""Blurs beyond so many sigmas change nothing that can be seen."""


class Canvas:
    """Paints on an image. Points are in units from the face's middle; half a face's height is 100 units.

    Args:
        width, height: pixels.
        middle: of the face, pixels.
        unit_px: pixels a unit.
        background: blue, green, red, 0 to 255.
    """

    def __init__(self, width: int, height: int, *, middle: Point, unit_px: float, background: BGR) -> None:
        self._pixels: Floats = np.full((height, width, 3), background, np.float32)
        self._middle = middle
        self._unit = unit_px

    def image(self) -> Image:
        """Return what was painted: (height, width, 3), BGR, uint8."""
        return np.clip(np.rint(self._pixels), 0, 255).astype(np.uint8)

    def ellipse(
        self,
        at: Point,
        axes: Point,
        colour: BGR,
        *,
        soft: float,
        alpha: float = 1.0,
        tilt: float = 0.0,
        arc: Point = (0.0, 360.0),
        stroke: float = 0.0,
    ) -> None:
        """Paint an ellipse, or an arc of it `stroke` units wide.

        Args:
            at: its middle, units.
            axes: half its width and height, units.
            colour: blue, green, red.
            soft: Gaussian sigma of its edge, units.
            alpha: how much it covers, 0 to 1.
            tilt: degrees, clockwise.
            arc: degrees, from and to, clockwise from the right.
            stroke: 0 fills.
        """
        mask = self._mask()
        middle, half = self._px(at), (self._length(axes[0]), self._length(axes[1]))
        thickness = -1 if stroke == 0.0 else self._length(stroke)
        cv2.ellipse(mask, middle, half, tilt, arc[0], arc[1], 1.0, thickness, cv2.LINE_AA)
        self._paint(mask, self._plain(colour), soft, alpha)

    def polygon(self, points: Sequence[Point], colour: BGR, *, soft: float, alpha: float = 1.0) -> None:
        """Paint a filled polygon; arguments as of `ellipse`."""
        mask = self._mask()
        cv2.fillPoly(mask, [np.array([self._px(point) for point in points], np.int32)], 1.0, cv2.LINE_AA)
        self._paint(mask, self._plain(colour), soft, alpha)

    def lit_polygon(self, points: Sequence[Point], colour: BGR, *, soft: float) -> None:
        """Paint a polygon shaded like half an egg, lit from above and from the image's left."""
        mask = self._mask()
        cv2.fillPoly(mask, [np.array([self._px(point) for point in points], np.int32)], 1.0, cv2.LINE_AA)
        rows, columns = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]].astype(np.float32)
        across = (columns - self._middle[0]) / (80.0 * self._unit)
        down = (rows - self._middle[1]) / (108.0 * self._unit)
        towards = np.sqrt(np.clip(1.0 - 0.9 * across**2 - 0.8 * down**2, 0.05, 1.0))
        light = 0.62 + 0.42 * np.clip(0.85 * towards - 0.28 * across - 0.21 * down, 0.0, 1.3)
        self._paint(mask, np.array(colour, np.float32) * light[..., None], soft, 1.0)

    def add_grain(self, random: np.random.Generator) -> None:
        """Add fine and coarse noise, as skin and sensors have: without it the face is smoother than any real one."""
        noise = random.normal(0.0, 1.0, self._pixels.shape[:2]).astype(np.float32)
        grain = 4.0 * cv2.GaussianBlur(noise, (0, 0), 0.8) + 12.0 * cv2.GaussianBlur(noise, (0, 0), 3.0)
        self._pixels += grain[..., None]

    def _px(self, at: Point) -> tuple[int, int]:
        return round(self._middle[0] + at[0] * self._unit), round(self._middle[1] + at[1] * self._unit)

    def _length(self, units: float) -> int:
        return max(1, round(units * self._unit))

    def _plain(self, colour: BGR) -> Floats:
        """Return one colour everywhere, shape (height, width, 3), without taking the memory for it."""
        return np.broadcast_to(np.array(colour, np.float32), self._pixels.shape)

    def _mask(self) -> Floats:
        return np.zeros(self._pixels.shape[:2], np.float32)

    def _paint(self, mask: Floats, colour: Floats, soft: float, alpha: float) -> None:
        """Blend `colour` in where the mask is, looking only at the pixels that its soft edge can reach."""
        x, y, width, height = cv2.boundingRect((mask > 0.0).astype(np.uint8))
        reach = int(_MARGIN * soft * self._unit) + 1
        top, left = max(0, y - reach), max(0, x - reach)
        here = np.s_[top : y + height + reach, left : x + width + reach]
        cover = cv2.GaussianBlur(mask[here], (0, 0), max(soft * self._unit, 0.1)) * alpha
        self._pixels[here] += cover[..., None] * (colour[here] - self._pixels[here])
