"""The gate: one pure function lists every condition of recognition, whether it is met, and who must act.

The vault gives a frame key only when every condition is met, so the gate's "no" is a key that isn't there. The
readiness board, the flows and the commands use this same list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import Policy

__all__ = [
    "TO_BE_OPENED",
    "TO_BE_READY",
    "TRIAL",
    "Condition",
    "Finding",
    "GateFacts",
    "GateFactsSource",
    "GateLimits",
    "PlannedFacts",
    "check_gate",
    "gate",
]


class Condition(StrEnum):
    """What must be so for a frame to be sealed or opened, in the order in which people look at it."""

    AUTHORITY = "authority"
    PAPERS_IN_DATE = "papers-in-date"
    LIST_IN_PLACE = "list-in-place"
    LIST_APPROVED = "list-approved"
    LIST_FRESH = "list-fresh"
    GALLERY_UNCHANGED = "gallery-unchanged"
    BOUND = "threshold-and-model-bound"
    ANNOUNCED = "announced"
    SIGNAGE = "signage"
    BRIEFING = "briefing"
    PROVEN = "proven"
    AUDIT_WRITABLE = "audit-writable"
    CLOCK_SANE = "clock-sane"
    WITHIN_HOURS = "within-hours"
    LIVE = "live"
    OPERATOR_ATTENDING = "operator-attending"


TRIAL = frozenset(
    {
        Condition.LIST_IN_PLACE,
        Condition.GALLERY_UNCHANGED,
        Condition.AUDIT_WRITABLE,
        Condition.CLOCK_SANE,
        Condition.WITHIN_HOURS,
        Condition.LIVE,
        Condition.OPERATOR_ATTENDING,
    }
)
"""All that is asked of a trial: it takes no live camera, so it watches nobody."""
TO_BE_OPENED = frozenset(Condition) - {Condition.LIVE, Condition.OPERATOR_ATTENDING}
"""What must be so before a planned deployment is opened; the operator comes to an open one."""
TO_BE_READY = TO_BE_OPENED - {
    Condition.WITHIN_HOURS,
    Condition.PROVEN,
    Condition.GALLERY_UNCHANGED,
    Condition.LIST_FRESH,
}
"""What must be so before it is called ready: that may be hours before."""


@dataclass(frozen=True, slots=True)
class PlannedFacts:
    """What is asked of a planned deployment only. Times in nanoseconds since the epoch; "" and None are "not yet"."""

    authorised_by: str
    """Who authorised this revision."""
    officer_may: bool
    """Whether that officer is still registered as one."""
    starts_ns: int
    papers_why: str
    """Which paper is missing or expired; "" when all are in date."""
    list_digest: str
    approved_digest: str
    list_built_ns: int | None
    list_last_day: date | None
    """The earliest last day of an entry, a day in England."""
    today: date
    threshold_authorised: float
    threshold: float
    contract_approved: str
    contract: str
    announced_ns: int | None
    """When these hours were announced, or their notice withheld."""
    withheld_by: str
    """The officer who approved that; "" when it is announced."""
    signage_by: str
    briefing_by: str
    proven_ns: int | None
    """When the whole chain was last shown to recognise."""


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
    audit_written_ns: int | None
    """When the records last took a write of the vault's."""
    gallery_why: str = ""
    """What differed between gallery and list when they were last compared; "" when nothing did."""
    gallery_looked_ns: int | None = None
    """When they were last compared, all of it."""
    clock_why: str = ""
    """Why the clock can't be trusted; "" when it can."""
    planned: PlannedFacts | None = None
    """None for a trial."""


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The policy's numbers that the gate reckons with."""

    attendance_s: float
    audit_age_s: float
    list_age_h: float
    notice_h: float
    proof_age_s: float

    @classmethod
    def of(cls, policy: Policy) -> GateLimits:
        return cls(
            attendance_s=policy.vault.attendance_s,
            audit_age_s=policy.vault.audit_age_s,
            list_age_h=policy.planning.list_age_h,
            notice_h=policy.planning.notice_h,
            proof_age_s=policy.live_probe.max_age_s,
        )


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


def gate(facts: GateFacts, limits: GateLimits, *, now_ns: int) -> tuple[Finding, ...]:
    """Every condition that is asked of this deployment, in the order in which people look at them.

    Args:
        facts: of one deployment.
        limits: the policy's.
        now_ns: wall time.
    """
    asked = Condition if facts.planned else (one for one in Condition if one in TRIAL)
    findings = []
    for condition in asked:
        why_not, why = _LOOK[condition](facts, limits, now_ns)
        findings.append(Finding(condition, not why_not, _WHO[condition], why_not or why))
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
    for finding in gate(facts, limits, now_ns=now_ns):
        if not finding.met and finding.condition in only:
            raise Refused(f"gate.{finding.condition}", f"deployment {deployment}: {finding.why}")


_Look = Callable[[GateFacts, GateLimits, int], tuple[str, str]]
"""Why it isn't met ("" when it is), and what is said when it is."""


def _planned(facts: GateFacts) -> PlannedFacts:
    assert facts.planned is not None, "asked of planned deployments only"
    return facts.planned


def _authority(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if not planned.authorised_by:
        return "its application isn't authorised: `lfr deployment authorise`", ""
    if not planned.officer_may:
        return f"{planned.authorised_by}, who authorised it, is an authorising officer no more: plan it again", ""
    return "", f"authorised by {planned.authorised_by}"


def _papers(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    return _planned(facts).papers_why, "its papers are in date"


def _list_in_place(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    how = "`lfr deployment compile`" if facts.planned else "`lfr watchlist enrol`"
    return "" if facts.gallery else f"it has no watchlist: {how} makes it", "its watchlist is enrolled"


def _list_approved(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    approved = bool(planned.list_digest) and planned.list_digest == planned.approved_digest
    return "" if approved else "the list as built isn't approved: `lfr deployment approve-list`", "the list is approved"


def _list_fresh(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if planned.list_built_ns is None or planned.list_last_day is None:
        return "there is no list", ""
    if planned.today > planned.list_last_day:
        return f"an entry of its list was good until {planned.list_last_day}: plan it again", ""
    age_h = (now_ns - planned.list_built_ns) / 3.6e12
    if not 0 <= age_h <= limits.list_age_h:
        return f"its list is {age_h:.1f} h old, the policy allows {limits.list_age_h:g} h: plan it again", ""
    return "", f"its list is {age_h:.1f} h old"


def _gallery_unchanged(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    if facts.gallery_why:
        return f"its gallery isn't its list ({facts.gallery_why}): make another deployment and enrol the list again", ""
    if facts.planned is None:  # a trial: whoever recognises compares it first
        return "", "its gallery is its list, as far as it was compared"
    if facts.gallery_looked_ns is None:
        return "its gallery was never compared with its list: `lfr probe self-test`", ""
    age_s = (now_ns - facts.gallery_looked_ns) / 1e9
    if not 0 <= age_s <= limits.proof_age_s:
        return f"its gallery was last compared with its list {age_s / 60:.0f} min ago: `lfr probe self-test`", ""
    return "", "its gallery holds the list that was enrolled, nothing more and nothing less"


def _bound(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if planned.threshold != planned.threshold_authorised:
        return f"its threshold is {planned.threshold:g}, {planned.threshold_authorised:g} is authorised", ""
    if not planned.contract or planned.contract != planned.contract_approved:
        return "its list wasn't approved with this face model", ""
    return "", f"threshold {planned.threshold:g} and face model are as authorised"


def _announced(facts: GateFacts, limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if planned.announced_ns is None:
        return "these hours were neither announced nor withheld: `lfr deployment announce` or `withhold`", ""
    if planned.withheld_by:
        return "", f"its notice is withheld, approved by {planned.withheld_by}"
    notice_h = (planned.starts_ns - planned.announced_ns) / 3.6e12
    if notice_h < limits.notice_h:
        return f"it was announced {notice_h:.1f} h before, the policy asks for {limits.notice_h:g} h: move it", ""
    return "", f"announced {notice_h:.1f} h before"


def _signage(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    by = _planned(facts).signage_by
    return (
        "" if by else "nobody confirmed the signs at all approaches: `lfr deployment ready ID --signage --by NAME`",
        f"signs at all approaches, confirmed by {by}",
    )


def _briefing(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    by = _planned(facts).briefing_by
    return "" if by else "nobody confirmed that officers are briefed: `lfr deployment ready ID --briefing --by NAME`", (
        f"officers are briefed, confirmed by {by}"
    )


def _proven(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    at_ns = _planned(facts).proven_ns
    if at_ns is None:
        return "it was never shown to recognise: `lfr probe self-test`", ""
    age_s = (now_ns - at_ns) / 1e9
    if not 0 <= age_s <= limits.proof_age_s:
        return f"it was last shown to recognise {age_s / 60:.0f} min ago: `lfr probe self-test`", ""
    return "", f"last proven {age_s / 60:.0f} min ago"


def _audit(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    at_ns = facts.audit_written_ns
    if at_ns is None or now_ns - at_ns > limits.audit_age_s * 1e9:
        return "the audit trail can't be written: see the vault's log", ""
    return "", "the audit trail can be written"


def _clock(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    return facts.clock_why, "the clock runs true"


def _within_hours(facts: GateFacts, _limits: GateLimits, now_ns: int) -> tuple[str, str]:
    if facts.closes_ns is None:
        return "it has no hours", ""
    closes = f"{utc_from_ns(facts.closes_ns):%Y-%m-%d %H:%M:%S} UTC"
    if now_ns >= facts.closes_ns:
        return f"its hours ended at {closes}", ""
    if facts.opens_ns is not None and now_ns < facts.opens_ns:
        return f"its hours begin at {utc_from_ns(facts.opens_ns):%Y-%m-%d %H:%M:%S} UTC", ""
    return "", f"its hours end at {closes}"


def _live(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    if facts.status is DeploymentStatus.SUSPENDED:
        why = facts.suspended_why or "no reason given"
        return f"it is suspended ({why}); `lfr deployment resume` ends that", ""
    return "" if facts.status is DeploymentStatus.LIVE else f"it is {facts.status.value}, not live", "it is live"


def _attended(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    fresh = facts.attended_ns is not None and 0 <= now_ns - facts.attended_ns <= limits.attendance_s * 1e9
    why_not = "no operator attends: open the operator's page, or `lfr operator attend`"
    return "" if fresh else why_not, "an operator attends"


_LOOK: dict[Condition, _Look] = {
    Condition.AUTHORITY: _authority,
    Condition.PAPERS_IN_DATE: _papers,
    Condition.LIST_IN_PLACE: _list_in_place,
    Condition.LIST_APPROVED: _list_approved,
    Condition.LIST_FRESH: _list_fresh,
    Condition.GALLERY_UNCHANGED: _gallery_unchanged,
    Condition.BOUND: _bound,
    Condition.ANNOUNCED: _announced,
    Condition.SIGNAGE: _signage,
    Condition.BRIEFING: _briefing,
    Condition.PROVEN: _proven,
    Condition.AUDIT_WRITABLE: _audit,
    Condition.CLOCK_SANE: _clock,
    Condition.WITHIN_HOURS: _within_hours,
    Condition.LIVE: _live,
    Condition.OPERATOR_ATTENDING: _attended,
}
_WHO = {
    Condition.AUTHORITY: "authorising officer",
    Condition.PAPERS_IN_DATE: "compliance",
    Condition.LIST_IN_PLACE: "planner",
    Condition.LIST_APPROVED: "authorising officer",
    Condition.LIST_FRESH: "planner",
    Condition.GALLERY_UNCHANGED: "planner",
    Condition.BOUND: "planner",
    Condition.ANNOUNCED: "publication officer",
    Condition.SIGNAGE: "planner",
    Condition.BRIEFING: "planner",
    Condition.PROVEN: "operator",
    Condition.AUDIT_WRITABLE: "whoever runs the system",
    Condition.CLOCK_SANE: "whoever runs the system",
    Condition.WITHIN_HOURS: "planner",
    Condition.LIVE: "authorising officer",
    Condition.OPERATOR_ATTENDING: "operator",
}
