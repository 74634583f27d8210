"""Where every figure stands in a frame, what of it can be seen, and drawing it there."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from apps.synthetic_street.figure import Sprite, build_sprite, level_for, phases_of
from apps.synthetic_street.motion import lay
from apps.synthetic_street.people import HeadMarks, StreetPerson
from apps.synthetic_street.plan import PassPlan
from apps.synthetic_street.world import HEIGHT_PX, SHUTTER_S, WIDTH_PX

__all__ = ["Cast", "Placement"]

Image = npt.NDArray[np.uint8]
SMALLEST_BLUR_PX = 0.6
OPAQUE = 127  # alpha above this hides what is behind
# Points spread over a face, in eye distances about the middle of the eyes: where visibility is asked.
FACE_POINTS = np.array(
    [
        (x, y)
        for x in np.linspace(-0.95, 0.95, 9)
        for y in np.linspace(-0.75, 1.6, 11)
        if (x / 1.0) ** 2 + ((y - 0.4) / 1.3) ** 2 < 1
    ]
)


@dataclass(frozen=True, slots=True)
class Placement:
    """One figure in one frame."""

    one: PassPlan
    x: float
    """Midway between the eyes, pixels of the frame."""
    y: float
    eye_px: float
    """As if the head faced the camera."""
    velocity: tuple[float, float]
    """Pixels per second."""
    sprite: Sprite

    def to_sprite_pixels(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        """Convert pixels (x, y) of the frame to those of the sprite under them; (n, 2)."""
        scale = self.sprite.eye_px / self.eye_px
        return np.round((points - (self.x, self.y)) * scale + self.sprite.origin).astype(np.intp)

    def covers(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return which of `points` (n, 2; pixels of the frame) this figure hides."""
        at = self.to_sprite_pixels(points)
        height, width = self.sprite.pixels.shape[:2]
        inside = (at[:, 0] >= 0) & (at[:, 0] < width) & (at[:, 1] >= 0) & (at[:, 1] < height)
        clipped = np.clip(at, 0, (width - 1, height - 1))
        hidden: npt.NDArray[np.bool_] = inside & (self.sprite.pixels[clipped[:, 1], clipped[:, 0], 3] > OPAQUE)
        return hidden


class Cast:
    """The people with their sprites, drawn when first needed and kept."""

    def __init__(self, people: Sequence[StreetPerson]) -> None:
        self._people = {person.name: person for person in people}
        self._sprites: dict[tuple[str, int, int, int, int], Sprite] = {}

    def head(self, one: PassPlan) -> HeadMarks:
        """Return the head this pass shows."""
        return self._people[one.person].heads[one.photograph]

    def placements(self, plan: Sequence[PassPlan], at_s: float) -> list[Placement]:
        """Place everybody walking at `at_s`, furthest first."""
        found = []
        for one in plan:
            now, later = one.eyes(at_s), one.eyes(at_s + SHUTTER_S)
            if now is None:
                continue
            moved = (0.0, 0.0) if later is None else ((later[0] - now[0]) / SHUTTER_S, (later[1] - now[1]) / SHUTTER_S)
            found.append(Placement(one, *now, moved, self._sprite(one, now[2], at_s)))
        return sorted(found, key=lambda placement: placement.eye_px)

    def visible_shares(self, placements: Sequence[Placement]) -> list[float]:
        """Return of each face, furthest first, the share inside the picture that nobody nearer hides."""
        shares = []
        for index, placement in enumerate(placements):
            points = FACE_POINTS * placement.eye_px + (placement.x, placement.y)
            seen = (points >= 0).all(axis=1) & (points[:, 0] < WIDTH_PX) & (points[:, 1] < HEIGHT_PX)
            for nearer in placements[index + 1 :]:
                seen &= ~nearer.covers(points)
            shares.append(float(seen.mean()))
        return shares

    def draw(self, frame: Image, placements: Sequence[Placement]) -> None:
        """Draw the figures on the frame in place, furthest first."""
        for placement in placements:
            _draw(frame, placement)

    def _sprite(self, one: PassPlan, eye_px: float, at_s: float) -> Sprite:
        level = level_for(eye_px)
        phases = phases_of(level)
        phase = int((at_s - one.start_s) * one.gait_hz / 2 * phases) % phases
        key = (one.person, one.photograph, one.outfit, level, phase)
        if key not in self._sprites:
            clothes = hashlib.sha256(f"{one.person} {one.outfit}".encode()).digest()
            self._sprites[key] = build_sprite(self.head(one), int.from_bytes(clothes[:6], "big"), level, phase)
        return self._sprites[key]


def _draw(frame: Image, placement: Placement) -> None:
    """Shrink the sprite to size, smear it along its way as the shutter would, lay it down."""
    sprite = placement.sprite
    scale = placement.eye_px / sprite.eye_px
    height, width = sprite.pixels.shape[:2]
    dx, dy = (v * SHUTTER_S for v in placement.velocity)
    reach = int(max(abs(dx), abs(dy)) / 2) + 2
    left, top = placement.x - sprite.origin[0] * scale, placement.y - sprite.origin[1] * scale
    x1, y1 = max(0, math.floor(left)) - reach, max(0, math.floor(top)) - reach
    x2 = min(WIDTH_PX, math.ceil(left + width * scale)) + reach
    y2 = min(HEIGHT_PX, math.ceil(top + height * scale)) + reach
    if x2 - x1 <= 2 * reach or y2 - y1 <= 2 * reach:
        return
    # pixel centres: (u + 0.5) * scale - 0.5
    shift = (scale - 1) / 2
    matrix = np.array([[scale, 0, left + shift - x1], [0, scale, top + shift - y1]])
    small = cv2.warpAffine(sprite.pixels, matrix, (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR)
    if math.hypot(dx, dy) > SMALLEST_BLUR_PX:
        small = cv2.filter2D(small, -1, _line_kernel(dx, dy), borderType=cv2.BORDER_CONSTANT)
    lay(frame, small, x1, y1)


def _line_kernel(dx: float, dy: float) -> npt.NDArray[np.float32]:
    """Make the smear of a move by (dx, dy) pixels at constant speed: a line through the middle, sum 1."""
    half = math.ceil(max(abs(dx), abs(dy)) / 2) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 33):
        x, y = half + dx * share, half + dy * share
        column, row = int(x), int(y)
        fx, fy = x - column, y - row
        for i, j, weight in (
            (0, 0, (1 - fx) * (1 - fy)),
            (0, 1, fx * (1 - fy)),
            (1, 0, (1 - fx) * fy),
            (1, 1, fx * fy),
        ):
            if weight:
                kernel[row + i, column + j] += weight
    kernel /= kernel.sum()
    return kernel
