"""What became of each frame, and the identity that every run must satisfy.

Per camera (docs/architecture.md#the-identity):

    captured = not_sampled + dropped_at_camera + recognised + dropped_stale
               + dropped_closed + unopenable + dead_lettered + lost
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Self

__all__ = ["FrameCounts", "FrameOutcome"]


class FrameOutcome(StrEnum):
    """The one outcome the worker gives each frame that reaches it."""

    RECOGNISED = "recognised"
    DROPPED_STALE = "dropped_stale"
    DROPPED_CLOSED = "dropped_closed"
    UNOPENABLE = "unopenable"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """A camera's tally of frames. `captured` is counted at the camera, the rest where each happened."""

    captured: int = 0
    not_sampled: int = 0
    dropped_at_camera: int = 0
    recognised: int = 0
    dropped_stale: int = 0
    dropped_closed: int = 0
    unopenable: int = 0
    dead_lettered: int = 0
    lost: int = 0

    @property
    def accounted(self) -> int:
        """The frames whose fate is known: the right-hand side of the identity."""
        return sum(getattr(self, f.name) for f in fields(self) if f.name != "captured")

    @property
    def balanced(self) -> bool:
        """Whether the identity holds."""
        return self.captured == self.accounted

    def __add__(self, other: Self) -> Self:
        return type(self)(*(a + b for a, b in zip(self.as_tuple(), other.as_tuple(), strict=True)))

    def as_tuple(self) -> tuple[int, ...]:
        return tuple(getattr(self, f.name) for f in fields(self))

    def as_dict(self) -> dict[str, int]:
        """Return the counts in the order of the identity, for JSON."""
        return asdict(self)
