"""When a proof of life is due, answered or missed: a pure function of time, no clock and no chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from lfr_core.domain.policy import ProofPolicy

__all__ = ["Pulse", "PulseStep", "after_round", "next_step"]


class PulseStep(StrEnum):
    """What to do now."""

    WAIT = "wait"
    SEND = "send"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True)
class Pulse:
    """Of one live deployment, since it was last seen to be live. Times by a monotonic clock, seconds."""

    sent_s: float | None = None
    """When the last round was sent, or should have been; None before the first."""
    waiting: bool = False
    """Whether its answers are still awaited."""
    missed: int = 0
    """Rounds missed in a row."""


def next_step(pulse: Pulse, *, now_s: float, green: bool, policy: ProofPolicy) -> tuple[Pulse, PulseStep]:
    """The pulse as it stands now, and what to do.

    The first round goes at once, the next `every_s` after the last; after a missed one another goes at once, so that
    a chain that is broken is suspended after `missed_in_a_row` times `answer_s`, not after as many intervals.

    Args:
        pulse: of before.
        now_s: monotonic seconds.
        green: whether the round that is awaited has been answered well by all.
        policy: the limits.
    """
    if pulse.sent_s is None:
        return pulse, PulseStep.SEND
    passed_s = now_s - pulse.sent_s
    if pulse.waiting:
        if green:
            return replace(pulse, waiting=False, missed=0), PulseStep.WAIT
        if passed_s < policy.answer_s:
            return pulse, PulseStep.WAIT
        missed = replace(pulse, waiting=False, missed=pulse.missed + 1)
        return missed, PulseStep.SUSPEND if missed.missed >= policy.missed_in_a_row else PulseStep.SEND
    return pulse, PulseStep.SEND if passed_s >= policy.every_s or pulse.missed else PulseStep.WAIT


def after_round(pulse: Pulse, *, now_s: float) -> Pulse:
    """The pulse once a round was sent, or couldn't be for want of a service: either way its answers are awaited."""
    return replace(pulse, sent_s=now_s, waiting=True)
