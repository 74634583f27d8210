"""The gate: one pure function lists every condition of recognition, whether it is met, and who must act.

The vault gives a frame key only when every condition is met, so the gate's "no" is a key that isn't there. The
readiness board, the flows and the commands use this same list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lfr_core.common.errors import Refused
from lfr_core.domain.gate_conditions import CONDITIONS
from lfr_core.domain.gate_inputs import (
    TO_BE_OPENED,
    TO_BE_READY,
    TRIAL,
    Condition,
    GateFacts,
    GateFactsSource,
    GateLimits,
    PlannedFacts,
)

__all__ = [
    "TO_BE_OPENED",
    "TO_BE_READY",
    "TRIAL",
    "Condition",
    "GateFacts",
    "GateFactsSource",
    "GateFinding",
    "GateLimits",
    "PlannedFacts",
    "check_gate",
    "gate",
    "refusal_of",
]


@dataclass(frozen=True, slots=True)
class GateFinding:
    """One condition, as it stands."""

    condition: Condition
    met: bool
    who: str
    """Who must act when it isn't met."""
    why: str
    """One sentence, for people."""


def gate(facts: GateFacts, limits: GateLimits, *, now_ns: int) -> tuple[GateFinding, ...]:
    """Check every condition that is asked of this deployment, in the order in which people look at them.

    Args:
        facts: of one deployment.
        limits: the policy's.
        now_ns: wall time.
    """
    asked = Condition if facts.planned else (one for one in Condition if one in TRIAL)
    findings = []
    for condition in asked:
        who, check = CONDITIONS[condition]
        why_not, why = check(facts, limits, now_ns)
        findings.append(GateFinding(condition, not why_not, who, why_not or why))
    return tuple(findings)


def check_gate(
    facts: GateFacts | None,
    deployment: str,
    limits: GateLimits,
    *,
    now_ns: int,
    only: Collection[Condition] = frozenset(Condition),
) -> None:
    """Return when every condition, or every one of `only`, is met.

    Raises:
        Refused: `gate.unknown`, or `gate.` and the first condition that isn't met.
    """
    if facts is None:
        raise Refused("gate.unknown", f"there is no deployment {deployment}")
    findings = [one for one in gate(facts, limits, now_ns=now_ns) if one.condition in only]
    refusal = refusal_of(findings, deployment)
    if refusal is not None:
        raise refusal


def refusal_of(findings: Iterable[GateFinding], deployment: str) -> Refused | None:
    """Return the refusal that the first condition asks for which isn't met; None when all are."""
    unmet = next((finding for finding in findings if not finding.met), None)
    return None if unmet is None else Refused(f"gate.{unmet.condition}", f"deployment {deployment}: {unmet.why}")
