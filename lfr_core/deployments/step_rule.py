"""A step in the lifecycle of a deployment, and a row of the table that says when it may be taken and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from lfr_core.custody.audit.port import Verb
from lfr_core.custody.people.roles import Role
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.domain.gate import Condition

__all__ = ["Step", "StepRule"]


class Step(StrEnum):
    """What can be done to a deployment. The values are the timeline's words, and most of them the command line's."""

    PLAN = "plan"
    APPLY = "apply"
    AUTHORISE = "authorise"
    REFUSE = "refuse"
    COMPILE = "compile"
    APPROVE_LIST = "approve-list"
    ANNOUNCE = "announce"
    WITHHOLD = "withhold"
    READY = "ready"
    OPEN = "open"
    SUSPEND = "suspend"
    RESUME = "resume"
    SHORTEN = "shorten"
    EXTEND = "extend"
    CLOSE = "close"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class StepRule:
    """One row of the table."""

    step: Step
    froms: frozenset[Status]
    to: Status | None
    """None: it stays where it is."""
    roles: frozenset[Role]
    """Any of these may take it."""
    needs: str
    """Its preconditions, as people read them."""
    source: str
    """Which rule asks for it: ids of docs/domain.md, or a heading of docs/design.md."""
    systems: frozenset[SystemActor] = field(default_factory=frozenset)
    """Processes of ours that may take it as well."""
    verb: Verb = Verb.DECIDE
    """Of its entry on the audit trail."""
    audited: str = ""
    """The rule of that entry; "": deployment.STEP."""
    sets_hours: bool = False
    """Whether taking it says for how long the deployment is open; otherwise the authority does."""
    conditions: frozenset[Condition] = field(default_factory=frozenset)
    """Of the gate, which have to be met for it."""
