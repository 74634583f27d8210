"""Which frames are looked at, and how often. Pure: times come in, decisions go out.

Looks are paced by due time in capture time, never by "every n-th frame": cameras stutter, change their frame rate
and drop frames, and a look is due when it is due.
"""

from __future__ import annotations

from dataclasses import dataclass

from lfr_core.domain.policy import SamplingPolicy

__all__ = ["Pacer", "adapt"]

SLACK = 0.05
"""Share of the interval by which a frame may come early and still be looked at: a jitter of some milliseconds must not
put the look off by a whole frame. The mean rate stays exact, as the next look's due time doesn't move."""

HALVING_S = 1.0
"""Under pressure looks halve in this time: a queue of a second is gone in about as long."""

RECOVERY_S = 10.0
"""From the rarest to the most frequent in this time: ten times slower than down, so that it doesn't swing."""


@dataclass(frozen=True, slots=True)
class Pacer:
    """When the next look is due, seconds of capture time; None before the first frame."""

    due_s: float | None = None

    def take(self, at_s: float, looks_per_second: float) -> tuple[bool, Pacer]:
        """Decide whether the frame captured at `at_s` is looked at; also returns the pacer for the next frame.

        In any stretch of T seconds at one rate there are at most `T * looks_per_second + 1 + SLACK` looks, and as
        long as frames come, the time between two looks is below two intervals, and a frame's spacing.

        Args:
            at_s: capture time in seconds; a step back by more than an interval starts the pacing afresh.
            looks_per_second: the rate wanted now, above 0.
        """
        interval = 1.0 / looks_per_second
        if self.due_s is None or self.due_s - at_s > interval * (1 + SLACK):
            # the first frame, a clock set back, or a rate that has just risen: now
            return True, Pacer(at_s + interval)
        if at_s < self.due_s - SLACK * interval:
            return False, self
        late = at_s - self.due_s
        # on schedule: keep to it, so that the mean is exact; long silent: begin again, so that nothing is caught up
        return True, Pacer(self.due_s + interval if late < interval else at_s + interval)


def adapt(
    policy: SamplingPolicy,
    looks_per_second: float,
    *,
    in_flight: int,
    outcome_age_s: float | None,
    elapsed_s: float,
) -> float:
    """Return the looks per second from now on, given how the workers keep up.

    Rarer, down to `min_looks_per_second`, when outcomes are older than `comfortable_age_s` or more than half of
    `max_in_flight` frames wait; more frequent again, slowly, when outcomes are younger than half of
    `comfortable_age_s` and at most a quarter waits; else unchanged.

    Args:
        policy: the bounds.
        looks_per_second: the rate until now.
        in_flight: frames sent whose outcome hasn't been seen.
        outcome_age_s: seconds from capture to outcome, of the newest outcome or of the oldest frame still waiting,
            whichever is more; None when nothing has been sent yet.
        elapsed_s: seconds since the last call; steps longer than a second count as one.
    """
    elapsed_s = min(max(elapsed_s, 0.0), 1.0)
    age_s = outcome_age_s or 0.0
    if age_s > policy.comfortable_age_s or 2 * in_flight > policy.max_in_flight:
        looks_per_second *= 0.5 ** (elapsed_s / HALVING_S)
    elif age_s < policy.comfortable_age_s / 2 and 4 * in_flight <= policy.max_in_flight:
        span = policy.looks_per_second - policy.min_looks_per_second
        looks_per_second += span * elapsed_s / RECOVERY_S
    return min(max(looks_per_second, policy.min_looks_per_second), policy.looks_per_second)
