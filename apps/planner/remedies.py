"""Words each condition of the gate for people at the planner's desk, and says which act mends it and whose it is. Pure.

The gate's own sentences name commands and UTC; no page does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.plain_words import plain_words
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.readiness import DeploymentOverview, ReadinessItem
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.domain.gate import Condition
from lfr_core.domain.working_days import LONDON

__all__ = ["NOBODY", "TITLES", "Act", "Remedy", "find_remedy", "who_acts", "why_words"]


class Act(StrEnum):
    """What somebody does at the desk to turn a red line green; a panel of the page for each."""

    APPLY = "apply"
    DECIDE = "decide"
    DOCUMENT = "document"
    LIST = "list"
    APPROVE = "approve"
    ANNOUNCE = "announce"
    SIGNAGE = "signage"
    BRIEFING = "briefing"
    SELF_TEST = "self-test"
    READY = "ready"
    OPEN = "open"
    RESUME = "resume"
    CLOSE = "close"
    CAMERAS = "cameras"
    ATTEND = "attend"


@dataclass(frozen=True, slots=True)
class Remedy:
    """The act that mends a red line."""

    act: Act
    label: str
    """Of the button beside the line."""
    roles: frozenset[Role]
    """Who may do it."""


_P, _AO, _OP, _PUB, _C = (
    Role.PLANNER,
    Role.AUTHORISING_OFFICER,
    Role.OPERATOR,
    Role.PUBLICATION_OFFICER,
    Role.COMPLIANCE,
)

TITLES: Final[Mapping[Condition, str]] = {
    Condition.AUTHORITY: "Authority",
    Condition.DOCUMENTS_IN_DATE: "Documents in date",
    Condition.LIST_IN_PLACE: "List compiled",
    Condition.LIST_APPROVED: "List approved",
    Condition.LIST_FRESH: "List fresh",
    Condition.GALLERY_UNCHANGED: "Faces in use are the list's",
    Condition.BOUND: "Threshold and face model as authorised",
    Condition.ANNOUNCED: "Public told",
    Condition.SIGNAGE: "Signs at all approaches",
    Condition.BRIEFING: "Officers briefed",
    Condition.PROVEN: "Recognition tested",
    Condition.AUDIT_WRITABLE: "Audit trail",
    Condition.RECORDS_ON_TRAIL: "Records unaltered",
    Condition.CLOCK_SANE: "Clock",
    Condition.WITHIN_HOURS: "Within its hours",
    Condition.LIVE: "Opened",
    Condition.OPERATOR_ATTENDING: "Operator at the screen",
}

_ALWAYS: Final[Mapping[Condition, Remedy]] = {
    Condition.DOCUMENTS_IN_DATE: Remedy(Act.DOCUMENT, "Add a document", frozenset({_C, _AO})),
    Condition.SIGNAGE: Remedy(Act.SIGNAGE, "Confirm the signs", frozenset({_P, _OP})),
    Condition.BRIEFING: Remedy(Act.BRIEFING, "Confirm the briefing", frozenset({_P, _OP})),
    Condition.OPERATOR_ATTENDING: Remedy(Act.ATTEND, "Go to the operator's page", frozenset({_OP})),
}
_TEST = Remedy(Act.SELF_TEST, "Run the self-test", frozenset({_P, _OP, _AO, _C}))
_COMPILE = Remedy(Act.LIST, "Upload the list", frozenset({_P}))
_BY_STATUS: Final[Mapping[tuple[Condition, Status], Remedy]] = {
    (Condition.AUTHORITY, Status.DRAFT): Remedy(Act.APPLY, "Apply for authority", frozenset({_P})),
    (Condition.AUTHORITY, Status.APPLIED): Remedy(Act.DECIDE, "Decide on it", frozenset({_AO})),
    (Condition.LIST_IN_PLACE, Status.AUTHORISED): _COMPILE,
    (Condition.LIST_FRESH, Status.LIST_BUILT): _COMPILE,
    (Condition.LIST_APPROVED, Status.LIST_BUILT): Remedy(Act.APPROVE, "Look at the list", frozenset({_AO})),
    (Condition.LIVE, Status.LIST_APPROVED): Remedy(Act.READY, "Call it ready", frozenset({_P, _OP})),
    (Condition.LIVE, Status.READY): Remedy(Act.OPEN, "Open it", frozenset({_P, _OP})),
    (Condition.LIVE, Status.SUSPENDED): Remedy(Act.RESUME, "Resume", frozenset({_AO})),
}
_WAITS_FOR_HOURS = frozenset(each for each in Status if not each.is_over) - {Status.LIVE, Status.SUSPENDED}
"""Of a deployment that is open its hours are over, where it isn't within them, and it is closed."""
_ANNOUNCED_FROM = frozenset({Status.AUTHORISED, Status.LIST_BUILT, Status.LIST_APPROVED, Status.READY})
_TESTED_FROM = frozenset({Status.LIST_BUILT, Status.LIST_APPROVED, Status.READY, Status.LIVE, Status.SUSPENDED})


def find_remedy(condition: Condition, status: Status) -> Remedy | None:
    """Find what mends a red line of a deployment that stands there; None: nothing at this desk, or not yet."""
    if status.is_over:
        return None
    if condition in {Condition.PROVEN, Condition.GALLERY_UNCHANGED}:
        return _TEST if status in _TESTED_FROM else None
    if condition is Condition.ANNOUNCED:
        may = status in _ANNOUNCED_FROM
        return Remedy(Act.ANNOUNCE, "Preview the announcement", frozenset({_P, _PUB, _AO})) if may else None
    if condition is Condition.OPERATOR_ATTENDING and status not in {Status.LIVE, Status.SUSPENDED}:
        return None
    return _ALWAYS.get(condition) or _BY_STATUS.get((condition, status))


NOBODY: Final = "nobody: it comes by itself"


def who_acts(item: ReadinessItem, status: Status) -> str:
    """Say whose turn it is: the role, of those that may, or that all only wait for it."""
    condition, who = item.finding.condition, item.finding.who
    if condition is Condition.WITHIN_HOURS and status in _WAITS_FOR_HOURS:
        return NOBODY
    remedy = find_remedy(condition, status)
    if remedy is not None and who not in {role.value for role in remedy.roles}:  # who answers for it, not who acts
        return next(role.value for role in Role if role in remedy.roles)
    return who


def why_words(item: ReadinessItem, one: DeploymentOverview) -> str:
    """Say why a condition is or isn't met, for somebody who never types a command."""
    condition, status = item.finding.condition, one.view.status
    if not item.looked:
        return "Looked at by the vault whenever it lends a key."
    if condition is Condition.WITHIN_HOURS:
        starts, ends = (at.astimezone(LONDON) for at in (one.planned.starts_at, one.planned.ends_at))
        if item.finding.met:
            return f"Until {ends:%H:%M}."
        return f"From {starts:%H:%M} on {starts:%A} {starts.day} {starts:%B} to {ends:%H:%M}."
    if condition is Condition.LIVE and not item.finding.met:
        return _NOT_LIVE.get(status) or _sentence(plain_words(item.finding.why))
    if condition is Condition.AUTHORITY and not item.finding.met and status in _NO_AUTHORITY:
        return _NO_AUTHORITY[status]
    return _sentence(plain_words(item.finding.why))


_NOT_LIVE: Final[Mapping[Status, str]] = {
    Status.LIST_APPROVED: "Everything before it has to be in order; then it is called ready.",
    Status.READY: "It opens by itself when its hours begin, or when somebody opens it then.",
    Status.SUSPENDED: "It is suspended, for the reason that stands at the top.",
}
_NO_AUTHORITY: Final[Mapping[Status, str]] = {
    Status.DRAFT: "Its planner hasn't applied for it yet.",
    Status.APPLIED: "An authorising officer who didn't plan it decides on it.",
}


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""
