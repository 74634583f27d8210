"""The one pure function that moves a planned deployment along its line. Illegal steps are Refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.steps import RULES, Step
from lfr_core.domain.actors import SystemActor, same_person
from lfr_core.domain.deployments import DeploymentStatus as Status

__all__ = ["Actor", "Life", "transition"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step: a registered person with the roles held now, or a part of the platform without any."""

    name: str
    """As it stands on the timeline. Whatever it says, it makes nobody a part of the platform."""
    roles: frozenset[Role] = frozenset()
    part: SystemActor | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """Where a planned deployment stands. Names are those under which people are registered; "" is nobody yet."""

    deployment: str
    status: Status
    revision: int
    """Of the application; authority and approval belong to one revision."""
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

    @property
    def list_is_approved(self) -> bool:
        """Whether the list as it is was approved for the application as it is."""
        return bool(self.list_digest) and self.list_digest == self.approved_digest


def transition(life: Life, step: Step, actor: Actor, now: datetime, *, digest: str = "") -> Life:
    """The deployment after `step`. A suspended one that is suspended again, and the like, stays as it is.

    Args:
        life: where it stands.
        step: what is done.
        actor: by whom.
        now: when, aware.
        digest: COMPILE: of the list as built. APPROVE_LIST: of the list that the officer saw.

    Raises:
        Refused: `life.wrong-state`, `life.wrong-role`, `life.same-person`, `life.list-changed`, `life.no-list`,
            `life.not-announced`, `life.not-confirmed`, `life.too-early`, `life.hours-over`.
    """
    rule = RULES[step]
    if life.status not in rule.froms:
        expected = ", ".join(sorted(each.value for each in rule.froms))
        raise Refused(
            "life.wrong-state",
            f"deployment {life.deployment} is {life.status.value}: {step.value} needs one that is {expected}",
        )
    if not (actor.roles & rule.roles or actor.part in rule.systems):
        roles = " or ".join(sorted(role.value for role in rule.roles))
        raise Refused("life.wrong-role", f"{actor.name} can't {step.value} a deployment: that is for a {roles}")
    moved = _TRANSITIONS[step](life, actor, now, digest) if step in _TRANSITIONS else life
    return moved if rule.to is None else replace(moved, status=rule.to)


def _plan(life: Life, actor: Actor, _now: datetime, _digest: str) -> Life:
    """Another revision: what was allowed for the one before is allowed no more."""
    return replace(life, revision=life.revision + 1, planner=actor.name, officer="")


def _authorise(life: Life, actor: Actor, now: datetime, _digest: str) -> Life:
    _other(life, actor, life.planner, "planned")
    _not_over(life, now)
    return replace(life, officer=actor.name)


def _refuse(life: Life, actor: Actor, _now: datetime, _digest: str) -> Life:
    _other(life, actor, life.planner, "planned")
    return life


def _compile(life: Life, actor: Actor, now: datetime, digest: str) -> Life:
    if not digest:
        raise Refused("life.no-list", f"deployment {life.deployment} needs a list with at least one entry")
    _not_over(life, now)
    return replace(life, compiler=actor.name, list_digest=digest, approved_digest="", approver="")


def _approve_list(life: Life, actor: Actor, _now: datetime, digest: str) -> Life:
    _other(life, actor, life.planner, "planned")
    _other(life, actor, life.compiler, "compiled the list of")
    if digest != life.list_digest:
        raise Refused(
            "life.list-changed",
            f"the list of {life.deployment} isn't the one you saw (digest {life.list_digest[:16]}): look at it again",
        )
    return replace(life, approved_digest=digest, approver=actor.name)


def _announce(life: Life, _actor: Actor, _now: datetime, _digest: str) -> Life:
    return replace(life, announced=True)


def _ready(life: Life, _actor: Actor, now: datetime, _digest: str) -> Life:
    _not_over(life, now)
    if not life.list_is_approved:
        raise Refused("life.list-changed", f"the list of {life.deployment} as it is was not approved")
    if not life.announced:
        raise Refused(
            "life.not-announced",
            f"{life.deployment} was neither announced nor withheld: `lfr deployment announce` or `withhold`",
        )
    if not (life.signage and life.briefing):
        raise Refused(
            "life.not-confirmed",
            f"somebody has to confirm that signs stand at all approaches of {life.deployment} and officers are briefed",
        )
    return life


def _open(life: Life, _actor: Actor, now: datetime, _digest: str) -> Life:
    if now < life.starts_at:
        raise Refused("life.too-early", f"the hours of {life.deployment} begin at {life.starts_at:%Y-%m-%d %H:%M %Z}")
    _not_over(life, now)
    return life


def _resume(life: Life, actor: Actor, now: datetime, _digest: str) -> Life:
    _other(life, actor, life.planner, "planned")
    _not_over(life, now)
    return life


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
}


def _other(life: Life, actor: Actor, name: str, did: str) -> None:
    if name and same_person(actor.name, name):
        raise Refused(
            "life.same-person",
            f"{actor.name} {did} deployment {life.deployment}: another authorising officer has to decide this",
        )


def _not_over(life: Life, now: datetime) -> None:
    if now >= life.ends_at:
        raise Refused("life.hours-over", f"the hours of {life.deployment} ended at {life.ends_at:%Y-%m-%d %H:%M %Z}")
