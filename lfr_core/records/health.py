"""One word on how a camera is doing, from the figures of its last seconds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Health", "Recent", "health_of"]

SILENT_AFTER_S = 5.0
"""A camera that has nothing to send says so every second: five without a word is no hiccup."""
_FAILING_SHARE = 0.02  # of the frames captured: none is lost or unreadable by design
_STALE_SHARE = 0.1  # of the frames looked at: a few are stale after any pause, a tenth is a backlog


class Health(StrEnum):
    """How a camera is doing, the worst first."""

    SILENT = "silent"
    """Nothing heard for `SILENT_AFTER_S`, and it never said that it ended."""
    LOSING = "losing"
    """Frames vanish or can't be read."""
    BEHIND = "behind"
    """Frames come too late to be live."""
    GOOD = "good"
    ENDED = "ended"
    """It said its last word."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What was booked for a camera in one second, or in several together."""

    captured: int = 0
    recognised: int = 0
    stale: int = 0
    failed: int = 0
    """Lost, unopenable or dead-lettered."""
    faces: int = 0
    latency_total_ms: float = 0.0

    @property
    def latency_ms(self) -> float | None:
        """The mean, over the frames recognised; None for none."""
        return self.latency_total_ms / self.recognised if self.recognised else None


def health_of(recent: Recent, *, ended: bool, silence_s: float, max_age_s: float | None) -> Health:
    """How a camera is doing.

    `silence_s`: since it was last heard of. `max_age_s`: the policy's bound on a live frame's age; None where
    frames needn't be live.
    """
    if ended:
        return Health.ENDED
    if silence_s > SILENT_AFTER_S:
        return Health.SILENT
    if recent.failed > _FAILING_SHARE * recent.captured:
        return Health.LOSING
    if recent.stale > _STALE_SHARE * (recent.recognised + recent.stale):
        return Health.BEHIND
    late = recent.latency_ms is not None and max_age_s is not None and recent.latency_ms > max_age_s * 1000.0
    return Health.BEHIND if late else Health.GOOD
