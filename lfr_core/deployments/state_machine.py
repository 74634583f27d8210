"""The one pure function that moves a deployment along its lifecycle. Illegal steps are Refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.steps import RULES, Step, StepRule
from lfr_core.domain.actors import SystemActor, same_person
from lfr_core.domain.deployments import DeploymentStatus as Status

__all__ = ["DeploymentState", "StepActor", "check_actor", "check_status", "rule_of", "transition"]

_INSTEAD = {
    Step.READY: "`lfr deployment open` opens it once it has its list",
    Step.CANCEL: "`lfr deployment close` ends it",
}
"""What people do with a trial who want to take a step that it hasn't."""


@dataclass(frozen=True, slots=True)
class StepActor:
    """Who takes a step: a registered person with the roles held now, or a part of the platform without any."""

    name: str
    """As it stands on the timeline. Whatever it says, it makes nobody a part of the platform."""
    roles: frozenset[Role] = frozenset()
    part: SystemActor | None = None
    former_names: tuple[str, ...] = ()
    """Under which the person was registered before: they stay theirs."""


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """Where a deployment stands. Names are those under which people are registered; "" is nobody yet."""

    deployment: str
    status: Status
    revision: int
    """Of the application; authority and approval belong to one revision. 0 of a trial."""
    planner: str
    starts_at: datetime
    ends_at: datetime
    officer: str = ""
    """Who authorised this revision."""
    compiler: str = ""
    list_digest: str = ""
    """Of the entries as built; "" while there is no list."""
    approved_digest: str = ""
    """Of the entries that an officer approved for this revision."""
    approver: str = ""
    announced: bool = False
    """Whether these hours were announced, or withheld with approval."""
    signage: bool = False
    briefing: bool = False
    rules: Mapping[Step, StepRule] = field(default_factory=lambda: RULES)
    """The table that it goes by; a trial has no planner, and no hours but those it is opened for."""

    @property
    def list_is_approved(self) -> bool:
        """Whether the list as it is was approved for the application as it is."""
        return bool(self.list_digest) and self.list_digest == self.approved_digest


def rule_of(deployment: str, step: Step, rules: Mapping[Step, StepRule]) -> StepRule:
    """Return the rule of a step of a deployment that goes by the table `rules`.

    Raises:
        Refused: `deployment.trial`: a trial has no such step.
    """
    rule = rules.get(step)
    if rule is None:
        instead = _INSTEAD.get(step, f"it has no application, so {step.value} isn't for it")
        raise Refused("deployment.trial", f"{deployment} is a trial: {instead}")
    return rule


def check_status(deployment: str, status: Status, rule: StepRule) -> None:
    """See that a deployment stands where this step may be taken. Raises Refused `deployment.wrong-state`."""
    if status not in rule.froms:
        expected = ", ".join(sorted(each.value for each in rule.froms))
        raise Refused(
            "deployment.wrong-state",
            f"deployment {deployment} is {status.value}: {rule.step.value} needs one that is {expected}",
        )


def check_actor(actor: StepActor, rule: StepRule) -> None:
    """See that this step is for whoever takes it. Raises Refused `deployment.wrong-role`."""
    if not (actor.roles & rule.roles or actor.part in rule.systems):
        roles = " or ".join(sorted(role.value for role in rule.roles))
        raise Refused(
            "deployment.wrong-role", f"{actor.name} can't {rule.step.value} a deployment: that is for a {roles}"
        )


def transition(
    state: DeploymentState, step: Step, actor: StepActor, now: datetime, *, digest: str = ""
) -> DeploymentState:
    """Return the deployment after `step`. A suspended one that is suspended again, and the like, stays as it is.

    Args:
        state: where it stands.
        step: what is done.
        actor: by whom.
        now: when, aware.
        digest: COMPILE: of the list as built. APPROVE_LIST: of the list that the officer saw.

    Raises:
        Refused: `deployment.wrong-state`, `.wrong-role`, `.same-person`, `.list-changed`, `.no-list`, `.not-announced`,
            `.not-confirmed`, `.too-early`, `.hours-over`; as `rule_of`.
    """
    rule = rule_of(state.deployment, step, state.rules)
    check_status(state.deployment, state.status, rule)
    check_actor(actor, rule)
    moved = _TRANSITIONS[step](state, actor, now, digest) if step in _TRANSITIONS else state
    return moved if rule.to is None else replace(moved, status=rule.to)


def _plan(state: DeploymentState, actor: StepActor, _now: datetime, _digest: str) -> DeploymentState:
    """Begin another revision: what was allowed for the one before is allowed no more."""
    return replace(state, revision=state.revision + 1, planner=actor.name, officer="")


def _authorise(state: DeploymentState, actor: StepActor, now: datetime, _digest: str) -> DeploymentState:
    _check_other_person(state, actor, state.planner, "planned")
    _check_not_over(state, now)
    return replace(state, officer=actor.name)


def _refuse(state: DeploymentState, actor: StepActor, _now: datetime, _digest: str) -> DeploymentState:
    _check_other_person(state, actor, state.planner, "planned")
    return state


def _compile(state: DeploymentState, actor: StepActor, now: datetime, digest: str) -> DeploymentState:
    if not digest:
        raise Refused("deployment.no-list", f"deployment {state.deployment} needs a list with at least one entry")
    _check_not_over(state, now)
    return replace(state, compiler=actor.name, list_digest=digest, approved_digest="", approver="")


def _approve_list(state: DeploymentState, actor: StepActor, _now: datetime, digest: str) -> DeploymentState:
    _check_other_person(state, actor, state.planner, "planned")
    _check_other_person(state, actor, state.compiler, "compiled the list of")
    if digest != state.list_digest:
        raise Refused(
            "deployment.list-changed",
            f"the list of {state.deployment} isn't the one you saw (digest {state.list_digest[:16]}): look at it again",
        )
    return replace(state, approved_digest=digest, approver=actor.name)


def _announce(state: DeploymentState, _actor: StepActor, _now: datetime, _digest: str) -> DeploymentState:
    return replace(state, announced=True)


def _ready(state: DeploymentState, _actor: StepActor, now: datetime, _digest: str) -> DeploymentState:
    _check_not_over(state, now)
    if not state.list_is_approved:
        raise Refused("deployment.list-changed", f"the list of {state.deployment} as it is was not approved")
    if not state.announced:
        raise Refused(
            "deployment.not-announced",
            f"{state.deployment} was neither announced nor withheld: `lfr deployment announce` or `withhold`",
        )
    if not (state.signage and state.briefing):
        raise Refused(
            "deployment.not-confirmed",
            f"somebody has to confirm that signs stand at all approaches of {state.deployment} "
            "and officers are briefed",
        )
    return state


def _open(state: DeploymentState, _actor: StepActor, now: datetime, _digest: str) -> DeploymentState:
    if now < state.starts_at:
        raise Refused(
            "deployment.too-early", f"the hours of {state.deployment} begin at {state.starts_at:%Y-%m-%d %H:%M %Z}"
        )
    _check_not_over(state, now)
    return state


def _resume(state: DeploymentState, actor: StepActor, now: datetime, _digest: str) -> DeploymentState:
    _check_other_person(state, actor, state.planner, "planned")
    _check_not_over(state, now)
    return state


def _shorten(state: DeploymentState, _actor: StepActor, now: datetime, _digest: str) -> DeploymentState:
    _check_not_over(state, now)
    return state


_TRANSITIONS = {
    Step.PLAN: _plan,
    Step.AUTHORISE: _authorise,
    Step.REFUSE: _refuse,
    Step.COMPILE: _compile,
    Step.APPROVE_LIST: _approve_list,
    Step.ANNOUNCE: _announce,
    Step.WITHHOLD: _announce,
    Step.READY: _ready,
    Step.OPEN: _open,
    Step.RESUME: _resume,
    Step.SHORTEN: _shorten,
    Step.EXTEND: _resume,
}


def _check_other_person(state: DeploymentState, actor: StepActor, name: str, did: str) -> None:
    if name and any(same_person(name, each) for each in (actor.name, *actor.former_names)):
        raise Refused(
            "deployment.same-person",
            f"{actor.name} {did} deployment {state.deployment}: another authorising officer has to decide this",
        )


def _check_not_over(state: DeploymentState, now: datetime) -> None:
    if now >= state.ends_at:
        raise Refused(
            "deployment.hours-over", f"the hours of {state.deployment} ended at {state.ends_at:%Y-%m-%d %H:%M %Z}"
        )
