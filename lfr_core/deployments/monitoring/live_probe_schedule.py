"""When a live probe is due, answered or missed: a pure function of time, no clock and no chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from lfr_core.domain.policy import LiveProbePolicy

__all__ = ["LiveProbeAction", "LiveProbeSchedule", "after_round", "next_step"]


class LiveProbeAction(StrEnum):
    """What to do now."""

    WAIT = "wait"
    SEND = "send"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True)
class LiveProbeSchedule:
    """Of one live deployment, since it was last seen to be live. Times by a monotonic clock, seconds."""

    sent_s: float | None = None
    """When the last round was sent, or should have been; None before the first."""
    waiting: bool = False
    """Whether its answers are still awaited."""
    missed: int = 0
    """Rounds missed in a row."""


def next_step(
    schedule: LiveProbeSchedule, *, now_s: float, green: bool, policy: LiveProbePolicy
) -> tuple[LiveProbeSchedule, LiveProbeAction]:
    """Return the schedule as it stands now, and what to do.

    The first round goes at once, the next `every_s` after the last; after a missed one another goes at once, so that
    a chain that is broken is suspended after `missed_in_a_row` times `answer_s`, not after as many intervals.

    Args:
        schedule: the earlier one.
        now_s: monotonic seconds.
        green: whether the round that is awaited has been answered well by all.
        policy: the limits.
    """
    if schedule.sent_s is None:
        return schedule, LiveProbeAction.SEND
    passed_s = now_s - schedule.sent_s
    if schedule.waiting:
        if green:
            return replace(schedule, waiting=False, missed=0), LiveProbeAction.WAIT
        if passed_s < policy.answer_s:
            return schedule, LiveProbeAction.WAIT
        missed = replace(schedule, waiting=False, missed=schedule.missed + 1)
        return missed, LiveProbeAction.SUSPEND if missed.missed >= policy.missed_in_a_row else LiveProbeAction.SEND
    return schedule, LiveProbeAction.SEND if passed_s >= policy.every_s or schedule.missed else LiveProbeAction.WAIT


def after_round(schedule: LiveProbeSchedule, *, now_s: float) -> LiveProbeSchedule:
    """Return the schedule once a round was sent, or couldn't be for want of a service.

    Either way its answers are awaited.
    """
    return replace(schedule, sent_s=now_s, waiting=True)
