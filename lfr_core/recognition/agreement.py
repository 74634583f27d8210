"""The alert rule: one shot is not enough.

A shot whose best candidate reaches the threshold is a vote of its track for that entry. Only when the
policy's number of shots of one track agree does anything leave the worker; until then, and if they never
agree, the votes stay in memory and go with the track.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from lfr_core.common.biometric import Biometric
from lfr_core.recognition.faces.types import Floats, Image

__all__ = ["Agreement", "Shot", "Vote"]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One face of one frame, chosen to be compared. Lives in memory only."""

    sequence: int
    captured_ns: int
    face: int
    """Index of the face in its frame."""
    track: int
    aligned: Biometric[Image]
    """Shape (112, 112, 3), BGR: what is embedded."""
    probe: Biometric[Image]
    """The face and its surroundings, cut from the frame, BGR: what an operator would be shown."""
    box: Floats
    """Shape (4,): x1, y1, x2, y2 in pixels of the frame."""
    eye_distance_px: float
    sharpness: float = 0.0
    """As `Quality.sharpness`."""


@dataclass(frozen=True, slots=True, eq=False)
class Vote:
    """A shot and the similarity of its best candidate, at or above the threshold."""

    shot: Shot
    similarity: float


class Agreement:
    """The votes of one camera's tracks."""

    def __init__(self) -> None:
        self._held: dict[int, dict[str, list[Vote]]] = defaultdict(lambda: defaultdict(list))
        self._agreed: dict[int, set[str]] = defaultdict(set)

    def add(self, entry: str, vote: Vote, *, agreeing_shots: int, person: int | None = None) -> list[Vote]:
        """Count a vote for `entry`; the votes that may leave now. `person`: whose it is, if not its own track's.

        None while fewer than `agreeing_shots` shots of the track agree; all of them when they first do;
        afterwards each vote by itself.
        """
        track = vote.shot.track if person is None else person
        if entry in self._agreed[track]:
            return [vote]
        held = self._held[track][entry]
        held.append(vote)
        if len(held) < agreeing_shots:
            return []
        self._agreed[track].add(entry)
        return self._held[track].pop(entry)

    def has_agreed(self, track: int) -> bool:
        """Return whether the track has agreed on an entry."""
        return bool(self._agreed.get(track))

    def forget(self, track: int) -> None:
        """Drop the votes of a track that has ended."""
        self._held.pop(track, None)
        self._agreed.pop(track, None)
