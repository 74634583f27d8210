"""What moves behind the people: clouds, trees, cars, and the light on everything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from apps.synthetic_street.backdrop import CROSSROAD_M, Backdrop, paint_sky
from apps.synthetic_street.world import FOCAL_PX, HEIGHT_PX, SHUTTER_S, WIDTH_PX, project

__all__ = ["Light", "Noise", "Surroundings", "lay"]

Image = npt.NDArray[np.uint8]

CLOUD_PX_S = 9.0
CAR_COLOURS = ((46, 44, 150), (150, 96, 40), (196, 198, 200), (50, 52, 54), (60, 120, 60), (40, 140, 190))
GUST_S = 7.0


def lay(frame: Image, sprite: Image, left: int, top: int) -> None:
    """Lay a sprite (height, width, 4; colours already times alpha) on the frame, in place; clips at the border."""
    height, width = frame.shape[:2]
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + sprite.shape[1], width), min(top + sprite.shape[0], height)
    if x2 <= x1 or y2 <= y1:
        return
    part = sprite[y1 - top : y2 - top, x1 - left : x2 - left]
    region = frame[y1:y2, x1:x2]
    clear = cv2.bitwise_not(cv2.extractChannel(part, 3))
    kept = cv2.multiply(region, cv2.merge((clear, clear, clear)), scale=1 / 255)
    frame[y1:y2, x1:x2] = cv2.add(kept, cv2.cvtColor(part, cv2.COLOR_BGRA2BGR))


@dataclass(frozen=True, slots=True)
class _Car:
    start_s: float
    speed_m_s: float
    z_m: float
    sprite: Image


class Surroundings:
    """The street without people at any moment. Built once from a seeded generator."""

    def __init__(self, backdrop: Backdrop, rng: np.random.Generator, seconds: float) -> None:
        self._backdrop = backdrop
        rows, columns = np.nonzero(backdrop.sky)
        self._sky_box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        self._sky = paint_sky(rng)
        self._trees = [
            (x, z, float(rng.uniform(0, 6)), _tree(rng, int(FOCAL_PX / z * 4.2)))
            for x, z in ((-4.7, 50.0), (-1.6, 56.0), (6.4, 52.0), (-3.6, 42.0), (4.4, 40.0))
        ]
        self._cars: list[_Car] = []
        at = float(rng.uniform(-4, 1))
        while at < seconds:
            right = bool(rng.integers(2))
            z = CROSSROAD_M[1] - 2.2 if right else CROSSROAD_M[0] + 2.2
            colour = CAR_COLOURS[int(rng.integers(len(CAR_COLOURS)))]
            speed = float(rng.uniform(5.5, 8.5))
            sprite = _car(colour, FOCAL_PX / z, speed, facing_right=right)
            self._cars.append(_Car(at, speed if right else -speed, z, sprite))
            at += float(rng.uniform(1.8, 6.0))
        self._cars.sort(key=lambda car: -car.z_m)

    def draw(self, at_s: float) -> Image:
        """Draw a new frame (HEIGHT_PX, WIDTH_PX, 3) with everything but people, at `at_s` seconds."""
        frame = self._backdrop.still.copy()
        x1, y1, x2, y2 = self._sky_box
        shift = int(CLOUD_PX_S * at_s) % WIDTH_PX
        cv2.copyTo(self._sky[y1:y2, x1 + shift : x2 + shift], self._backdrop.sky[y1:y2, x1:x2], frame[y1:y2, x1:x2])
        for x, z, phase, tree in self._trees:
            wind = 0.012 * (1 + 0.8 * math.sin(math.tau * at_s / GUST_S)) * math.sin(2.6 * at_s + phase)
            height, width = tree.shape[:2]
            swayed = cv2.warpAffine(tree, np.array([[1, -wind, wind * height], [0, 1, 0]]), (width, height))
            px, py = project(x, 0.0, z)
            self._lay_beyond(frame, swayed, int(px - width / 2), int(py - height))
        for car in self._cars:
            travelled = (at_s - car.start_s) * abs(car.speed_m_s)
            x = (travelled - 9.0) * math.copysign(1, car.speed_m_s)
            if abs(x) < 9:  # metres: hidden behind the houses beyond
                px, py = project(x, 0.0, car.z_m)
                self._lay_beyond(frame, car.sprite, int(px - car.sprite.shape[1] / 2), int(py - car.sprite.shape[0]))
        return frame

    def _lay_beyond(self, frame: Image, sprite: Image, left: int, top: int) -> None:
        """Lay a sprite as `lay` does, hidden by the houses, lamps and signs that are nearer."""
        x1, y1, x2, y2 = (
            max(left, 0),
            max(top, 0),
            min(left + sprite.shape[1], WIDTH_PX),
            min(top + sprite.shape[0], HEIGHT_PX),
        )
        if x2 > x1 and y2 > y1:
            part = sprite[y1 - top : y2 - top, x1 - left : x2 - left]
            lay(frame, cv2.bitwise_and(part, part, mask=self._backdrop.beyond[y1:y2, x1:x2]), x1, y1)


def _tree(rng: np.random.Generator, height: int) -> Image:
    """Draw a plane tree, (height, 0.9 height, 4), colours times alpha."""
    width = int(0.9 * height)
    tree = np.zeros((height, width, 4), np.uint8)
    trunk = [
        (width * 0.47, height),
        (width * 0.53, height),
        (width * 0.515, height * 0.5),
        (width * 0.485, height * 0.5),
    ]
    cv2.fillPoly(tree, [np.array(trunk).astype(np.int32)], (52, 66, 82, 255), cv2.LINE_AA)
    for step in range(520):
        angle, radius = rng.uniform(0, math.tau), math.sqrt(rng.random())
        x = width * (0.5 + 0.42 * radius * math.cos(angle))
        y = height * (0.36 + 0.33 * radius * math.sin(angle))
        light = 0.55 + 0.45 * step / 520 + 0.25 * (0.36 - y / height)
        b, g, r = (float(c * light * rng.uniform(0.85, 1.15)) for c in (52, 132, 112))
        cv2.circle(
            tree, (int(x), int(y)), max(2, int(height * rng.uniform(0.015, 0.035))), (b, g, r, 255), -1, cv2.LINE_AA
        )
    soft: Image = cv2.GaussianBlur(tree, (0, 0), 1.0)
    return soft


def _car(colour: tuple[int, int, int], px_m: float, speed_m_s: float, *, facing_right: bool) -> Image:
    """Draw a car from the side, `px_m` pixels a metre, smeared as its speed asks; colours times alpha."""
    scale, margin = px_m * 2, 0.3
    width, height = int((4.3 + 2 * margin) * scale), int(1.6 * scale)
    car = np.zeros((height, width, 4), np.uint8)

    def shape(points: list[tuple[float, float]], paint: tuple[int, int, int]) -> None:
        corners = np.array([((x + margin) * scale, height - y * scale) for x, y in points]).astype(np.int32)
        cv2.fillPoly(car, [corners], (*paint, 255), cv2.LINE_AA)

    dark = (colour[0] * 2 // 3, colour[1] * 2 // 3, colour[2] * 2 // 3)
    shape([(0.0, 0.3), (0.0, 0.8), (0.5, 0.95), (1.1, 1.42), (2.5, 1.45), (3.3, 0.98), (4.2, 0.8), (4.3, 0.3)], colour)
    shape([(0.0, 0.3), (0.0, 0.5), (4.3, 0.5), (4.3, 0.3)], dark)
    shape([(0.75, 0.95), (1.2, 1.34), (1.8, 1.36), (1.8, 0.95)], (150, 140, 124))
    shape([(1.9, 0.95), (1.9, 1.36), (2.45, 1.36), (3.0, 0.95)], (160, 150, 134))
    shape([(4.15, 0.6), (4.15, 0.75), (4.3, 0.72), (4.3, 0.58)], (210, 235, 245))
    for x in (0.85, 3.4):
        middle = (int((x + margin) * scale), int(height - 0.33 * scale))
        cv2.circle(car, middle, int(0.33 * scale), (30, 30, 30, 255), -1, cv2.LINE_AA)
        cv2.circle(car, middle, int(0.18 * scale), (150, 150, 150, 255), -1, cv2.LINE_AA)
    small = cv2.resize(car, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    smeared = cv2.blur(small, (max(1, round(speed_m_s * px_m * SHUTTER_S)), 1))
    soft = cv2.GaussianBlur(smeared, (0, 0), 1.0)
    return soft if facing_right else np.ascontiguousarray(soft[:, ::-1])


class Light:
    """How bright and how warm it is: clouds over the sun, slow drift, the flicker of lamps at 100 Hz seen at 25."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._phases = rng.uniform(0, math.tau, 6)
        self._ramp = np.arange(256, dtype=np.float32)

    def gains(self, at_s: float) -> tuple[float, float, float]:
        """Return the factors of blue, green and red; 0.72 to 1.1."""
        p = self._phases
        drift = 0.05 * math.sin(math.tau * at_s / 23 + p[0])
        cloud = 0.20 / (1 + math.exp(-6 * (math.sin(math.tau * at_s / 17 + p[1]) - 0.45)))
        flicker = 0.010 * math.sin(math.tau * 1.7 * at_s + p[2]) + 0.004 * math.sin(math.tau * 9.3 * at_s + p[3])
        level = 1.0 + drift - cloud + flicker
        warmth = 0.025 * math.sin(math.tau * at_s / 31 + p[4]) - 0.12 * cloud
        return level * (1 - warmth), level, level * (1 + warmth)

    def apply(self, frame: Image, at_s: float) -> Image:
        """Return the frame under the light of `at_s`, as a new array."""
        table = np.stack([np.clip(self._ramp * gain, 0, 255) for gain in self.gains(at_s)], axis=-1)
        lit: Image = cv2.LUT(frame, table.astype(np.uint8)[None])
        return lit


class Noise:
    """Sensor noise of about 2 grey levels, mostly the same in all colours, shifted at random for every frame."""

    SIGMA, COLOUR_SIGMA = 1.9, 0.7  # grey levels
    MARGIN = 96

    def __init__(self, rng: np.random.Generator) -> None:
        size = (HEIGHT_PX + self.MARGIN, WIDTH_PX + self.MARGIN)
        field = rng.normal(scale=self.SIGMA, size=(*size, 1)) + rng.normal(scale=self.COLOUR_SIGMA, size=(*size, 3))
        field = field.round()
        self._brighter = np.clip(field, 0, 255).astype(np.uint8)
        self._darker = np.clip(-field, 0, 255).astype(np.uint8)

    def apply(self, frame: Image, rng: np.random.Generator) -> Image:
        """Return the frame with noise, as a new array."""
        x, y = (int(v) for v in rng.integers(self.MARGIN, size=2))
        window = (slice(y, y + HEIGHT_PX), slice(x, x + WIDTH_PX))
        noisy: Image = cv2.subtract(cv2.add(frame, self._brighter[window]), self._darker[window])
        return noisy
