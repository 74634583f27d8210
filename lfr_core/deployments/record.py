"""One step of a deployment, in the caller's transaction: checked, moved, and put on timeline and trail.

Whoever moves a deployment, planned or a trial, calls `record_step`, so the rules of `lfr_core.deployments.steps` hold
on every way in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail
from lfr_core.custody.audit.standing import AT, STATUS, in_ns
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Actor, Person, Role, principal_of
from lfr_core.deployments.locking import unknown
from lfr_core.deployments.reading import answer_calls, read_state
from lfr_core.deployments.state_machine import DeploymentState, StepActor, check_actor, rule_of, transition
from lfr_core.deployments.steps import Step, StepRule, rules_for
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.storage.tables.deployments import DeploymentRow, DeploymentStepRow, PlannedDeploymentRow

__all__ = ["actor_of", "check_may_approve", "check_may_take", "check_step", "note_step", "record_step", "rule_for"]


def rule_for(row: DeploymentRow, step: Step) -> StepRule:
    """Return the rule of a step of this deployment, from the table that it goes by. Raises Refused as `rule_of`."""
    return rule_of(row.id, step, rules_for(row))


def actor_of(session: Session, by: Actor, roles: Collection[Role]) -> StepActor:
    """Return who `by` is, with the roles held now: a part of the platform, or a person registered in one of `roles`.

    Raises:
        Refused: as `acting`.
    """
    if isinstance(by, SystemActor):
        return StepActor(str(by), part=by)
    person = acting(session, by, roles)
    return StepActor(person.name, person.roles, former_names=person.former_names)


def check_may_take(session: Session, row: DeploymentRow, step: Step, by: Actor) -> None:
    """See that a step is for `by`, before work goes into it.

    Raises:
        Refused: as `rule_for`, `actor_of` and `check_actor`.
    """
    rule = rule_for(row, step)
    check_actor(actor_of(session, by, rule.roles), rule)


def check_step(session: Session, row: DeploymentRow, step: Step, *, by: Actor, now: datetime) -> None:
    """See that `by` may take `step` now, before what belongs to it is written. Raises Refused as `record_step`."""
    actor = actor_of(session, by, rule_for(row, step).roles)
    transition(_state_of(session, row), step, actor, now)


def check_may_approve(session: Session, deployment: str, person: Person, *, now: datetime) -> DeploymentState:
    """See that a deployment's list waits for an approval, and that `person` could give it; return where it stands.

    Raises:
        Refused: `deployment.unknown`; as `rule_for` and `transition`.
    """
    row = session.get(DeploymentRow, deployment)
    if row is None:
        raise unknown(deployment)
    rule_for(row, Step.APPROVE_LIST)
    state = _state_of(session, row)
    actor = StepActor(person.name, person.roles, former_names=person.former_names)
    transition(state, Step.APPROVE_LIST, actor, now, digest=state.list_digest)
    return state


def record_step(
    session: Session,
    trail: Trail,
    row: DeploymentRow,
    step: Step,
    *,
    by: Actor,
    now: datetime,
    digest: str = "",
    note: str = "",
    facts: Mapping[str, str | int] | None = None,
) -> DeploymentState:
    """Take `step`, keep where the deployment stands, and answer the calls that this answers.

    The trail must have been prepared for `by`, and what belongs to the step be written: its entry names the records
    that have changed. Preconditions that need more than the deployment itself (documents,
    overdue results, the suite) are the caller's.

    Raises:
        Refused: as `transition` and `actor_of`; `deployment.trial`: it has no such step; `deployment.no-application`:
            it is called planned and has none; the records are damaged.
    """
    rule, before = rule_for(row, step), _state_of(session, row)
    actor = actor_of(session, by, rule.roles)
    after = transition(before, step, actor, now, digest=digest)
    _keep(session, row, before, after, now)
    # given up by a person, nobody has anything to decide on it; that it lapsed by itself people are still to read
    given_up = after.status is Status.CANCELLED and bool(actor.roles)
    asked = {role for each in after.rules.values() for role in each.roles}
    for role in asked if given_up else actor.roles & rule.roles:
        answer_calls(session, row.id, role, by=actor.name, now=now)
    note_step(session, after, step, by=actor.name, now=now, note=note)
    trail.append(
        session,
        AuditEvent(
            rule.verb,
            principal_of(by),
            row.id,
            f"deployment:{row.id}",
            rule.audited or f"deployment.{step.value}",
            {"revision": after.revision, STATUS: after.status.value} | _time_of(before, after, now) | dict(facts or {}),
        ),
    )
    return after


def _time_of(before: DeploymentState, after: DeploymentState, now: datetime) -> dict[str, str | int]:
    """Return the fact of when a deployment was opened, or ended: its row says the same."""
    is_told = after.status.is_over or (before.status, after.status) == (Status.READY, Status.LIVE)
    return {AT: in_ns(now)} if is_told else {}


def note_step(session: Session, state: DeploymentState, step: Step, *, by: str, now: datetime, note: str) -> None:
    """Add a line to the timeline."""
    session.add(
        DeploymentStepRow(
            deployment=state.deployment,
            revision=state.revision,
            step=step.value,
            status=state.status.value,
            by=by,
            at=now,
            note=note,
        )
    )


def _state_of(session: Session, row: DeploymentRow) -> DeploymentState:
    found = read_state(session, row)
    if found is None:
        raise Refused(
            "deployment.no-application", f"deployment {row.id} is planned and has no application: that is damage"
        )
    return found


def _keep(session: Session, row: DeploymentRow, before: DeploymentState, after: DeploymentState, now: datetime) -> None:
    row.status = after.status.value
    session.add(row)
    kept = session.get(PlannedDeploymentRow, row.id)
    if kept is None:
        return  # a trial: of where it stands nothing else is kept
    kept.revision, kept.planner, kept.officer = after.revision, after.planner, after.officer
    kept.compiler, kept.list_digest = after.compiler, after.list_digest
    kept.approved_digest, kept.approver = after.approved_digest, after.approver
    if after.list_digest != before.list_digest:
        kept.list_built_at = now
    if after.approved_digest != before.approved_digest:
        kept.approved_at = now if after.approved_digest else None
    if after.officer != before.officer:
        row.opens_at, row.closes_at = (after.starts_at, after.ends_at) if after.officer else (None, None)
    session.add(kept)
