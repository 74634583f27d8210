"""Planning: everything people do to a planned deployment before it runs, and its opening.

Suspending, resuming, closing and cancelling are in `lfr_core.deployments.store`, where trials are too. All of them go
through `lfr_core.deployments.record.record_step`; what more a step asks for is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.application import Application, ApplicationForm, Authority, check_application, default_one_in
from lfr_core.deployments.authorisation import LEAST_ONE_IN, check_may_authorise, keep_decision
from lfr_core.deployments.drafting import application_row, draft
from lfr_core.deployments.equality import check_equality
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.false_alert_forecast import check_signed, forecast_false_alerts
from lfr_core.deployments.gate_facts import gate_facts
from lfr_core.deployments.locking import check_id, lock_deployment, reason_of
from lfr_core.deployments.overlap import check_overlap
from lfr_core.deployments.reading import call, read_application
from lfr_core.deployments.record import check_step, record_step, rule_for
from lfr_core.deployments.steps import Step, rules_of
from lfr_core.deployments.views import view_of
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.gate import TO_BE_OPENED, TO_BE_READY, Condition, GateLimits, check_gate
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow

__all__ = ["PlanningService"]


class PlanningService:
    """Takes a deployment from its plan to its opening.

    Every method raises Retryable when database or vault are away, and Refused as `record_step`: `people.unknown`,
    `people.revoked`, `people.wrong-role`, `life.wrong-state`, `life.same-person`.
    """

    def __init__(
        self,
        engine: Engine,
        trail: Trail,
        clock: Clock,
        policy: Policy,
        evaluations: Sequence[Evaluation] = (),
        *,
        model: str = "",
    ) -> None:
        """Set up the service.

        evaluations: what the expected false alerts are forecast from; without any, nothing counts as measured.
        model: `model_in_use`, of which the equality impact assessment has to be.
        """
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._policy = policy
        self._evaluations = tuple(evaluations)
        self._model = model

    def plan(
        self,
        id: str,
        kind: DeploymentKind,
        form: ApplicationForm,
        *,
        by: AuthenticatedPerson,
        name: str = "",
        submit: bool = True,
    ) -> Application:
        """Apply for a deployment, or revise an application for which no list is built yet.

        A revision takes back what was allowed for the one before. Without `submit` it stays a draft.

        Raises:
            Refused: as `check_application`; `deployment.bad-id`, `deployment.exists` (a trial has that id),
                `life.overlap`, `life.kind` (another kind than before).
        """
        check_id(id)
        now = self._now()
        check_application(form, self._policy, now=now)
        with self._audited(by) as session:
            row = session.get(DeploymentRow, id)
            if row is None:
                row = draft(
                    session, id, kind, form, name or id, by, now, agreeing_shots=self._policy.alerts.agreeing_shots
                )
            elif Step.PLAN not in rules_of(planned=row.planned):
                raise Refused("deployment.exists", f"there is a deployment {id} already; ids are never used again")
            elif row.kind != kind.value:
                raise Refused("life.kind", f"{id} is planned as {row.kind}: another kind is another deployment")
            row = lock_deployment(session, id)
            check_overlap(session, id, form)
            planned = session.get_one(PlannedDeploymentRow, id)
            made = Application(
                **form.model_dump(), deployment=id, revision=planned.revision + 1, applied_by=by.name, applied_at=now
            )
            session.add(application_row(made))
            session.flush()
            row.threshold, row.cameras = made.threshold, "\n".join(made.cameras)
            note = f"{made.place}, {made.starts_at.astimezone(LONDON):%Y-%m-%d %H:%M}"
            self._step(session, row, Step.PLAN, by, note=note)
            if submit:
                self._step(session, row, Step.APPLY, by)
                why = f"decide on its application, revision {made.revision}"
                call(session, role=Role.AUTHORISING_OFFICER, deployment=id, why=why, now=now)
            return made

    def submit(self, id: str, *, by: AuthenticatedPerson) -> None:
        """Ask for the authority of a draft."""
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            planned = self._step(session, row, Step.APPLY, by)
            why = f"decide on its application, revision {planned}"
            call(session, role=Role.AUTHORISING_OFFICER, deployment=id, why=why, now=self._now())

    def authorise(
        self,
        id: str,
        *,
        by: AuthenticatedPerson,
        reason: str,
        revision: int,
        one_in: int | None = None,
        claim_not_shown: bool = False,
    ) -> Authority:
        """Allow it, for the reason given.

        Args:
            id: of the deployment.
            by: an authorising officer who didn't plan it.
            reason: why it is necessary and proportionate, in the officer's words.
            revision: of the application that the officer read; no other is authorised.
            one_in: at most one false alert in so many faces; None: the public claim for a list of that cap.
            claim_not_shown: the officer knows that no evaluation shows that claim for this threshold and list.

        Raises:
            Refused: `life.revised`, `life.papers`, `life.results-overdue`, `life.equality`,
                `life.limit` (above 1 in 1,000), `life.claim-not-shown`.
        """
        with self._audited(by) as session:
            row, now = lock_deployment(session, id), self._now()
            made = self._application(session, id)
            note = reason_of(reason)
            check_step(session, row, Step.AUTHORISE, by=by, now=now)  # first of all: may they at all
            if revision != made.revision:
                raise Refused("life.revised", f"revision {made.revision} of {id} is the newest: read and name that one")
            check_may_authorise(session, made, self._policy, now=now)
            check_equality(session, made, self._model)
            found = forecast_false_alerts(made, self._evaluations, self._policy)
            limit = default_one_in(made.list_cap, self._policy) if one_in is None else one_in
            if limit < LEAST_ONE_IN:
                raise Refused("life.limit", f"1 in {limit}: the limit is never above 1 in {LEAST_ONE_IN:,} faces")
            check_signed(found, signed=claim_not_shown)
            given = keep_decision(session, made, by=by, reason=reason, limit=limit, found=found, now=now)
            self._step(session, row, Step.AUTHORISE, by, note=note)
            call(session, role=Role.PUBLICATION_OFFICER, deployment=id, why="announce it, or withhold it", now=now)
            return given

    def refuse(self, id: str, *, by: AuthenticatedPerson, reason: str) -> Authority:
        """Say no; its planner may revise it and apply again."""
        with self._audited(by) as session:
            row, made, note = lock_deployment(session, id), self._application(session, id), reason_of(reason)
            check_step(session, row, Step.REFUSE, by=by, now=self._now())
            limit = default_one_in(made.list_cap, self._policy)
            given = keep_decision(session, made, by=by, reason=reason, limit=limit, found=None, now=self._now())
            self._step(session, row, Step.REFUSE, by, note=note)
            why = f"revise it: refused ({given.reason})"
            call(session, role=Role.PLANNER, deployment=id, why=why, now=given.at)
            return given

    def approve_list(self, id: str, digest: str, *, by: AuthenticatedPerson) -> None:
        """Approve the list whose digest is `digest`: as it was shown, not as it may be now.

        Raises:
            Refused: `life.list-changed`, `life.same-person`.
        """
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            planned = session.get(PlannedDeploymentRow, id)
            if planned is not None:
                digest = (
                    planned.list_digest if len(digest) >= _SHORT and planned.list_digest.startswith(digest) else digest
                )
                planned.bound_contract = row.contract_id
            self._step(session, row, Step.APPROVE_LIST, by, digest=digest)

    def confirm(self, id: str, *, by: AuthenticatedPerson, signage: bool = False, briefing: bool = False) -> None:
        """Confirm that signs stand at all approaches, or that officers are briefed on how the system performs.

        Raises:
            Refused: `life.trial`, `people.wrong-role`.
        """
        with self._audited(by) as session:
            lock_deployment(session, id)
            planned, now = session.get(PlannedDeploymentRow, id), self._now()
            if planned is None:
                raise Refused("life.trial", f"{id} is a trial: it has no signs and no briefing")
            person = acting(session, by, {Role.PLANNER, Role.OPERATOR})
            if signage:
                planned.signage_by, planned.signage_at = person.name, now
            if briefing:
                planned.briefing_by, planned.briefing_at = person.name, now
            session.add(planned)
            confirmed = {"signage": int(signage), "briefing": int(briefing)}
            self._trail.append(
                session,
                AuditEvent(Verb.DECIDE, person.name, id, f"deployment:{id}", "deployment.confirmed", confirmed),
            )

    def ready(self, id: str, *, by: AuthenticatedPerson) -> None:
        """Everything but the hour is in order.

        Raises:
            Refused: `gate.` and the first condition that isn't met.
        """
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            self._check(session, row, TO_BE_READY)
            self._step(session, row, Step.READY, by)

    def open(self, id: str, *, by: Actor, compare: Callable[[str], str]) -> DeploymentView:
        """Let it recognise, within the hours of its authority. An open one stays as it is.

        Args:
            id: of the deployment.
            by: a planner, an operator, or `system:flows`.
            compare: compares its gallery with its list now and keeps what it finds, which the gate is decided on:
                `lfr_core.deployments.monitoring.gallery.compare_gallery`.

        Raises:
            Refused: `gate.` and the first condition that isn't met; `life.too-early`, `life.hours-over`; `life.trial`.
            Retryable: also when the gallery is away.
        """
        self._compare_before(id, compare)
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            if row.status in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
                return view_of(row)
            rule_for(row, Step.READY)  # a trial is opened by the store, for so many hours
            if row.status == DeploymentStatus.READY:
                self._check(session, row, TO_BE_OPENED)
            row.opened_at = self._now()
            self._step(session, row, Step.OPEN, by)
            return view_of(row)

    def _compare_before(self, id: str, compare: Callable[[str], str]) -> None:
        with reading(self._engine) as session:
            row = session.get(DeploymentRow, id)
            waits = row is not None and row.status == DeploymentStatus.READY and bool(row.gallery)
        if waits:
            compare(id)

    # -- what the steps share --------------------------------------------------------------------

    def _application(self, session: Session, id: str) -> Application:
        made = read_application(session, id)
        if made is None:
            raise Refused("life.trial", f"{id} is a trial: it has no application")
        return made

    def _check(self, session: Session, row: DeploymentRow, conditions: frozenset[Condition]) -> None:
        rule_for(row, Step.READY)
        facts = gate_facts(session, row, self._now())
        check_gate(facts, row.id, GateLimits.of(self._policy), now_ns=self._clock.time_ns(), only=conditions)

    def _step(
        self, session: Session, row: DeploymentRow, step: Step, by: Actor, *, digest: str = "", note: str = ""
    ) -> int:
        """Take it; the revision it was taken in."""
        return record_step(session, self._trail, row, step, by=by, now=self._now(), digest=digest, note=note).revision

    @contextmanager
    def _audited(self, by: Actor) -> Iterator[Session]:
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            yield session

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


_SHORT = 12
"""Characters of a digest that are enough to name it: 48 bits, compared with one list."""
