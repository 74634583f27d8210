"""One word on how a camera is doing, and since when, from the figures of its last seconds. Pure.

A camera process says every second that it is there, whether or not its camera gives pictures; and pictures may come
that nobody can open. So three times are kept apart: when the camera was last heard of, when its last frame was
captured, and when a frame was last looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lfr_core.domain.frames import PictureState

if TYPE_CHECKING:
    from lfr_core.domain.policy import Policy

__all__ = [
    "WINDOW_S",
    "CameraState",
    "Health",
    "HealthLimits",
    "LastTimes",
    "Recent",
    "assess_health",
    "limits_of",
    "sum_recent",
]

WINDOW_S = 5
"""Rates and health are of the last so many whole seconds."""
SILENT_AFTER_S = 5.0
"""A camera that has nothing to send says so every second: five without a word is no hiccup. Likewise for a camera
that gives no frame, and for frames of which none is looked at."""
LOOK_BACK_S = 60
"""How far back the beginning of a state is looked for."""
_FAILING_SHARE = 0.02  # of the frames captured: none is lost or unreadable by design
_STALE_SHARE = 0.1  # of the frames looked at: a few are stale after any pause, a tenth is a backlog


class Health(StrEnum):
    """How a camera is doing, the worst first."""

    SILENT = "silent"
    """Nothing heard for `SILENT_AFTER_S`, and it never said that it ended."""
    NO_PICTURES = "no-pictures"
    """The camera process is there, and its camera gives no frame."""
    NO_KEY_FRAME = "no-key-frame"
    """The camera sends, and no whole picture has come yet."""
    DAMAGED = "damaged"
    """Parts of its pictures are lost on the way or don't decode: nobody looks at what follows."""
    DARK = "dark"
    """Dark, covered or blinded."""
    STILL = "still"
    """The same picture again and again."""
    MOVED = "moved"
    """It shows another place than when it was started."""
    LOSING = "losing"
    """Frames vanish or can't be read."""
    BEHIND = "behind"
    """Frames come too late to be live."""
    NOT_RECOGNISING = "not-recognising"
    """Frames come, and none is looked at: the gate is shut, or the vault lends no key."""
    SLOW = "slow"
    """Fewer frames come, or are looked at, than the policy's least."""
    GOOD = "good"
    ENDED = "ended"
    """It said its last word."""

    @property
    def works(self) -> bool:
        """Whether somebody who walks past this camera can be recognised."""
        return self in {Health.GOOD, Health.SLOW}


_OF_PICTURE = {
    PictureState.NO_KEY_FRAME: Health.NO_KEY_FRAME,
    PictureState.DAMAGED: Health.DAMAGED,
    PictureState.BEHIND: Health.BEHIND,
    PictureState.DARK: Health.DARK,
    PictureState.STILL: Health.STILL,
    PictureState.MOVED: Health.MOVED,
}
_OF_STREAM = frozenset({PictureState.NO_KEY_FRAME, PictureState.DAMAGED, PictureState.BEHIND})
"""Reasons why no picture may come though the camera sends; the others are about pictures that came."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What was recorded for a camera in one second, or in several together."""

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


@dataclass(frozen=True, slots=True)
class LastTimes:
    """When things last happened to a camera, wall clock, nanoseconds since the epoch."""

    first_heard_ns: int
    heard_ns: int
    frame_ns: int
    """When a captured frame was last reported; when it was first heard of, if none was."""
    look_ns: int
    """When a frame was last looked at; likewise."""
    picture: PictureState = PictureState.SOUND
    """What the camera said last of its pictures."""
    picture_ns: int = 0
    """When it first said so."""


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """What the policy asks of a live camera. The defaults are for recordings, whose frames needn't be live."""

    max_age_s: float | None = None
    """The bound on a live frame's age."""
    min_frames_per_second: float = 0.0
    """As often a camera must be looked at: policy.sampling.min_looks_per_second."""


def limits_of(policy: Policy, *, live_only: bool) -> HealthLimits:
    """Return what the policy asks of the cameras of a deployment; `live_only`: whether it takes live cameras only."""
    if not live_only:
        return HealthLimits()
    return HealthLimits(policy.live.frame_max_age_s, policy.sampling.min_looks_per_second)


@dataclass(frozen=True, slots=True)
class CameraState:
    """The state and when it began, wall clock; None where that is longer ago than `LOOK_BACK_S`, or of no interest."""

    health: Health
    since_ns: int | None = None


def assess_health(
    second: Callable[[int], Recent], last: LastTimes, limits: HealthLimits, *, now_ns: int, ended: bool
) -> CameraState:
    """Assess how a camera is doing, and since when.

    Args:
        second: the figures of a whole second (its number since the epoch); zeros where nothing was recorded.
        last: see there.
        limits: see there.
        now_ns: wall clock, nanoseconds since the epoch.
        ended: whether the camera said its last word.
    """
    if ended:
        return CameraState(Health.ENDED, last.heard_ns)
    for health, at_ns in ((Health.SILENT, last.heard_ns), (Health.NO_PICTURES, last.frame_ns)):
        if now_ns - at_ns > SILENT_AFTER_S * 1e9:
            of_stream = health is Health.NO_PICTURES and last.picture in _OF_STREAM
            said = _OF_PICTURE[last.picture] if of_stream else None
            return CameraState(health, at_ns) if said is None else CameraState(said, last.picture_ns)
    now = now_ns // 10**9
    looks = now_ns - last.look_ns <= SILENT_AFTER_S * 1e9
    steady = now_ns - last.first_heard_ns > (WINDOW_S + 1) * 10**9

    def word(back_s: int) -> Health:
        window = sum_recent(second, now - back_s)
        return _judge(window, limits, looks=looks, steady=steady)

    health = word(0)
    if health.works and (said := _OF_PICTURE.get(last.picture)) is not None:
        return CameraState(said, last.picture_ns)
    if health is Health.NOT_RECOGNISING:
        return CameraState(health, last.look_ns)
    if health is Health.GOOD:
        return CameraState(health)
    back_s = next((back for back in range(1, LOOK_BACK_S - WINDOW_S) if word(back) is not health), None)
    return CameraState(health, None if back_s is None else (now - back_s + 1) * 10**9)


def sum_recent(second: Callable[[int], Recent], before: int) -> Recent:
    """Add up the figures of the `WINDOW_S` whole seconds before the second numbered `before`."""
    window = [second(before - back) for back in range(1, WINDOW_S + 1)]
    return Recent(
        captured=sum(one.captured for one in window),
        recognised=sum(one.recognised for one in window),
        stale=sum(one.stale for one in window),
        failed=sum(one.failed for one in window),
        faces=sum(one.faces for one in window),
        latency_total_ms=sum(one.latency_total_ms for one in window),
    )


def _judge(recent: Recent, limits: HealthLimits, *, looks: bool, steady: bool) -> Health:
    if recent.failed > _FAILING_SHARE * recent.captured:
        return Health.LOSING
    if recent.stale > _STALE_SHARE * (recent.recognised + recent.stale):
        return Health.BEHIND
    if recent.latency_ms is not None and limits.max_age_s is not None and recent.latency_ms > limits.max_age_s * 1000.0:
        return Health.BEHIND
    if not looks:
        return Health.NOT_RECOGNISING
    if not recent.captured:
        return Health.NO_PICTURES
    least = limits.min_frames_per_second * WINDOW_S
    if steady and (recent.captured < least or recent.recognised < least / 2):
        return Health.SLOW
    return Health.GOOD
