"""The drawn body under a real head, and the whole figure as a sprite at several sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from apps.synthetic_street.people import HeadMarks, cut_head
from apps.synthetic_street.world import HEIGHT_PX, HORIZON_Y_PX

__all__ = ["LEVELS_PX", "Sprite", "build_sprite", "level_for", "phases_of"]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Points = list[tuple[float, float]]

BAGS, SCARVED = 0.35, 0.3  # shares of people
LEVELS_PX = (96, 72, 54, 40, 30, 22)
"""Eye distances at which figures are drawn; between them they are shrunk by a third at most."""
LEFT_E, TOP_E = 5.2, 3.4  # the canvas's reach left and right, and above the eyes, in eye distances
SOLE_E = 26.0  # the ground below the eyes: 1.64 m
STEP_PHASES = 4  # pictures of a stride, where legs can be seen at all
LEGS_BELOW_PX = 31  # eye distance from which on the legs are below the picture's edge

# B, G, R of coats, shirts, trousers: muted, as an English street in autumn is
COATS = ((62, 44, 38), (48, 54, 66), (70, 92, 52), (40, 48, 118), (112, 78, 40), (72, 70, 74), (34, 34, 36),
         (58, 104, 140), (96, 60, 92), (130, 118, 92), (44, 76, 110))  # fmt: skip
SHIRTS = ((232, 232, 236), (214, 196, 170), (180, 190, 214), (60, 60, 64), (200, 208, 200))
TROUSERS = ((74, 52, 40), (44, 44, 48), (88, 96, 104), (60, 78, 96))
SCARVES = ((48, 48, 168), (120, 90, 30), (60, 140, 190), (90, 110, 60))


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A figure at one size and phase of the stride."""

    pixels: Image
    """(height, width, 4): B, G, R already times alpha, and alpha, 0-255."""
    eye_px: float
    origin: tuple[float, float]
    """The point midway between the eyes, pixels of the sprite."""


def level_for(eye_px: float) -> int:
    """Return the smallest level that is not smaller than `eye_px`."""
    return min((level for level in LEVELS_PX if level >= eye_px), default=LEVELS_PX[0])


def phases_of(level: int) -> int:
    """Return how many pictures of a stride there are at a level."""
    return STEP_PHASES if level < LEGS_BELOW_PX else 1


def build_sprite(head: HeadMarks, outfit: int, level: int, phase: int) -> Sprite:
    """Draw the figure: what is behind the neck, the real head, the clothes in front."""
    rng = np.random.default_rng(outfit)
    below = min(SOLE_E + 0.6, 1.36 * (HEIGHT_PX - HORIZON_Y_PX + 60) / level)  # what can come into the picture
    width, height = int(2 * LEFT_E * level), int((TOP_E + below) * level)
    origin = (LEFT_E * level, TOP_E * level)
    pen = _Pen(width, height, level, (origin[0] + head.neck[0] * level, origin[1] + (head.neck[1] - 2.15) * level), rng)
    figure = pen.layer
    clothes = _Clothes(rng, pen, phase)
    clothes.draw_behind()
    head_rows = min(height, int((TOP_E + 4.0) * level))
    face = cut_head(head, level, (width, head_rows), origin)
    _shade_neck(face, head, level, origin)
    _over(figure[:head_rows], face)
    clothes.draw_front()
    figure[..., 3] *= 255
    return Sprite(np.clip(figure + 0.5, 0, 255).astype(np.uint8), float(level), origin)


def _over(below: Floats, layer: Floats) -> None:
    """Lay premultiplied `layer` over `below`, in place."""
    below *= 1 - layer[..., 3:]
    below += layer


def _shade_neck(face: Floats, head: HeadMarks, level: int, origin: tuple[float, float]) -> None:
    """Paint the chin's shadow, and let the neck end softly in the collar."""
    rows = (np.arange(face.shape[0], dtype=np.float32) - origin[1]) / level - head.neck[1]
    face[..., :3] *= (1 - 0.22 * np.clip((rows + 0.25) / 0.4, 0, 1))[:, None, None]
    face *= np.clip((0.75 - rows) / 0.3, 0, 1)[:, None, None]


class _Pen:
    """Paints shapes given in eye distances, from the collar's middle across and from the eyes down."""

    def __init__(
        self, width: int, height: int, level: int, origin: tuple[float, float], rng: np.random.Generator
    ) -> None:
        self.layer = np.zeros((height, width, 4), np.float32)
        self.level, self.origin = level, origin
        x = (np.arange(width, dtype=np.float32) - origin[0]) / level
        folds = rng.normal(size=(max(4, round(height / level * 0.7)), max(4, round(width / level * 1.5))))
        cloth = cv2.resize(folds.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        grain = rng.normal(size=(height, width)).astype(np.float32)
        self.shade = 1.0 - 0.34 * np.clip(np.abs(x + 0.5) / 3.6, 0, 1)[None] ** 2 + 0.06 * cloth + 0.03 * grain

    def fill(self, points: Points, colour: tuple[int, ...], light: float = 1.0, *, mirrored: bool = False) -> None:
        """Paint one shaded shape, its corners rounded; `mirrored` paints the one at the other side too."""
        shape = _rounded(np.array(points)) * self.level + np.array(self.origin)
        height, width = self.layer.shape[:2]
        left, top = np.maximum(shape.min(axis=0).astype(int) - 3, 0)
        right, bottom = np.minimum(shape.max(axis=0).astype(int) + 4, (width, height))
        if right > left and bottom > top:
            mask = np.zeros((bottom - top, right - left), np.uint8)
            corners = ((shape - (left, top)) * 16).round().astype(np.int32)
            cv2.fillPoly(mask, [corners], 255, lineType=cv2.LINE_AA, shift=4)
            alpha = cv2.GaussianBlur(mask, (0, 0), 0.7).astype(np.float32)[..., None] / 255
            shade = self.shade[top:bottom, left:right, None] * light
            paint = np.minimum(shade * np.array(colour, np.float32), 255)
            _over(self.layer[top:bottom, left:right], np.concatenate([paint * alpha, alpha], axis=2))
        if mirrored:
            self.fill([(-x, y) for x, y in points], colour, light * 0.95)


def _rounded(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a closed polygon with its corners cut twice (Chaikin): cloth has none."""
    for _ in range(2):
        following = np.roll(corners, -1, axis=0)
        corners = np.stack([0.8 * corners + 0.2 * following, 0.2 * corners + 0.8 * following], axis=1).reshape(-1, 2)
    return corners


class _Clothes:
    """One person's clothes. All coordinates in eye distances; y grows downwards."""

    def __init__(self, rng: np.random.Generator, pen: _Pen, phase: int) -> None:
        self.pen, self.phase = pen, phase
        self.coat = COATS[int(rng.integers(len(COATS)))]
        self.shirt = SHIRTS[int(rng.integers(len(SHIRTS)))]
        self.trousers = TROUSERS[int(rng.integers(len(TROUSERS)))]
        self.scarf = SCARVES[int(rng.integers(len(SCARVES)))]
        self.style = str(rng.choice(("jacket", "coat", "hood", "jumper")))
        self.broad = float(rng.uniform(0.90, 1.04))
        self.bag = rng.random() < BAGS
        self.with_scarf = rng.random() < SCARVED
        self.long = 14.5 if self.style == "coat" else 10.8

    def draw_behind(self) -> None:
        """Draw legs, the back of the collar, the shirt."""
        fill, swing = self.pen.fill, math.sin(math.tau * self.phase / STEP_PHASES)
        for side, lift in ((-1, swing), (1, -swing)):
            sole = SOLE_E - 0.9 * max(0.0, lift)
            leg = [(0.1, 9.5), (2.5, 9.5), (2.1, 18.0), (1.75, sole - 0.8), (0.55, sole - 0.8), (0.5, 18.0)]
            fill([(side * x, y) for x, y in leg], self.trousers, 0.88 if lift > 0 else 1.0)
            shoe = [(0.4, sole - 1.3), (1.8, sole - 1.3), (2.2, sole), (0.35, sole)]
            fill([(side * x, y) for x, y in shoe], (34, 32, 36))
        fill([(-1.3, 2.0), (1.3, 2.0), (1.7, 2.9), (-1.7, 2.9)], self.coat, 0.6)
        fill([(-1.1, 2.2), (1.1, 2.2), (1.3, 3.4), (1.2, 5.6), (-1.2, 5.6), (-1.3, 3.4)], self.shirt, 0.95)

    def draw_front(self) -> None:
        """Draw shoulders, arms and torso, open at the neck."""
        b, fill, coat = self.broad, self.pen.fill, self.coat
        deep = {"jacket": 5.2, "coat": 4.4, "hood": 3.1, "jumper": 2.95}[self.style]
        fill(
            [(3.0 * b, 10.2), (3.95 * b, 10.2), (3.85 * b, 12.0), (3.2 * b, 12.2)], (120, 146, 190), 0.9, mirrored=True
        )
        fill([(2.3 * b, 3.2), (3.2 * b, 3.5), (3.65 * b, 4.6), (3.95 * b, 7.4), (4.05 * b, 10.8), (3.0 * b, 10.9),
              (2.7 * b, 7.5)], coat, 0.8, mirrored=True)  # fmt: skip
        half = [(1.12, 2.05), (1.5, 2.3), (2.4 * b, 2.85), (3.15 * b, 3.3), (3.4 * b, 4.3), (2.95 * b, 6.0),
                (2.75 * b, 8.5), (2.95 * b, self.long)]  # fmt: skip
        fill([(0.0, deep), *half, *((-x, y) for x, y in reversed(half))], coat)
        if self.style in {"jacket", "coat"}:
            fill(
                [(1.12, 2.05), (1.7, 2.6), (2.0, 3.4), (1.5, 3.6), (0.1, deep + 0.6), (0.0, deep)],
                coat,
                1.28,
                mirrored=True,
            )
            fill([(-0.05, deep), (0.05, deep), (0.06, self.long), (-0.06, self.long)], coat, 0.55)
            for row in range(3):
                y = deep + 0.8 + 1.7 * row
                fill([(0.15, y), (0.4, y), (0.4, y + 0.25), (0.15, y + 0.25)], coat, 0.45)
        elif self.style == "hood":
            fill([(1.1, 2.0), (1.9, 2.15), (2.2, 2.9), (0.6, 3.7), (0.0, 3.75), (0.0, 3.0)], coat, 1.2, mirrored=True)
            fill([(-0.05, 3.6), (0.05, 3.6), (0.06, self.long), (-0.06, self.long)], coat, 0.55)
            fill([(0.5, 3.6), (0.62, 3.6), (0.66, 5.4), (0.54, 5.4)], (210, 210, 210), mirrored=True)
        else:
            fill([(1.12, 2.1), (1.35, 2.3), (0.2, 3.3), (0.0, 3.35), (0.0, 2.95)], coat, 0.75, mirrored=True)
        if self.style != "hood" and self.with_scarf:
            fill([(-1.5, 2.1), (0.0, 2.8), (1.5, 2.1), (1.7, 2.7), (0.1, 3.8), (-1.7, 2.7)], self.scarf)
            fill([(0.1, 3.2), (0.95, 3.0), (1.15, 6.4), (0.25, 6.5)], self.scarf, 0.85)
        if self.bag:
            fill([(-2.4, 2.75), (-2.0, 2.65), (2.75, 8.6), (2.5, 9.2)], (40, 48, 62), 0.8)
