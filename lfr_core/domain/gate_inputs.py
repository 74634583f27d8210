"""What the gate is decided on: its conditions, the facts of one deployment, and the policy's limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import Policy

__all__ = [
    "TO_BE_OPENED",
    "TO_BE_READY",
    "TRIAL",
    "Condition",
    "GateFacts",
    "GateFactsSource",
    "GateLimits",
    "PlannedFacts",
]


class Condition(StrEnum):
    """What must be so for a frame to be sealed or opened, in the order in which people look at it."""

    AUTHORITY = "authority"
    DOCUMENTS_IN_DATE = "papers-in-date"
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
    RECORDS_ON_TRAIL = "records-on-trail"
    CLOCK_SANE = "clock-sane"
    WITHIN_HOURS = "within-hours"
    LIVE = "live"
    OPERATOR_ATTENDING = "operator-attending"


TRIAL = frozenset(
    {
        Condition.LIST_IN_PLACE,
        Condition.GALLERY_UNCHANGED,
        Condition.AUDIT_WRITABLE,
        Condition.RECORDS_ON_TRAIL,
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
    documents_why: str
    """Which document is missing or expired; "" when all are in date."""
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
    records_why: str = ""
    """Which record of it, or of who authorised it, isn't what its entry on the audit trail says; "" when all are."""
    clock_why: str = ""
    """Why the clock can't be trusted; "" when it can."""
    planned: PlannedFacts | None = None
    """None for a trial."""
    is_operational: bool = True
    """Whether its list and cameras are of the public; False: an evaluation or a demonstration, with test subjects."""


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The policy's numbers that the gate reckons with."""

    attendance_s: float
    audit_age_s: float
    list_age_h: float
    notice_h: float
    live_probe_max_age_s: float

    @classmethod
    def of(cls, policy: Policy) -> GateLimits:
        return cls(
            attendance_s=policy.vault.attendance_s,
            audit_age_s=policy.vault.audit_age_s,
            list_age_h=policy.planning.list_age_h,
            notice_h=policy.planning.notice_h,
            live_probe_max_age_s=policy.live_probe.max_age_s,
        )


class GateFactsSource(Protocol):
    """Where the facts come from: the records."""

    def facts(self, deployment: str) -> GateFacts | None:
        """Return the facts now, or None if there is no such deployment. Raises Retryable when they can't be read."""
        ...
