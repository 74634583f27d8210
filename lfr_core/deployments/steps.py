"""The lifecycles of deployments as two tables: each step, from where to where, by whom, and which rule asks for it.

A planned one: draft, applied, authorised, list built, list approved, ready, live (suspended), ended; or cancelled. A
trial: draft, ready, live (suspended), ended. Pure: `transition` in `lfr_core.deployments.state_machine` is the only
thing that moves a deployment, and it moves it by these tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from lfr_core.custody.audit.port import Verb
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.step_rule import Step, StepRule
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import PLANNED, TRIAL, Lifecycle, lifecycle_of
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.domain.gate import TO_BE_OPENED, TO_BE_READY
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = [
    "AFTER_AUTHORITY",
    "BEFORE_LIST",
    "BEFORE_OPEN",
    "RULES",
    "TRIAL_ROLES",
    "TRIAL_RULES",
    "Step",
    "StepRule",
    "rules_for",
    "rules_of",
]


BEFORE_LIST = frozenset({Status.DRAFT, Status.APPLIED, Status.AUTHORISED})
BEFORE_OPEN = frozenset(
    {Status.DRAFT, Status.APPLIED, Status.AUTHORISED, Status.LIST_BUILT, Status.LIST_APPROVED, Status.READY}
)
AFTER_AUTHORITY = frozenset({Status.AUTHORISED, Status.LIST_BUILT, Status.LIST_APPROVED, Status.READY})
_OPENED = frozenset({Status.LIVE, Status.SUSPENDED})


_P, _AO, _OP, _PUB = Role.PLANNER, Role.AUTHORISING_OFFICER, Role.OPERATOR, Role.PUBLICATION_OFFICER
_FLOWS, _WATCH = SystemActor.FLOWS, SystemActor.WATCH

RULES: dict[Step, StepRule] = {
    rule.step: rule
    for rule in (
        StepRule(
            Step.PLAN,
            BEFORE_LIST,
            Status.DRAFT,
            frozenset({_P}),
            "an application that says who, where, when, why; another revision takes the authority back",
            "A1, A4, A5",
        ),
        StepRule(Step.APPLY, frozenset({Status.DRAFT}), Status.APPLIED, frozenset({_P}), "an application", "A1"),
        StepRule(
            Step.AUTHORISE,
            frozenset({Status.APPLIED}),
            Status.AUTHORISED,
            frozenset({_AO}),
            "an officer of superintendent or above who isn't its planner; documents in date; no results overdue",
            "A1, A2, A3, A6, P2",
            verb=Verb.AUTHORISE,
        ),
        StepRule(
            Step.REFUSE,
            frozenset({Status.APPLIED}),
            Status.DRAFT,
            frozenset({_AO}),
            "a reason",
            "A1",
            verb=Verb.AUTHORISE,
        ),
        StepRule(
            Step.COMPILE,
            frozenset({Status.AUTHORISED, Status.LIST_BUILT}),
            Status.LIST_BUILT,
            frozenset({_P}),
            "a list that passes the suite `watchlist`, within the authority's cap, for this deployment alone",
            "W1, W2, W3, W5, W6",
            frozenset({_FLOWS}),
            verb=Verb.COLLECT,
        ),
        StepRule(
            Step.APPROVE_LIST,
            frozenset({Status.LIST_BUILT}),
            Status.LIST_APPROVED,
            frozenset({_AO}),
            "the digest of the list as built, by an officer who neither planned nor compiled it",
            "W4, A3",
            verb=Verb.AUTHORISE,
        ),
        StepRule(
            Step.ANNOUNCE,
            AFTER_AUTHORITY,
            None,
            frozenset({_PUB, _P}),
            "the minimum notice before the start",
            "P1",
            frozenset({_FLOWS}),
        ),
        StepRule(
            Step.WITHHOLD,
            AFTER_AUTHORITY,
            None,
            frozenset({_AO}),
            "somebody else has asked for it, for a reason of the closed list; an officer who isn't its planner",
            "P1, A3",
        ),
        StepRule(
            Step.READY,
            frozenset({Status.LIST_APPROVED}),
            Status.READY,
            frozenset({_P, _OP}),
            "signs at all approaches, officers briefed, announcement made or withheld, documents in date",
            "P4, H5, A6",
            conditions=TO_BE_READY,
        ),
        StepRule(
            Step.OPEN,
            frozenset({Status.READY}),
            Status.LIVE,
            frozenset({_P, _OP}),
            "its hours have begun, a green self-test, and every other condition of the gate but the operator's",
            "A7, D8",
            frozenset({_FLOWS}),
            verb=Verb.AUTHORISE,
            conditions=TO_BE_OPENED,
        ),
        StepRule(
            Step.SUSPEND,
            _OPENED,
            Status.SUSPENDED,
            frozenset({_P, _AO, _OP, Role.COMPLIANCE}),
            "a reason",
            "docs/design.md#fail-closed",
            frozenset({_WATCH}),
        ),
        StepRule(
            Step.RESUME,
            frozenset({Status.SUSPENDED}),
            Status.LIVE,
            frozenset({_AO}),
            "the authorising officer's word; one that isn't its planner",
            "4.4, A3",
        ),
        StepRule(
            Step.SHORTEN,
            _OPENED,
            None,
            frozenset({_P, _AO, _OP}),
            "an end before the one that stands: ending is always allowed",
            "A7",
        ),
        StepRule(
            Step.EXTEND,
            _OPENED,
            None,
            frozenset({_AO}),
            "an end within what was authorised and announced; an officer who isn't its planner",
            "A3, A7, P1",
        ),
        StepRule(
            Step.CLOSE,
            _OPENED,
            Status.ENDED,
            frozenset({_P, _AO, _OP}),
            "nothing: ending is always allowed",
            "A7, W7",
            frozenset({_FLOWS, SystemActor.RETENTION}),
            verb=Verb.ERASE,
        ),
        StepRule(
            Step.CANCEL,
            BEFORE_OPEN,
            Status.CANCELLED,
            frozenset({_P, _AO}),
            "a reason; a list that was built is destroyed",
            "A7, W7",
            frozenset({_FLOWS, SystemActor.RETENTION}),
        ),
    )
}
"""Every step of a planned deployment."""

TRIAL_ROLES = frozenset({_P, _AO, _OP, Role.TRIALS_SERVICE})
"""Who may make a trial, and take it along its lifecycle."""
_LFR = frozenset({SystemActor.LFR})
_TRIALS = "docs/running.md#deployments-and-trials"

TRIAL_RULES: dict[Step, StepRule] = {
    rule.step: rule
    for rule in (
        StepRule(
            Step.COMPILE,
            frozenset({Status.DRAFT}),
            Status.READY,
            TRIAL_ROLES,
            "a list; a trial has one, and nobody approves it",
            _TRIALS,
            _LFR,
            verb=Verb.COLLECT,
            audited="watchlist.attached",
        ),
        StepRule(
            Step.OPEN,
            frozenset({Status.READY}),
            Status.LIVE,
            TRIAL_ROLES,
            "a list without an expired entry; hours, at most a day",
            _TRIALS,
            _LFR,
            verb=Verb.AUTHORISE,
            audited="deployment.opened",
            sets_hours=True,
        ),
        StepRule(
            Step.SUSPEND,
            _OPENED,
            Status.SUSPENDED,
            TRIAL_ROLES | {Role.COMPLIANCE},
            "a reason",
            "docs/design.md#fail-closed",
            _LFR | {_WATCH},
            audited="deployment.suspended",
        ),
        StepRule(
            Step.RESUME,
            frozenset({Status.SUSPENDED}),
            Status.LIVE,
            TRIAL_ROLES,
            "nothing: outside its hours the gate stays shut",
            _TRIALS,
            _LFR,
            audited="deployment.resumed",
        ),
        StepRule(
            Step.CLOSE,
            _OPENED | {Status.DRAFT, Status.READY},
            Status.ENDED,
            TRIAL_ROLES,
            "nothing: ending is always allowed",
            "W7",
            _LFR | {SystemActor.RETENTION},
            verb=Verb.ERASE,
            audited="deployment.closed",
        ),
    )
}
"""Every step of a trial, which `lfr deployment create` makes a draft."""


_RULES = {PLANNED: RULES, TRIAL: TRIAL_RULES}


def rules_of(lifecycle: Lifecycle) -> Mapping[Step, StepRule]:
    """Return the table of a lifecycle: which steps there are, and for whom."""
    return _RULES[lifecycle]


def rules_for(row: DeploymentRow) -> Mapping[Step, StepRule]:
    """Return the table that a deployment goes by."""
    return rules_of(lifecycle_of(planned=row.planned))
