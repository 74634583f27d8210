"""Who walks where and when: a plan made from a seed, before anything is drawn. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from apps.synthetic_street.world import (
    FOCAL_PX,
    HEIGHT_PX,
    INTEROCULAR_M,
    WIDTH_PX,
    distance_for_eyes,
    eye_distance_px,
    project,
)

__all__ = ["ENROLLED_GAP_S", "PassPlan", "Walker", "plan_hash", "street_plan"]

ENROLLED_GAP_S = 12.0
"""Between two passes of one enrolled person: sightings closer than 10 s are merged into one alert."""
COUNTED_EYES_PX = 18.0
"""A face counts as visible from here up."""
OUTFITS = 2
STRAIGHT_ON = 0.7  # share of those who approach that go on to the other side
CHANGE_S = 0.4  # between two passes of one person, out of the picture
GIVE_UP_AFTER = 80  # walks in a row for which nobody is free
SHOWN = 1.1  # faces planned for each face seen: some are hidden behind others or half outside
STEP_S = 0.2  # resolution of the plan's own bookkeeping
HALF_BODY_M = 0.36  # beyond the frame's edge by this much, nothing of a person is seen
FAR_EYES_PX = 19.0  # where those who approach come from; further away their feet would be in the picture


@dataclass(frozen=True, slots=True)
class Walker:
    """Someone who may walk through: what the plan needs to know of a person."""

    name: str
    photographs: int
    """How many photographs the renderer has of this person; a pass uses one."""
    subject: str | None = None
    """The enrolled subject this person is; None for passers-by."""
    largest_eye_px: float = 90.0
    """Larger than this the photograph would be enlarged too much."""


@dataclass(frozen=True, slots=True)
class PassPlan:
    """One walk through the picture."""

    id: int
    camera: str
    person: str
    photograph: int
    subject: str | None
    kind: str
    """approach, recede or cross."""
    start_s: float
    speed_m_s: float
    path: tuple[tuple[float, float], ...]
    """Way-points (X, Z) in metres; the first and the last lie outside the picture."""
    eye_height_m: float
    gait_hz: float
    """Steps per second."""
    outfit: int
    """Which of the person's clothes, 0 to OUTFITS - 1."""

    @property
    def seconds(self) -> float:
        """How long the walk takes."""
        return sum(math.dist(a, b) for a, b in zip(self.path, self.path[1:], strict=False)) / self.speed_m_s

    @property
    def end_s(self) -> float:
        return self.start_s + self.seconds

    def position(self, at_s: float) -> tuple[float, float] | None:
        """Return (X, Z) in metres at `at_s`, or None before the start and after the end."""
        left = (at_s - self.start_s) * self.speed_m_s
        if left < 0:
            return None
        for a, b in zip(self.path, self.path[1:], strict=False):
            length = math.dist(a, b)
            if left <= length:
                share = left / length
                return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
            left -= length
        return None

    def eyes(self, at_s: float) -> tuple[float, float, float] | None:
        """Return the pixel (x, y) midway between the eyes and the pixels between them; None when not walking.

        Includes the gait: 18 mm up and down with each step, 12 mm from side to side with each stride.
        """
        place = self.position(at_s)
        if place is None:
            return None
        x, z = place
        phase = math.tau * self.gait_hz * (at_s - self.start_s)
        px, py = project(x + 0.012 * math.sin(phase / 2), self.eye_height_m + 0.018 * math.cos(phase), z)
        return px, py, eye_distance_px(z)


def plan_hash(plan: Sequence[PassPlan]) -> str:
    """Return a short hash of everything in the plan."""
    return hashlib.sha256(json.dumps([asdict(p) for p in plan], sort_keys=True).encode()).hexdigest()[:16]


def street_plan(
    *, seed: int, camera: str, seconds: float, faces_per_frame: float, people: Sequence[Walker]
) -> list[PassPlan]:
    """Plan passes of `people` past `camera`, sorted by start, about `faces_per_frame` faces visible on average.

    Each enrolled person passes as often as ENROLLED_GAP_S allows: in turn large (60 to 90 px between the
    eyes), small (25 to 30) and middling (38 to 55), the large one first. Passers-by fill the rest, nobody
    in two places at once, never standing in front of an enrolled face for long.

    Raises:
        ValueError: nobody to walk, no time, or fewer than one face a frame asked for.
    """
    if not people or seconds <= 0 or faces_per_frame <= 0:
        raise ValueError("a street needs people, a length above 0 s and more than 0 faces a frame")
    rng = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(camera.encode()).digest()[:4], "big")])
    passes: list[PassPlan] = []
    for index, walker in enumerate(p for p in people if p.subject is not None):
        at, turn = 0.2 + 3.7 * (index % 4), index
        while True:
            low, high, kinds = _ENROLLED_TURNS[turn % len(_ENROLLED_TURNS)]
            one = _make_pass(rng, len(passes), camera, walker, at, rng.uniform(low, high), str(rng.choice(kinds)), 1.4)
            if one.end_s > seconds:
                break
            passes.append(one)
            at, turn = one.end_s + ENROLLED_GAP_S + rng.uniform(0.05, 0.3), turn + 1
    _fill(rng, passes, camera, seconds, faces_per_frame, [p for p in people if p.subject is None])
    return sorted(passes, key=lambda p: (p.start_s, p.id))


_ENROLLED_TURNS = (
    (62.0, 88.0, ("approach",)),
    (25.5, 30.0, ("cross",)),
    (40.0, 55.0, ("approach", "recede")),
)


def _edge(side: float, z_m: float) -> tuple[float, float]:
    """Return a point just outside the picture at distance `z_m`."""
    return side * (WIDTH_PX / 2 / FOCAL_PX * z_m + HALF_BODY_M), z_m


def _make_pass(
    rng: np.random.Generator, number: int, camera: str, walker: Walker, start_s: float, eye_px: float, kind: str,
    speed_m_s: float,
) -> PassPlan:  # fmt: skip
    """Make one pass whose eyes are `eye_px` apart where they are nearest."""
    side = float(rng.choice((-1.0, 1.0)))
    near = distance_for_eyes(min(eye_px, walker.largest_eye_px))
    if kind == "cross":
        path: tuple[tuple[float, float], ...] = (_edge(side, near * 1.04), _edge(-side, near))
    else:
        turn = (-side * rng.uniform(0.0, 0.11) * near, near)
        away = -side if rng.random() < STRAIGHT_ON else side
        path = (_edge(side, distance_for_eyes(FAR_EYES_PX)), turn, _edge(away, near))
        if kind == "recede":
            path = path[::-1]
    return PassPlan(
        id=number, camera=camera, person=walker.name, photograph=int(rng.integers(walker.photographs)),
        subject=walker.subject, kind=kind, start_s=round(start_s, 3), speed_m_s=speed_m_s,
        path=tuple((round(x, 4), round(z, 4)) for x, z in path), eye_height_m=round(float(rng.uniform(1.60, 1.70)), 3),
        gait_hz=round(float(rng.uniform(1.7, 2.1)), 3), outfit=int(rng.integers(OUTFITS)),
    )  # fmt: skip


def _fill(
    rng: np.random.Generator, passes: list[PassPlan], camera: str, seconds: float, faces: float,
    passers: Sequence[Walker],
) -> None:  # fmt: skip
    """Add passers-by where the street is emptiest until `faces` are visible on average."""
    times = np.arange(0.0, seconds, STEP_S)
    visible = sum((_visible(p, times) for p in passes), start=np.zeros(len(times)))
    enrolled = list(passes)
    failures = 0
    while passers and failures < GIVE_UP_AFTER and visible.mean() < SHOWN * faces:
        best: tuple[float, PassPlan] | None = None
        for attempt in range(14):
            walker = passers[int(rng.integers(len(passers)))]
            kind = str(rng.choice(("approach", "cross", "recede"), p=(0.5, 0.35, 0.15)))
            speed = rng.uniform(0.75, 0.95) if kind == "recede" else rng.uniform(0.85, 1.3)
            eye = float(np.exp(rng.uniform(np.log(24.5), np.log(90.0))))
            mine = [p for p in passes if p.person == walker.name]
            start = float(rng.uniform(-3.0, seconds - 1.0))
            if mine and attempt % 2:  # straight after an earlier pass, so that few can fill a street
                start = mine[int(rng.integers(len(mine)))].end_s + CHANGE_S + 0.01
            one = _make_pass(rng, len(passes), camera, walker, start, eye, kind, round(float(speed), 3))
            if start >= seconds or any(
                one.start_s < p.end_s + CHANGE_S and p.start_s < one.end_s + CHANGE_S for p in mine
            ):
                continue
            error = float(np.square(visible + _visible(one, times) - SHOWN * faces).mean())
            if (best is None or error < best[0]) and not any(_hides(one, p, times) for p in enrolled):
                best = error, one
        if best is None:  # everybody is busy at the times that were tried
            failures += 1
        else:
            passes.append(best[1])
            visible = visible + _visible(best[1], times)


def _visible(one: PassPlan, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 1 where the face is in the picture and large enough to count, else 0; shape of `times`."""
    seen = np.zeros(len(times))
    first, last = np.searchsorted(times, (one.start_s, one.end_s))
    for index in range(int(first), int(last)):
        eyes = one.eyes(float(times[index]))
        if eyes is not None and eyes[2] >= COUNTED_EYES_PX:
            seen[index] = 0 <= eyes[0] < WIDTH_PX and 0 <= eyes[1] < HEIGHT_PX
    return seen


def _hides(nearer: PassPlan, face: PassPlan, times: npt.NDArray[np.float64]) -> bool:
    """Return whether `nearer` stands before `face` for more than a sixth of the time it can be compared."""
    if nearer.start_s > face.end_s or nearer.end_s < face.start_s:
        return False
    hidden = total = 0
    for at in times[(times >= face.start_s) & (times <= face.end_s)]:
        theirs, ours = face.eyes(float(at)), nearer.eyes(float(at))
        if theirs is None or theirs[2] < 0.7 * _largest(face):
            continue
        total += 1
        if ours is not None and ours[2] > theirs[2]:
            reach = ours[2] * (2.2 if theirs[1] < ours[1] + 2.3 * ours[2] else 4.0) + 1.0 * theirs[2]
            hidden += abs(ours[0] - theirs[0]) < reach and theirs[1] + theirs[2] > ours[1] - 2.3 * ours[2]
    return hidden * 6 > total


def _largest(one: PassPlan) -> float:
    return FOCAL_PX * INTEROCULAR_M / min(z for _, z in one.path)
