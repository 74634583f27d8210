"""Withholding an announcement: one person asks, and an authorising officer who is another person answers.

Each acts in a session of their own. What is asked for withholds nothing, opens no gate and is published nowhere; what
is approved is a revision of the announcement.
"""

from __future__ import annotations

from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.people.lookup import acting, in_role
from lfr_core.custody.people.roles import AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.announcement import (
    TELLERS,
    Announcement,
    AnnouncementStore,
    check_hours,
    check_may_change,
    plan_of,
    read_as_planned,
    value_of,
)
from lfr_core.deployments.announcement_terms import Plan, ReasonClass
from lfr_core.deployments.locking import lock_deployment, reason_of
from lfr_core.deployments.reading import answer_calls, call
from lfr_core.deployments.record import record_step
from lfr_core.deployments.state_machine import check_status
from lfr_core.deployments.steps import Step, rules_for
from lfr_core.deployments.withholding_requests import (
    WithholdingRequest,
    read_newest_request,
    read_pending_row,
    request_of,
)
from lfr_core.domain.approvals import check_same_request
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import WithholdingRequestRow

__all__ = ["APPROVERS", "approve_withholding", "ask_to_withhold", "find_pending", "refuse_withholding"]

APPROVERS = frozenset({Role.AUTHORISING_OFFICER})
"""Who approves or refuses that nobody is told."""


def ask_to_withhold(
    store: AnnouncementStore,
    deployment: str,
    *,
    because: ReasonClass,
    by: AuthenticatedPerson,
    plan: Plan | None = None,
) -> WithholdingRequest:
    """Ask that nobody is told beforehand. The same request again changes nothing.

    Args:
        store: of the announcements.
        deployment: its id.
        because: the reason, which is published once it is approved.
        by: who asks.
        plan: of a trial; a planned deployment's is its application's.

    Raises:
        Refused: `deployment.unknown`, `deployment.trial`, `deployment.wrong-state`, `announcement.not-as-planned`,
            `announcement.too-late`, `announcement.is-public`, `announcement.withholding-asked` (something else is asked
            for already), `people.*`.
        Retryable: database or vault are away.
    """
    asked = plan or plan_of(store.engine, deployment)
    check_hours(asked)
    store.trail.prepare(str(principal_of(by)))
    with writing(store.engine) as session:
        person = acting(session, by, TELLERS)
        name = person.name
        of = lock_deployment(session, deployment)
        rule = rules_for(of).get(Step.WITHHOLD)
        if rule is not None:
            check_status(deployment, DeploymentStatus(of.status), rule)
            read_as_planned(session, deployment, asked)
        check_may_change(session, of, withhold=True)
        waiting, last = read_pending_row(session, of), read_newest_request(session, deployment)
        if waiting is not None:
            same = request_of(waiting)
            if person.is_called(same.asked_by) and (same.because, same.plan) == (because, asked):
                return same
            raise Refused(
                "announcement.withholding-asked",
                f"{waiting.asked_by} has asked for that, because: {waiting.because}; it is answered first",
            )
        row = WithholdingRequestRow(
            deployment=deployment,
            number=last.number + 1 if last else 1,
            place=asked.place,
            starts_at=asked.starts_at,
            ends_at=asked.ends_at,
            purpose=asked.purpose,
            use_case=asked.use_case.value,
            because=because.value,
            asked_by=name,
            asked_at=store.now(),
        )
        session.add(row)
        session.flush()
        _append(store, session, row, Verb.DECIDE, name, "announcement.withholding-asked")
        return request_of(row)


def approve_withholding(
    store: AnnouncementStore, deployment: str, *, request: str, by: AuthenticatedPerson
) -> Announcement:
    """Approve, as another person than who asked, that nobody is told beforehand.

    Args:
        store: of the announcements.
        deployment: its id.
        request: the name of the request that the officer has read (`WithholdingRequest.name`); no other is approved.
        by: an authorising officer, who didn't plan the deployment either.

    Raises:
        Refused: `deployment.unknown`, `announcement.nothing-asked`, `approval.other-request`,
            `announcement.same-person`, `people.*` (also where whoever asked has been revoked since), as
            `ask_to_withhold` and `record_step`.
        Retryable: database or vault are away.
    """
    name = str(principal_of(by))
    store.trail.prepare(name)
    with writing(store.engine) as session:
        person = acting(session, by, APPROVERS)
        name = person.name
        of = lock_deployment(session, deployment)
        row = _pending(session, of)
        asked = request_of(row)
        check_same_request(request, asked.name, f"to withhold the notice of {deployment}, {row.asked_by}")
        if person.is_called(row.asked_by):
            raise Refused("announcement.same-person", f"{name} has asked for it: another authorising officer approves")
        in_role(session, row.asked_by, TELLERS, since=row.asked_at)
        if Step.WITHHOLD in rules_for(of):
            made = read_as_planned(session, deployment, asked.plan)
            if person.is_called(made.applied_by):
                raise Refused("announcement.same-person", f"{name} planned {deployment}: another officer approves")
            note = f"asked for by {row.asked_by}: {row.because}"
            record_step(session, store.trail, of, Step.WITHHOLD, by=by, now=store.now(), note=note)
            for role in (Role.PUBLICATION_OFFICER, Role.PLANNER):
                answer_calls(session, deployment, role, by=name, now=store.now())
        _answer(store, session, row, name, approved=True)
        added = store.add(session, of, asked.plan, made_by=row.asked_by, because=asked.because, approved_by=name)
        store.append(session, added, Verb.AUTHORISE, name, "announcement.withheld")
        return value_of(added)


def refuse_withholding(store: AnnouncementStore, deployment: str, *, by: AuthenticatedPerson, reason: str) -> None:
    """Refuse what is asked for; whoever asked takes it back so.

    Raises:
        Refused: `deployment.unknown`, `announcement.nothing-asked`, `deployment.reason-missing`, `people.*`.
        Retryable: database or vault are away.
    """
    name, why = str(principal_of(by)), reason_of(reason)
    store.trail.prepare(name)
    with writing(store.engine) as session:
        person = acting(session, by, TELLERS)
        name = person.name
        of = lock_deployment(session, deployment)
        row = _pending(session, of)
        taken_back = person.is_called(row.asked_by)
        if not taken_back:
            acting(session, by, APPROVERS)
        _answer(store, session, row, name, approved=False, why=why)
        _append(store, session, row, Verb.DECIDE, name, "announcement.withholding-refused")
        if Step.WITHHOLD in rules_for(of) and not taken_back:
            words = f"announce it: {name} refused to withhold its notice ({why})"
            call(session, role=Role.PUBLICATION_OFFICER, deployment=deployment, why=words, now=store.now())


def find_pending(store: AnnouncementStore, deployment: str) -> WithholdingRequest:
    """Return what awaits an officer. Raises Refused `deployment.unknown`, `announcement.nothing-asked`, Retryable."""
    with reading(store.engine) as session:
        return request_of(_pending(session, lock_deployment(session, deployment)))


def _pending(session: Session, of: DeploymentRow) -> WithholdingRequestRow:
    row = read_pending_row(session, of)
    if row is None:
        raise Refused(
            "announcement.nothing-asked",
            f"nobody asks to withhold the notice: `lfr deployment withhold {of.id} --reason-class …` comes first",
        )
    return row


def _answer(
    store: AnnouncementStore, session: Session, row: WithholdingRequestRow, by: str, *, approved: bool, why: str = ""
) -> None:
    row.answered_by, row.answered_at, row.approved, row.answer = by, store.now(), approved, why
    session.add(row)


def _append(
    store: AnnouncementStore, session: Session, row: WithholdingRequestRow, verb: Verb, by: str, rule: str
) -> None:
    facts = {"request": row.number}
    store.trail.append(session, AuditEvent(verb, by, row.deployment, f"deployment:{row.deployment}", rule, facts))
