"""The street itself, painted once: shops on both sides in perspective, paving, a square with trees beyond.

Painted at twice the size and shrunk, then softened a little: the camera is focused on people, not on walls.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from apps.synthetic_street.world import CAMERA_HEIGHT_M, FOCAL_PX, HEIGHT_PX, HORIZON_Y_PX, WIDTH_PX, project

__all__ = ["CROSSROAD_M", "HALF_STREET_M", "Backdrop", "paint_backdrop", "paint_sky"]

Image = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]  # B, G, R

HALF_STREET_M = 3.1  # from the axis to the shop fronts
CROSSROAD_M = (23.0, 31.0)  # where a road with cars crosses the street
SCALE = 2  # painted this many times larger
SHOPS: tuple[tuple[str, Colour, Colour], ...] = (  # name, fascia, wall
    ("BAKERY", (62, 110, 66), (108, 134, 168)),
    ("BOOKS", (98, 62, 36), (150, 168, 182)),
    ("CAFE", (44, 48, 140), (128, 150, 176)),
    ("FLORIST", (74, 98, 128), (96, 118, 150)),
    ("BARBER", (52, 44, 44), (160, 172, 180)),
    ("TEA ROOM", (122, 106, 58), (118, 142, 170)),
    ("CYCLES", (40, 100, 150), (140, 152, 160)),
    ("CHEMIST", (70, 120, 30), (120, 132, 152)),
)


def paint_sky(rng: np.random.Generator) -> Image:
    """Paint a strip of sky with clouds, wider than the frame, that tiles sideways; (HORIZON_Y_PX, 3 * WIDTH_PX, 3)."""
    height, width = int(HORIZON_Y_PX) + 6, 3 * WIDTH_PX
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    blue = np.array((214, 176, 134), np.float32) * (1 - rows) + np.array((228, 216, 200), np.float32) * rows
    cloud = np.zeros((height, width), np.float32)
    for octave, weight in ((6, 1.0), (12, 0.6), (24, 0.35), (60, 0.18), (140, 0.1)):
        coarse = rng.normal(size=(max(3, octave // 4), octave)).astype(np.float32)
        tiled = np.concatenate([coarse, coarse, coarse], axis=1)
        fine = cv2.resize(tiled, (3 * width, height), interpolation=cv2.INTER_CUBIC)
        cloud += weight * fine[:, width : 2 * width]
    cover = np.clip((cloud - 0.1) * 0.55, 0, 1)[..., None]
    lit = np.array((246, 244, 242), np.float32) - 26 * np.clip(cloud - 0.9, 0, 1)[..., None]
    sky: Image = np.clip(blue * (1 - cover) + lit * cover, 0, 255).astype(np.uint8)
    return sky


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """What stands still. Masks are 255 where true, (HEIGHT_PX, WIDTH_PX)."""

    still: Image
    """(HEIGHT_PX, WIDTH_PX, 3), BGR."""
    sky: Image
    beyond: Image
    """Where the road and the square can be seen: what moves there is hidden by everything nearer."""


def paint_backdrop(rng: np.random.Generator) -> Backdrop:
    """Paint it all, from far to near."""
    brush = _Brush(rng)
    key = (255.0, 0.0, 255.0)  # what stays so is sky
    brush.image[:] = key
    _square(brush)
    key_mask = np.all(brush.image == key, axis=2)
    sky = cv2.resize(key_mask.astype(np.uint8) * 255, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    sky[int(HORIZON_Y_PX) :] = 0
    brush.image[key_mask] = (225, 205, 180)
    _ground(brush)
    beyond = np.full_like(sky, 255)
    for side in (-1, 1):
        for index, (near, far) in enumerate(((17.0, 23.0), (11.5, 17.0), (7.0, 11.5))):
            _shop(brush, side, near, far, SHOPS[(index + (4 if side > 0 else 0)) % len(SHOPS)])
            beyond[_small_mask(brush, _wall(side, near, far, 0, 9))] = 0
    _furniture(brush, beyond)
    still = cv2.resize(brush.image, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    texture = rng.normal(size=(HEIGHT_PX, WIDTH_PX, 1)).astype(np.float32)
    mottled = cv2.resize(
        rng.normal(size=(45, 80)).astype(np.float32), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC
    )
    still = cv2.GaussianBlur(still + 5.0 * texture + 3.0 * mottled[..., None], (0, 0), 1.3)
    return Backdrop(np.clip(still, 0, 255).astype(np.uint8), sky & beyond, beyond)


class _Brush:
    """Paints polygons given in metres or pixels."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.image: Image = np.zeros((HEIGHT_PX * SCALE, WIDTH_PX * SCALE, 3), np.uint8)

    def corners(self, points: list[tuple[float, float, float]]) -> npt.NDArray[np.int32]:
        """Convert world points (X, height, Z) to pixels of the large picture, 4 bits of fraction."""
        return np.round(np.array([project(*p) for p in points]) * SCALE * 16).astype(np.int32)

    def fill_quad(self, points: list[tuple[float, float, float]], colour: Colour) -> None:
        cv2.fillPoly(self.image, [self.corners(points)], colour, lineType=cv2.LINE_AA, shift=4)

    def fill_polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon in pixels of the frame."""
        cv2.fillPoly(
            self.image,
            [np.round(np.array(points) * SCALE * 16).astype(np.int32)],
            colour,
            lineType=cv2.LINE_AA,
            shift=4,
        )

    def draw_plate(self, text: str, quad: list[tuple[float, float, float]], ink: Colour, background: Colour) -> None:
        """Draw text on a rectangle in the world: corners top left, top right, bottom right, bottom left as seen."""
        (tw, th), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 3.0, 6)
        sign = np.full((th * 2, tw + th * 2, 3), background, np.uint8)
        cv2.putText(sign, text, (th, int(th * 1.5)), cv2.FONT_HERSHEY_DUPLEX, 3.0, ink, 6, cv2.LINE_AA)
        h, w = sign.shape[:2]
        goal = (self.corners(quad) / 16).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32), goal)
        size = (self.image.shape[1], self.image.shape[0])
        warped = cv2.warpPerspective(sign, matrix, size, flags=cv2.INTER_AREA)
        where = cv2.warpPerspective(np.full((h, w), 255, np.uint8), matrix, size) > 127  # half
        self.image[where] = warped[where]


def _wall(
    side: int, near: float, far: float, low: float, high: float, x: float = HALF_STREET_M
) -> list[tuple[float, float, float]]:
    return [(side * x, high, near), (side * x, high, far), (side * x, low, far), (side * x, low, near)]


def _small_mask(brush: _Brush, quad: list[tuple[float, float, float]]) -> npt.NDArray[np.bool_]:
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    cv2.fillPoly(mask, [np.round(brush.corners(quad) / SCALE / 16).astype(np.int32)], 1)
    return mask.astype(bool)


def _shade(colour: Colour, light: float) -> Colour:
    b, g, r = (min(255.0, c * light) for c in colour)
    return b, g, r


def _shop(brush: _Brush, side: int, near: float, far: float, shop: tuple[str, Colour, Colour]) -> None:
    """Draw one house: wall with courses of brick, shop window, fascia with its name, awning, windows above."""
    name, fascia, wall = shop
    light = 0.82 if side < 0 else 1.05  # the sun stands to the left behind the camera
    brush.fill_quad(_wall(side, near, far, 0, 9), _shade(wall, light))
    for course in np.arange(2.9, 9, 0.15):
        tint = light * brush.rng.uniform(0.88, 1.04)
        brush.fill_quad(_wall(side, near, far, float(course), float(course) + 0.12), _shade(wall, tint))
    brush.fill_quad(_wall(side, near, far, 0, 2.9), _shade(fascia, 0.75 * light))
    panes = 3
    step = (far - near) / panes
    for pane in range(panes):
        a, b = near + step * (pane + 0.08), near + step * (pane + 0.92)
        door = pane == 1
        brush.fill_quad(_wall(side, a, b, 0.05 if door else 0.6, 2.3), (92, 88, 78))
        brush.fill_quad(
            _wall(side, a + 0.12, b - 0.12, 0.3 if door else 0.7, 2.2), (126, 160, 176) if not door else (110, 122, 128)
        )
        for _ in range(7):  # goods on display
            at, low = brush.rng.uniform(a + 0.2, b - 0.4), brush.rng.choice((0.75, 1.2, 1.65))
            goods = tuple(float(c) for c in brush.rng.uniform(60, 170, 3))
            brush.fill_quad(
                _wall(side, at, at + 0.25, low, low + float(brush.rng.uniform(0.15, 0.35))),
                (goods[0], goods[1], goods[2]),
            )
    brush.fill_quad(_wall(side, near, far, 2.4, 3.0), fascia)
    text = _wall(side, near + 0.5, far - 0.5, 2.45, 2.95)
    quad = text if side < 0 else [text[1], text[0], text[3], text[2]]  # on the right the far end is at the left
    brush.draw_plate(name, quad, (225, 235, 240), fascia)
    stripes = 8
    for stripe in range(stripes):  # awning
        a, b = near + (far - near) * stripe / stripes, near + (far - near) * (stripe + 1) / stripes
        colour = fascia if stripe % 2 else (225, 230, 232)
        x = HALF_STREET_M
        cloth = [(x, 2.42, a), (x, 2.42, b), (x - 0.75, 2.08, b), (x - 0.75, 2.08, a)]
        brush.fill_quad([(side * out, height, z) for out, height, z in cloth], _shade(colour, light))


def _ground(brush: _Brush) -> None:
    """Draw paving in courses, the road that crosses, kerbs."""
    brush.fill_polygon(
        [(0, HORIZON_Y_PX + 60), (WIDTH_PX, HORIZON_Y_PX + 60), (WIDTH_PX, HEIGHT_PX), (0, HEIGHT_PX)], (132, 136, 140)
    )
    start = FOCAL_PX * CAMERA_HEIGHT_M / (HEIGHT_PX - HORIZON_Y_PX) * 0.9
    courses = np.geomspace(start, CROSSROAD_M[0], 26)
    for near, far in pairwise(courses):
        for x in np.arange(-4.0, 4.0, 0.5):
            grey = brush.rng.uniform(150, 176)
            a, b = float(near), float(far) - 0.02 * float(far - near)
            brush.fill_quad(
                [(x, 0, a), (x + 0.48, 0, a), (x + 0.48, 0, b), (x, 0, b)], (grey, grey * 1.01, grey * 1.03)
            )
    near, far = CROSSROAD_M
    brush.fill_quad([(-9, 0, near), (9, 0, near), (9, 0, far), (-9, 0, far)], (92, 90, 88))
    middle = (near + far) / 2
    for x in np.arange(-9, 9, 1.6):
        brush.fill_quad(
            [(x, 0, middle - 0.1), (x + 0.9, 0, middle - 0.1), (x + 0.9, 0, middle + 0.1), (x, 0, middle + 0.1)],
            (220, 222, 224),
        )
    brush.fill_quad([(-9, 0.12, near), (9, 0.12, near), (9, 0, near), (-9, 0, near)], (186, 188, 190))
    brush.fill_quad([(-9, 0, far), (9, 0, far), (9, 0, 66), (-9, 0, 66)], (84, 138, 104))
    brush.fill_quad([(-1.3, 0, far), (1.3, 0, far), (0.45, 0, 66), (-0.45, 0, 66)], (150, 172, 186))


def _square(brush: _Brush) -> None:
    """Paint what closes the view: a terrace, a church tower, a hedge."""
    rng = brush.rng
    for x in np.arange(-14.0, 14.0, 2.8):
        top = 4.3 + float(rng.uniform(-0.3, 0.5))
        tint = float(rng.uniform(0.8, 1.1))
        brush.fill_quad([(x, 0, 66), (x + 2.8, 0, 66), (x + 2.8, top, 66), (x, top, 66)], _shade((128, 148, 176), tint))
        brush.fill_quad(
            [(x - 0.1, top, 66), (x + 2.9, top, 66), (x + 2.3, top + 1.0, 66), (x + 0.5, top + 1.0, 66)], (84, 84, 104)
        )
        brush.fill_quad(
            [(x + 0.3, top, 66), (x + 0.7, top, 66), (x + 0.7, top + 1.5, 66), (x + 0.3, top + 1.5, 66)], (90, 104, 140)
        )
        for row in (1.0, 2.7):
            for offset in (0.4, 1.7):
                for inset, colour in ((0.0, (214.0, 218.0, 216.0)), (0.08, (120.0, 108.0, 96.0))):  # frame, glass
                    a, b = x + offset + inset, x + offset + 0.7 - inset
                    low, high = row + inset, row + 1.0 - inset
                    brush.fill_quad([(a, low, 66), (b, low, 66), (b, high, 66), (a, high, 66)], colour)
    brush.fill_quad([(2.2, 0, 65), (4.2, 0, 65), (4.2, 6.4, 65), (2.2, 6.4, 65)], (140, 156, 166))
    brush.fill_quad([(2.1, 6.4, 65), (4.3, 6.4, 65), (3.2, 8.0, 65)], (110, 112, 108))
    cv2.circle(
        brush.image, tuple((brush.corners([(3.2, 5.6, 65)])[0] // 16).tolist()), 26, (232, 236, 238), -1, cv2.LINE_AA
    )
    for angle in (0.5, 2.4):
        x, y = (brush.corners([(3.2, 5.6, 65)])[0] // 16).tolist()
        cv2.line(
            brush.image,
            (x, y),
            (int(x + 18 * np.sin(angle)), int(y - 18 * np.cos(angle))),
            (60, 60, 60),
            3,
            cv2.LINE_AA,
        )


def _furniture(brush: _Brush, beyond: Image) -> None:
    """Draw lamp posts, and the notice that tells everybody what is going on: the deployment is overt."""
    for x, z in ((-2.3, 14.0), (2.3, 18.0)):
        pole = [(x - 0.05, 0.0, z), (x + 0.05, 0.0, z), (x + 0.03, 3.4, z), (x - 0.03, 3.4, z)]
        brush.fill_quad(pole, (52, 58, 50))
        lamp = [(x - 0.18, 3.4, z), (x + 0.18, 3.4, z), (x + 0.26, 3.85, z), (x - 0.26, 3.85, z)]
        brush.fill_quad(lamp, (190, 226, 236))
        brush.fill_quad([(x - 0.3, 3.85, z), (x + 0.3, 3.85, z), (x, 4.1, z)], (46, 52, 46))
        for quad in (pole, lamp):
            beyond[_small_mask(brush, quad)] = 0
    z, x = 13.5, -2.15
    brush.fill_quad([(x - 0.5, 0, z), (x - 0.44, 0, z), (x - 0.44, 1.0, z), (x - 0.5, 1.0, z)], (70, 70, 70))
    brush.fill_quad([(x + 0.44, 0, z), (x + 0.5, 0, z), (x + 0.5, 1.0, z), (x + 0.44, 1.0, z)], (70, 70, 70))
    brush.fill_quad([(x - 0.58, 2.02, z), (x + 0.58, 2.02, z), (x + 0.58, 0.78, z), (x - 0.58, 0.78, z)], (120, 52, 20))
    beyond[_small_mask(brush, [(x - 0.58, 2.02, z), (x + 0.58, 2.02, z), (x + 0.58, 0.0, z), (x - 0.58, 0.0, z)])] = 0
    lines = (
        ("LIVE FACIAL", 1.95, 1.72),
        ("RECOGNITION", 1.70, 1.47),
        ("in operation", 1.42, 1.22),
        ("ask an officer", 1.08, 0.9),
    )
    for text, high, low in lines:
        brush.draw_plate(
            text,
            [(x - 0.5, high, z), (x + 0.5, high, z), (x + 0.5, low, z), (x - 0.5, low, z)],
            (245, 245, 245),
            (120, 52, 20),
        )
