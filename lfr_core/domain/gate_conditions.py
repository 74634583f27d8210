"""Each condition of the gate, checked: why it isn't met, or what is said when it is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from lfr_core.common.clock import utc_from_ns
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate_inputs import Condition, GateFacts, GateLimits, PlannedFacts

__all__ = ["CONDITIONS"]

_Look: TypeAlias = Callable[[GateFacts, GateLimits, int], tuple[str, str]]
"""Why it isn't met ("" when it is), and what is said when it is."""


def _planned(facts: GateFacts) -> PlannedFacts:
    assert facts.planned is not None, "asked of planned deployments only"
    return facts.planned


def _check_authority(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if not planned.authorised_by:
        return "its application isn't authorised: `lfr deployment authorise`", ""
    if not planned.officer_may:
        return f"{planned.authorised_by}, who authorised it, is an authorising officer no more: plan it again", ""
    return "", f"authorised by {planned.authorised_by}"


def _check_documents(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    return _planned(facts).documents_why, "its documents are in date"


def _check_list_in_place(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    how = "`lfr deployment compile`" if facts.planned else "`lfr watchlist enrol`"
    return "" if facts.gallery else f"it has no watchlist: {how} makes it", "its watchlist is enrolled"


def _check_list_approved(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    approved = bool(planned.list_digest) and planned.list_digest == planned.approved_digest
    return "" if approved else "the list as built isn't approved: `lfr deployment approve-list`", "the list is approved"


def _check_list_fresh(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if planned.list_built_ns is None or planned.list_last_day is None:
        return "there is no list", ""
    if planned.today > planned.list_last_day:
        return f"an entry of its list was good until {planned.list_last_day}: plan it again", ""
    age_h = (now_ns - planned.list_built_ns) / 3.6e12
    if not 0 <= age_h <= limits.list_age_h:
        return f"its list is {age_h:.1f} h old, the policy allows {limits.list_age_h:g} h: plan it again", ""
    return "", f"its list is {age_h:.1f} h old"


def _check_gallery_unchanged(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    if facts.gallery_why:
        why = f"the faces in use aren't the list's ({facts.gallery_why})"
        return f"{why}: make another deployment and enrol the list again", ""
    if facts.planned is None:  # a trial: whoever recognises compares it first
        return "", "the faces in use are the list's, as far as they were compared"
    if facts.gallery_looked_ns is None:
        return "nobody has checked yet that the faces in use are the list's: `lfr probe self-test`", ""
    age_s = (now_ns - facts.gallery_looked_ns) / 1e9
    if not 0 <= age_s <= limits.live_probe_max_age_s:
        return (
            f"that the faces in use are the list's was last checked {age_s / 60:.0f} min ago: `lfr probe self-test`",
            "",
        )
    return "", "the faces in use are those of the list that was enrolled, none more and none less"


def _check_bound(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if planned.threshold != planned.threshold_authorised:
        return f"faces must be {planned.threshold:g} alike, {planned.threshold_authorised:g} is authorised", ""
    if not planned.contract or planned.contract != planned.contract_approved:
        return "its list wasn't approved with this face model", ""
    return "", f"faces must be {planned.threshold:g} alike as authorised, by the face model that was"


def _check_announced(facts: GateFacts, limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    planned = _planned(facts)
    if planned.announced_ns is None:
        return "these hours were neither announced nor withheld: `lfr deployment announce` or `withhold`", ""
    if planned.withheld_by:
        return "", f"its notice is withheld, approved by {planned.withheld_by}"
    notice_h = (planned.starts_ns - planned.announced_ns) / 3.6e12
    if notice_h < limits.notice_h:
        before = "after its hours began" if notice_h < 0.0 else f"{notice_h:.1f} h before"
        return f"it was announced {before}, the policy asks for {limits.notice_h:g} h: move it", ""
    return "", f"announced {notice_h:.1f} h before"


def _check_signage(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    by = _planned(facts).signage_by
    return (
        "" if by else "nobody confirmed the signs at all approaches: `lfr deployment ready ID --signage`",
        f"signs at all approaches, confirmed by {by}",
    )


def _check_briefing(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    by = _planned(facts).briefing_by
    return "" if by else "nobody confirmed that officers are briefed: `lfr deployment ready ID --briefing`", (
        f"officers are briefed, confirmed by {by}"
    )


def _check_proven(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    at_ns = _planned(facts).proven_ns
    if at_ns is None:
        return "it hasn't been tested yet: `lfr probe self-test`", ""
    age_s = (now_ns - at_ns) / 1e9
    if not 0 <= age_s <= limits.live_probe_max_age_s:
        return f"it was last tested {age_s / 60:.0f} min ago: `lfr probe self-test`", ""
    return "", f"last tested {age_s / 60:.0f} min ago"


def _check_audit(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    at_ns = facts.audit_written_ns
    if at_ns is None or now_ns - at_ns > limits.audit_age_s * 1e9:
        return "the audit trail can't be written: see the vault's log", ""
    return "", "the audit trail can be written"


def _check_records(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    if facts.records_why:
        return f"somebody wrote in the database past the platform ({facts.records_why}): `lfr audit verify`", ""
    return "", "what the records say of it is on the audit trail"


def _check_clock(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    return facts.clock_why, "the clock runs true"


def _check_within_hours(facts: GateFacts, _limits: GateLimits, now_ns: int) -> tuple[str, str]:
    if facts.closes_ns is None:
        return "it has no hours", ""
    closes = f"{utc_from_ns(facts.closes_ns):%Y-%m-%d %H:%M:%S} UTC"
    if now_ns >= facts.closes_ns:
        return f"its hours ended at {closes}", ""
    if facts.opens_ns is not None and now_ns < facts.opens_ns:
        return f"its hours begin at {utc_from_ns(facts.opens_ns):%Y-%m-%d %H:%M:%S} UTC", ""
    return "", f"its hours end at {closes}"


def _check_live(facts: GateFacts, _limits: GateLimits, _now_ns: int) -> tuple[str, str]:
    if facts.status is DeploymentStatus.SUSPENDED:
        why = facts.suspended_why or "no reason given"
        return f"it is suspended ({why}); `lfr deployment resume` ends that", ""
    return "" if facts.status is DeploymentStatus.LIVE else f"it is {facts.status.value}, not live", "it is live"


def _check_attended(facts: GateFacts, limits: GateLimits, now_ns: int) -> tuple[str, str]:
    fresh = facts.attended_ns is not None and 0 <= now_ns - facts.attended_ns <= limits.attendance_s * 1e9
    why_not = (
        "no operator attends: an operator presses “Start deciding” on the operator's page, or `lfr operator attend`"
    )
    return "" if fresh else why_not, "an operator attends"


CONDITIONS: Final[Mapping[Condition, tuple[str, _Look]]] = MappingProxyType(
    {
        Condition.AUTHORITY: ("authorising officer", _check_authority),
        Condition.DOCUMENTS_IN_DATE: ("compliance", _check_documents),
        Condition.LIST_IN_PLACE: ("planner", _check_list_in_place),
        Condition.LIST_APPROVED: ("authorising officer", _check_list_approved),
        Condition.LIST_FRESH: ("planner", _check_list_fresh),
        Condition.GALLERY_UNCHANGED: ("planner", _check_gallery_unchanged),
        Condition.BOUND: ("planner", _check_bound),
        Condition.ANNOUNCED: ("publication officer", _check_announced),
        Condition.SIGNAGE: ("planner", _check_signage),
        Condition.BRIEFING: ("planner", _check_briefing),
        Condition.PROVEN: ("operator", _check_proven),
        Condition.AUDIT_WRITABLE: ("whoever runs the system", _check_audit),
        Condition.RECORDS_ON_TRAIL: ("compliance", _check_records),
        Condition.CLOCK_SANE: ("whoever runs the system", _check_clock),
        Condition.WITHIN_HOURS: ("planner", _check_within_hours),
        Condition.LIVE: ("authorising officer", _check_live),
        Condition.OPERATOR_ATTENDING: ("operator", _check_attended),
    }
)
"""Who must act when a condition isn't met, and how it is looked at."""
