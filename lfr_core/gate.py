"""The gate: one pure function lists every condition of recognition, whether it is met, and who must act.

The vault gives a frame key only when every condition is met, so the gate's "no" is a key that isn't there. The
readiness shown to people is this same list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lfr_core.clock import utc_from_ns
from lfr_core.deployments import DeploymentStatus
from lfr_core.errors import Refused

__all__ = ["Condition", "Finding", "GateFacts", "GateFactsSource", "check_gate", "gate"]


class Condition(StrEnum):
    """What must be so for a frame to be sealed or opened."""

    LIVE = "live"
    WITHIN_HOURS = "within-hours"
    LIST_IN_PLACE = "list-in-place"
    OPERATOR_ATTENDING = "operator-attending"


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the gate is decided on, as the records have it. Times in nanoseconds since the epoch."""

    deployment: str
    status: DeploymentStatus
    opens_ns: int | None
    closes_ns: int | None
    """End of its hours; a deployment without one is never open."""
    gallery: str
    suspended_why: str
    attended_ns: int | None
    """When an operator was last heard of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition, as it stands."""

    condition: Condition
    met: bool
    who: str
    """Who must act when it isn't met."""
    why: str
    """One sentence, for people."""


class GateFactsSource(Protocol):
    """Where the facts come from: the records."""

    def facts(self, deployment: str) -> GateFacts | None:
        """The facts now, or None if there is no such deployment. Raises Retryable when they can't be read."""
        ...


def gate(facts: GateFacts, *, now_ns: int, attendance_s: float) -> tuple[Finding, ...]:
    """Every condition, in the order in which people look at them.

    Args:
        facts: of one deployment.
        now_ns: wall time.
        attendance_s: how long ago an operator may last have been heard of (policy.vault.attendance_s).
    """
    return (
        _live(facts),
        _within_hours(facts, now_ns),
        Finding(
            Condition.LIST_IN_PLACE,
            bool(facts.gallery),
            "planner",
            "its watchlist is enrolled" if facts.gallery else "it has no watchlist: `lfr watchlist enrol` makes it",
        ),
        _attended(facts, now_ns, attendance_s),
    )


def check_gate(facts: GateFacts | None, deployment: str, *, now_ns: int, attendance_s: float) -> None:
    """Return when every condition is met.

    Raises:
        Refused: `gate.unknown`, or `gate.` and the first condition that isn't met.
    """
    if facts is None:
        raise Refused("gate.unknown", f"there is no deployment {deployment}")
    for finding in gate(facts, now_ns=now_ns, attendance_s=attendance_s):
        if not finding.met:
            raise Refused(f"gate.{finding.condition}", f"deployment {deployment}: {finding.why}")


def _live(facts: GateFacts) -> Finding:
    if facts.status is DeploymentStatus.SUSPENDED:
        why = f"it is suspended ({facts.suspended_why or 'no reason given'}); `lfr deployment resume` ends that"
        return Finding(Condition.LIVE, met=False, who="authorising officer", why=why)
    live = facts.status is DeploymentStatus.LIVE
    why = "it is live" if live else f"it is {facts.status.value}, not live"
    return Finding(Condition.LIVE, live, "operator", why)


def _within_hours(facts: GateFacts, now_ns: int) -> Finding:
    if facts.closes_ns is None:
        return Finding(Condition.WITHIN_HOURS, met=False, who="planner", why="it has no hours")
    closes = f"{utc_from_ns(facts.closes_ns):%Y-%m-%d %H:%M:%S} UTC"
    if now_ns >= facts.closes_ns:
        return Finding(Condition.WITHIN_HOURS, met=False, who="planner", why=f"its hours ended at {closes}")
    if facts.opens_ns is not None and now_ns < facts.opens_ns:
        opens = f"{utc_from_ns(facts.opens_ns):%Y-%m-%d %H:%M:%S} UTC"
        return Finding(Condition.WITHIN_HOURS, met=False, who="planner", why=f"its hours begin at {opens}")
    return Finding(Condition.WITHIN_HOURS, met=True, who="planner", why=f"its hours end at {closes}")


def _attended(facts: GateFacts, now_ns: int, attendance_s: float) -> Finding:
    fresh = facts.attended_ns is not None and 0 <= now_ns - facts.attended_ns <= attendance_s * 1e9
    why = "an operator attends" if fresh else "no operator attends: open the operator's page, or `lfr operator attend`"
    return Finding(Condition.OPERATOR_ATTENDING, fresh, "operator", why)
