"""When a child that died is started again: a pure rule."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Backoff", "GiveUp", "Restart", "after_death"]

_FATAL_EXIT = 70
"""`lfr_core.common.errors.Fatal.exit_code`: the process says that going on is unsafe or pointless."""
_AWAY_EXIT = 75
"""`lfr_core.common.errors.Retryable.exit_code`: a service is away or a disk is full; the process itself is in order."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """The rule's numbers, seconds."""

    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 4.0
    """Under five seconds: a deployment may be live."""
    quick_s: float = 20.0
    """A run shorter than this is a quick death; a longer one clears the count."""
    give_up_after: int = 8
    """Quick deaths in a row."""
    again_s: float = 60.0
    """Between tries of one that was given up for its deaths: what kills it may end, and nobody may be there."""
    away_s: float = 4.0
    """Between tries of a child that ends because a service is away. It is never given up: outages end."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Start it again after `delay_s`; `streak` quick deaths in a row so far."""

    delay_s: float
    streak: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Leave it dead."""

    why: str
    again_s: float | None = None
    """It is tried once more after so long; None: never, somebody has to act."""


def after_death(
    rule: Backoff, streak: int, *, lived_s: float, was_ready: bool, exit_code: int | None
) -> Restart | GiveUp:
    """Say what follows the death of a child that had `streak` quick deaths in a row before this run.

    `exit_code` is negative for a signal and None when we killed it for not becoming ready.
    """
    if exit_code == _FATAL_EXIT and not was_ready:
        return GiveUp("it can't run as things are")
    if exit_code == _AWAY_EXIT:
        return Restart(min(rule.longest_s, max(rule.first_s, rule.away_s)), max(1, min(streak, rule.give_up_after - 1)))
    streak = streak + 1 if lived_s < rule.quick_s or not was_ready else 1
    if streak >= rule.give_up_after:
        return GiveUp(f"it died {streak} times in a row", rule.again_s)
    return Restart(min(rule.longest_s, rule.first_s * rule.factor ** (streak - 1)), streak)
