"""How a deployment begins: a trial is created; any other is planned, applied for, and authorised or refused."""

from __future__ import annotations

from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.standing import STATUS
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.application import Application, ApplicationForm, Authority, check_application, default_one_in
from lfr_core.deployments.audited_steps import AuditedSteps
from lfr_core.deployments.authorisation import LEAST_ONE_IN, check_may_authorise, keep_decision
from lfr_core.deployments.drafting import application_row, draft
from lfr_core.deployments.equality import check_equality
from lfr_core.deployments.false_alert_forecast import check_signed, forecast_false_alerts
from lfr_core.deployments.locking import check_id, lock_deployment, reason_of
from lfr_core.deployments.overlap import check_overlap
from lfr_core.deployments.reading import call, read_application
from lfr_core.deployments.record import actor_of, check_step
from lfr_core.deployments.steps import TRIAL_ROLES, Step, rules_for
from lfr_core.deployments.views import view_of
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.tables.alerts import digest_stubs
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow

__all__ = ["ApplicationSteps"]


class ApplicationSteps(AuditedSteps):
    """From nothing to an authority, or to the draft of a trial."""

    def create(
        self,
        id: str,
        kind: DeploymentKind,
        *,
        name: str,
        live_only: bool = True,
        threshold: float | None = None,
        by: Actor = SystemActor.LFR,
    ) -> DeploymentView:
        """Make a draft of a trial. What takes a live camera is planned instead: `plan`.

        `threshold` (cosine, between 0 and 1) and the shots that must agree come from the policy unless given.
        With `live_only` off, frames are never dropped for their age: for recorded video.

        Raises:
            Refused: `deployment.bad-id`, `deployment.exists`, `deployment.bad-threshold`,
                `deployment.must-be-planned` (an operational deployment needs an authority), and as `actor_of`.
        """
        check_id(id)
        limit = self._policy().alerts.threshold if threshold is None else threshold
        if not 0.0 < limit < 1.0:
            raise Refused("deployment.bad-threshold", f"a threshold lies between 0 and 1; {limit} doesn't")
        if kind is DeploymentKind.OPERATIONAL:
            raise Refused(
                "deployment.must-be-planned",
                "an operational deployment takes live cameras and needs an authority: `lfr deployment plan`; what is "
                "created without one is a trial of recorded video, of kind evaluation or demo",
            )
        with self._audited(by) as session:
            actor_of(session, by, TRIAL_ROLES)
            if session.get(DeploymentRow, id) is not None:
                raise Refused("deployment.exists", f"there is a deployment {id} already; no short name is used again")
            row = DeploymentRow(
                id=id,
                name=name.strip() or id,
                kind=kind.value,
                status=DeploymentStatus.DRAFT.value,
                threshold=limit,
                agreeing_shots=self._policy().alerts.agreeing_shots,
                live_only=live_only,
                created_at=self._now(),
                stubs_sha256=digest_stubs(()),
            )
            session.add(row)
            session.flush()
            facts = {"kind": kind.value, STATUS: row.status}
            event = AuditEvent(Verb.AUTHORISE, principal_of(by), id, f"deployment:{id}", "deployment.created", facts)
            self._trail.append(session, event)
            return view_of(row)

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
                `deployment.overlap`, `deployment.kind` (another kind than before).
        """
        check_id(id)
        now = self._now()
        check_application(form, self._policy(), now=now)
        with self._audited(by) as session:
            row = session.get(DeploymentRow, id)
            if row is None:
                row = draft(
                    session, id, kind, form, name or id, by, now, agreeing_shots=self._policy().alerts.agreeing_shots
                )
            elif Step.PLAN not in rules_for(row):
                raise Refused("deployment.exists", f"there is a deployment {id} already; no short name is used again")
            elif row.kind != kind.value:
                raise Refused("deployment.kind", f"{id} is planned as {row.kind}: another kind is another deployment")
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
            Refused: `deployment.revised`, `deployment.documents`, `deployment.results-overdue`, `deployment.equality`,
                `deployment.limit` (above 1 in 1,000), `deployment.claim-not-shown`.
        """
        with self._audited(by) as session:
            row, now = lock_deployment(session, id), self._now()
            made = self._application(session, id)
            note = reason_of(reason)
            check_step(session, row, Step.AUTHORISE, by=by, now=now)  # first of all: may they at all
            if revision != made.revision:
                raise Refused(
                    "deployment.revised", f"revision {made.revision} of {id} is the newest: read and name that one"
                )
            check_may_authorise(session, made, self._policy(), now=now)
            check_equality(session, made, self._model())
            found = forecast_false_alerts(made, self._evaluations(), self._policy())
            limit = default_one_in(made.list_cap, self._policy()) if one_in is None else one_in
            if limit < LEAST_ONE_IN:
                raise Refused("deployment.limit", f"1 in {limit}: the limit is never above 1 in {LEAST_ONE_IN:,} faces")
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
            limit = default_one_in(made.list_cap, self._policy())
            given = keep_decision(session, made, by=by, reason=reason, limit=limit, found=None, now=self._now())
            self._step(session, row, Step.REFUSE, by, note=note)
            why = f"revise it: refused ({given.reason})"
            call(session, role=Role.PLANNER, deployment=id, why=why, now=given.at)
            return given

    def _application(self, session: Session, id: str) -> Application:
        made = read_application(session, id)
        if made is None:
            raise Refused("deployment.trial", f"{id} is a trial: it has no application")
        return made
