"""Which face of this look is which face of the looks before: one tracker per camera, pure.

Each track keeps where its face is and how it moves: centre and the logarithm of its size, each at constant
velocity, with a Kalman filter whose noise grows with time, not with looks, because cameras are looked at
unevenly and rarely (some 6 times a second). A walker may have moved by a face's own width between two
looks, so overlap of boxes says nothing at first: detections are assigned to tracks by how likely the filter
thinks them, all at once (Hungarian method), and a new track may be almost anywhere near.

Motion alone decides; two people who cross closely may be swapped, which `relook_looks` of the policy bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import TrackingPolicy
from lfr_core.recognition.faces.types import Floats

__all__ = ["Assignment", "TrackUpdate", "Tracker"]

_Array = npt.NDArray[np.float64]

# Lengths in face sizes (root of the box's area), times in seconds; the third axis is log size. The numbers are
# those that swapped least in simulated crowds of 5 and 15 (of noisier, freer models up to three times as often).
_POSITION_NOISE: Final = np.array([0.06, 0.06, 0.08])  # how much a box jitters about its face
_FIRST_SPEED: Final = np.array([4.0, 0.8, 0.3])  # people walk across; a face's own width per look at 6 looks a second
_ACCELERATION: Final = np.array([0.8, 0.4, 0.15])  # is 6 a second. Per second and root second: gait, turning, stopping
_GATE: Final = 16.0  # squared Mahalanobis distance in 3 dimensions: 0.1 % of true matches lie beyond
_FARTHEST_SIZES: Final = 1.8  # no match farther than this from where the face should be, however unsure
_LARGEST_GROWTH: Final = 0.4  # nor one half as large again (log 1.5)
_LONGEST_GAP_S: Final = 2.0  # after a longer silence of the camera nobody is where they were: all tracks end
_NEVER: Final = 1e6  # a cost that means "may not be matched"
_CORNERS: Final = 4


@dataclass(frozen=True, slots=True)
class Assignment:
    """One detection of the look and the track it belongs to."""

    track_id: int
    detection_index: int
    started: bool
    """The track begins with this detection."""


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """What a look changed."""

    assignments: list[Assignment]
    """One for each detection, in the order of the detections."""
    ended: list[int]
    """Tracks that ended with this look, ascending. An id is never used again."""


@dataclass(slots=True, eq=False)
class _Track:
    id: int
    state: _Array  # (3, 2): x px, y px, log size; each with its speed per second
    cov: _Array  # (3, 2, 2)
    missed: int = 0

    @property
    def size(self) -> float:
        return float(np.exp(self.state[2, 0]))

    def unit(self) -> _Array:
        """Return what one "face size" is on each axis: pixels, pixels, and 1 for the logarithm."""
        return np.array([self.size, self.size, 1.0])

    def predict(self, seconds: float) -> None:
        step = np.array([[1.0, seconds], [0.0, 1.0]])
        self.state = self.state @ step.T
        self.cov = step @ self.cov @ step.T
        power = (_ACCELERATION * self.unit()) ** 2
        noise = np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]])
        self.cov = self.cov + power[:, None, None] * noise

    def innovation(self) -> _Array:
        """Return the variance of what is measured next, each axis."""
        return np.asarray(self.cov[:, 0, 0] + (_POSITION_NOISE * self.unit()) ** 2)

    def correct(self, measured: _Array) -> None:
        gain = self.cov[:, :, 0] / self.innovation()[:, None]
        self.state = self.state + gain * (measured - self.state[:, 0])[:, None]
        self.cov = self.cov - gain[:, :, None] * self.cov[:, None, 0, :]
        self.missed = 0


class Tracker:
    """Follows the faces of one camera.

    Not thread-safe; one camera's looks come in order.

    Args:
        policy: `max_missed_looks` bounds how long a track lives without its face.
    """

    def __init__(self, policy: TrackingPolicy) -> None:
        self._policy = policy
        self._tracks: list[_Track] = []
        self._next_id = 0
        self._last_ns: int | None = None

    @property
    def live(self) -> tuple[int, ...]:
        """The ids of the tracks that haven't ended, in the order they started."""
        return tuple(track.id for track in self._tracks)

    def update(self, boxes: Floats, captured_ns: int) -> TrackUpdate:
        """Take one look.

        Args:
            boxes: shape (n, 4), x1, y1, x2, y2 in pixels; (0, 4) when no face was found.
            captured_ns: when the frame was captured; a time before the last look's counts as the same time.

        Raises:
            Poison: boxes of another shape, or one that is empty or not a number. Nothing has changed then.
        """
        measured = _measure(boxes)
        ended = self._advance(captured_ns)
        matched = self._match(measured)
        assignments: list[Assignment] = []
        for index, point in enumerate(measured):
            track = matched.get(index)
            if started := track is None:
                track = self._start(point)
            else:
                track.correct(point)
            assignments.append(Assignment(track.id, index, started))
        seen = {assignment.track_id for assignment in assignments}
        for track in self._tracks:
            track.missed += track.id not in seen
        ended += [track.id for track in self._tracks if track.missed > self._policy.max_missed_looks]
        self._tracks = [track for track in self._tracks if track.missed <= self._policy.max_missed_looks]
        return TrackUpdate(assignments, sorted(ended))

    def end_all(self) -> list[int]:
        """End every track, as when the camera's session ends; their ids, ascending."""
        ended = sorted(self.live)
        self._tracks = []
        self._last_ns = None
        return ended

    def _advance(self, captured_ns: int) -> list[int]:
        seconds = 0.0 if self._last_ns is None else max(0.0, (captured_ns - self._last_ns) / 1e9)
        if seconds > _LONGEST_GAP_S:
            ended = self.end_all()
            self._last_ns = captured_ns
            return ended
        self._last_ns = captured_ns if self._last_ns is None else max(self._last_ns, captured_ns)
        for track in self._tracks:
            track.predict(seconds)
        return []

    def _start(self, point: _Array) -> _Track:
        unit = np.array([np.exp(point[2]), np.exp(point[2]), 1.0])
        cov = np.zeros((3, 2, 2))
        cov[:, 0, 0] = (_POSITION_NOISE * unit) ** 2
        cov[:, 1, 1] = (_FIRST_SPEED * unit) ** 2
        track = _Track(self._next_id, np.stack([point, np.zeros(3)], axis=1), cov)
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _match(self, measured: _Array) -> dict[int, _Track]:
        """Map detection index to track, by the likeliest assignment of all at once."""
        if not self._tracks or not len(measured):
            return {}
        expected = np.stack([track.state[:, 0] for track in self._tracks])
        variance = np.stack([track.innovation() for track in self._tracks])
        unit = np.stack([track.unit() for track in self._tracks])
        off = measured[None] - expected[:, None]
        distance = (off**2 / variance[:, None]).sum(axis=2)
        # An unsure track must not win a face merely because everything is likely to it: log-likelihood.
        cost = distance + np.log(variance / unit**2).sum(axis=1)[:, None]
        far = np.hypot(off[:, :, 0], off[:, :, 1]) > _FARTHEST_SIZES * unit[:, None, 0]
        allowed = (distance <= _GATE) & ~far & (np.abs(off[:, :, 2]) <= _LARGEST_GROWTH)
        rows, columns = linear_sum_assignment(np.where(allowed, cost, _NEVER))
        return {int(c): self._tracks[r] for r, c in zip(rows, columns, strict=True) if allowed[r, c]}


def _measure(boxes: Floats) -> _Array:
    """Convert boxes (n, 4) to centre x, centre y, log size: (n, 3)."""
    corners = np.asarray(boxes, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != _CORNERS:  # rows of boxes
        raise Poison(f"face boxes come as (n, 4), not {corners.shape}")
    extent = corners[:, 2:] - corners[:, :2]
    if not np.isfinite(corners).all() or (extent <= 0).any():
        raise Poison("a face box is empty or not a number")
    centre = (corners[:, :2] + corners[:, 2:]) / 2
    return np.column_stack([centre, 0.5 * np.log(extent.prod(axis=1))])
