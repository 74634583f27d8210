"""How a deployment comes to recognise: confirmed and ready, opened, suspended and resumed.

The table of its lifecycle says whether it is opened for so many hours or within those of an authority, and which
conditions of the gate are asked before.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, select

from lfr_core.common.counts import agree, counted
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Role
from lfr_core.deployments.audited_steps import AuditedSteps
from lfr_core.deployments.gate_facts import gather_gate_facts
from lfr_core.deployments.list_steps import ended_error
from lfr_core.deployments.locking import lock_deployment, reason_of
from lfr_core.deployments.record import record_step, rule_for
from lfr_core.deployments.steps import Step, StepRule
from lfr_core.deployments.views import view_of
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.domain.gate import GateLimits, check_gate
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow

__all__ = ["OpeningSteps"]

_OPEN = frozenset({DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED})


class OpeningSteps(AuditedSteps):
    """From a list to recognition, and back to standing still."""

    def confirm(self, id: str, *, by: AuthenticatedPerson, signage: bool = False, briefing: bool = False) -> None:
        """Confirm that signs stand at all approaches, or that officers are briefed on how the system performs.

        Raises:
            Refused: `deployment.trial`, `people.wrong-role`.
        """
        with self._audited(by) as session:
            lock_deployment(session, id)
            planned, now = session.get(PlannedDeploymentRow, id), self._now()
            if planned is None:
                raise Refused("deployment.trial", f"{id} is a trial: it has no signs and no briefing")
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

    def mark_ready(self, id: str, *, by: AuthenticatedPerson) -> None:
        """Record that everything but the hour is in order.

        Raises:
            Refused: `gate.` and the first condition that isn't met; `deployment.trial`.
        """
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            self._check(session, row, rule_for(row, Step.READY))
            self._step(session, row, Step.READY, by)

    def open(self, id: str, *, by: Actor = SystemActor.LFR, hours: float | None = None) -> DeploymentView:
        """Let it recognise, once its gallery was compared with its list. An open one stays as it is.

        Args:
            id: of the deployment.
            by: who opens it; only a trial by a command of this machine that names nobody.
            hours: of a trial: for how long, at most the policy's `vault.max_open_h`, which it is unless given.

        Raises:
            Refused: `deployment.unknown`; `deployment.planned`: `hours` of one whose authority says them; of a trial
                `deployment.ended`, `deployment.no-watchlist`, `watchlist.entry-expired`, `deployment.bad-hours`;
                `gate.` and the first condition that isn't met; `deployment.too-early`, `deployment.hours-over`;
                and as `record_step`.
            Retryable: the records, the gallery or the vault are away.
        """
        differs = self._compare_before(id)
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            rule = rule_for(row, Step.OPEN)
            if hours is not None and not rule.sets_hours:
                raise Refused("deployment.planned", f"{id} is planned: its hours are those of its authority")
            if row.status in _OPEN:
                return view_of(row)
            row.opened_at, facts = self._now(), {}
            if rule.sets_hours:
                self._check_list(session, row, differs)
                facts = {"hours": f"{self._set_hours(row, hours):g}"}
            elif row.status in rule.froms:
                self._check(session, row, rule)
            record_step(session, self._trail, row, Step.OPEN, by=by, now=row.opened_at, facts=facts)
            return view_of(row)

    def suspend(self, id: str, why: str, *, by: Actor) -> DeploymentView:
        """Stop recognition for now, for a reason that people will read.

        Raises:
            Refused: `deployment.unknown`, `deployment.not-live`, `deployment.reason-missing`, and as `record_step`.
        """
        reason = reason_of(why)
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            if row.status not in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
                raise Refused("deployment.not-live", f"deployment {id} is {row.status}: only a live one is suspended")
            row.suspended_why = reason
            record_step(session, self._trail, row, Step.SUSPEND, by=by, now=self._now(), note=reason)
            return view_of(row)

    def resume(self, id: str, *, by: Actor) -> DeploymentView:
        """Let a suspended deployment match again, within its hours.

        Raises:
            Refused: `deployment.unknown`, `deployment.not-suspended`, and as `record_step`.
        """
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            if row.status != DeploymentStatus.SUSPENDED:
                raise Refused("deployment.not-suspended", f"deployment {id} is {row.status}, not suspended")
            record_step(session, self._trail, row, Step.RESUME, by=by, now=self._now(), note=row.suspended_why)
            row.suspended_why = ""
            return view_of(row)

    def _compare_before(self, id: str) -> str:
        """Compare its gallery where it is about to open; return what differs."""
        found = self.find(id)
        waits = found is not None and found.status is DeploymentStatus.READY and bool(found.gallery)
        return self._compare(id) if waits else ""

    def _check(self, session: Session, row: DeploymentRow, rule: StepRule) -> None:
        facts = gather_gate_facts(session, row, self._now())
        limits = GateLimits.of(self._policy())
        check_gate(facts, row.id, limits, now_ns=self._clock.time_ns(), only=rule.conditions)

    def _set_hours(self, row: DeploymentRow, hours: float | None) -> float:
        """Let it be open from now on, for so many hours and the policy's at most; return how many."""
        longest = self._policy().vault.max_open_h
        given = longest if hours is None else min(hours, longest)
        if not given > 0.0:
            raise Refused(
                "deployment.bad-hours", f"a deployment is open for up to {counted(longest, 'hour')}; {given:g} isn't"
            )
        row.opens_at, row.closes_at = row.opened_at, self._now() + timedelta(hours=given)
        return given

    def _check_list(self, session: Session, row: DeploymentRow, differs: str) -> None:
        """See that a trial has its list, with no entry that has expired today, and the same in its gallery."""
        if DeploymentStatus(row.status).is_over:
            raise ended_error(row.id)
        if row.status != DeploymentStatus.READY:
            raise Refused(
                "deployment.no-watchlist", f"deployment {row.id} has no watchlist: `lfr watchlist enrol` makes it"
            )
        if differs:
            raise Refused(
                "gate.gallery-unchanged",
                f"the gallery of {row.id} no longer holds the list that was enrolled: {differs}. Make a new deployment",
            )
        today = self._now().astimezone(LONDON).date()
        expired = session.exec(
            select(WatchlistEntryRow.subject)
            .where(WatchlistEntryRow.deployment == row.id)
            .where(col(WatchlistEntryRow.expires_on) < today)
            .order_by(WatchlistEntryRow.subject)
        ).all()
        if expired:
            raise Refused(
                "watchlist.entry-expired",
                f"{counted(len(expired), 'entry')} of deployment {row.id} {agree(len(expired), 'has')} expired "
                f"by {today.isoformat()} "
                f"({', '.join(expired[:5])}): compile a new list in a new deployment",
            )
