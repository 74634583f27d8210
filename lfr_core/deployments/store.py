"""Deployments as they are kept: made, given a watchlist, opened, suspended, closed.

The rules are Refused with a stable word each. Trials and planned deployments go the lines of
`lfr_core.deployments.steps`; ended stays ended, and its list is destroyed. Each step is on the audit trail in the same
transaction.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.people.roles import Actor, principal_of
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.deployments.attach_watchlist import delete_list
from lfr_core.deployments.directory import CachedDirectory
from lfr_core.deployments.entries import EntryLike, ReferenceLike
from lfr_core.deployments.list_store import ListStore, ended_error
from lfr_core.deployments.locking import check_id, lock_deployment, reason_of
from lfr_core.deployments.record import actor_of, record_step, rule_for
from lfr_core.deployments.steps import TRIAL_ROLES, Step
from lfr_core.deployments.views import view_of
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import erase_freed_pages
from lfr_core.storage.tables.alerts import digest_stubs
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.vault import AttendanceRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow

__all__ = ["DEFAULT_HOURS", "LONGEST_HOURS", "CachedDirectory", "DeploymentStore", "EntryLike", "ReferenceLike"]

LONGEST_HOURS = 24.0
"""No deployment is open for more; the policy's max_open_h is what callers give."""
DEFAULT_HOURS = 12.0


class DeploymentStore(ListStore):
    """Reads and changes deployments.

    Every method raises Retryable when the database is away, and those that change anything also when the vault is:
    what can't be audited isn't done. `by` is the person who does it, or the part of the platform.
    """

    def create(
        self,
        id: str,
        kind: DeploymentKind,
        *,
        name: str,
        policy: Policy,
        live_only: bool = True,
        threshold: float | None = None,
        by: Actor = SystemActor.LFR,
    ) -> DeploymentView:
        """Make a draft of a trial. What takes a live camera is planned instead, by `lfr_core.deployments.service`.

        `threshold` (cosine, between 0 and 1) and the shots that must agree come from the policy unless given.
        With `live_only` off, frames are never dropped for their age: for recorded video.

        Raises:
            Refused: `deployment.bad-id`, `deployment.exists`, `deployment.bad-threshold`,
                `deployment.must-be-planned` (an operational deployment needs an authority), and as `actor_of`.
        """
        check_id(id)
        limit = policy.alerts.threshold if threshold is None else threshold
        if not 0.0 < limit < 1.0:
            raise Refused("deployment.bad-threshold", f"a threshold lies between 0 and 1 (cosine); {limit} doesn't")
        if kind is DeploymentKind.OPERATIONAL:
            raise Refused(
                "deployment.must-be-planned",
                "an operational deployment takes live cameras and needs an authority: `lfr deployment plan`; what is "
                "created without one is a trial of recorded video, of kind evaluation or demo",
            )
        with self._audited(by) as session:
            actor_of(session, by, TRIAL_ROLES)
            if session.get(DeploymentRow, id) is not None:
                raise Refused("deployment.exists", f"there is a deployment {id} already; ids are never used again")
            row = DeploymentRow(
                id=id,
                name=name.strip() or id,
                kind=kind.value,
                status=DeploymentStatus.DRAFT.value,
                threshold=limit,
                agreeing_shots=policy.alerts.agreeing_shots,
                live_only=live_only,
                created_at=self._now(),
                stubs_sha256=digest_stubs(()),
            )
            session.add(row)
            session.flush()
            facts = {"kind": kind.value}
            event = AuditEvent(Verb.AUTHORISE, principal_of(by), id, f"deployment:{id}", "deployment.created", facts)
            self._trail.append(session, event)
            return view_of(row)

    def open(
        self,
        id: str,
        today: date | None = None,
        *,
        hours: float = DEFAULT_HOURS,
        by: Actor = SystemActor.LFR,
    ) -> DeploymentView:
        """Let a trial match, for `hours` from now at most. `today` is the day in London unless given.

        A planned deployment is opened by `lfr_core.deployments.service`.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `deployment.no-watchlist`, `deployment.planned`,
                `watchlist.entry-expired`, `deployment.bad-hours`, and as `record_step`.
        """
        if not 0.0 < hours <= LONGEST_HOURS:
            raise Refused(
                "deployment.bad-hours", f"a deployment is open for at most {LONGEST_HOURS:g} hours; {hours:g} isn't"
            )
        day = today or self._now().astimezone(LONDON).date()
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            if not rule_for(row, Step.OPEN).sets_hours:
                raise Refused("deployment.planned", f"{id} is planned: its hours are those of its authority")
            if row.status in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
                return view_of(row)
            if DeploymentStatus(row.status).is_over:
                raise ended_error(id)
            if row.status != DeploymentStatus.READY:
                raise Refused(
                    "deployment.no-watchlist", f"deployment {id} has no watchlist: `lfr watchlist enrol` makes it"
                )
            expired = session.exec(
                select(WatchlistEntryRow.subject)
                .where(WatchlistEntryRow.deployment == id)
                .where(col(WatchlistEntryRow.expires_on) < day)
                .order_by(WatchlistEntryRow.subject)
            ).all()
            if expired:
                raise Refused(
                    "watchlist.entry-expired",
                    f"{len(expired)} entries of deployment {id} have expired by {day.isoformat()} "
                    f"({', '.join(expired[:5])}): compile a new list in a new deployment",
                )
            now = self._now()
            row.opened_at = row.opens_at = now
            row.closes_at = now + timedelta(hours=hours)
            record_step(session, self._trail, row, Step.OPEN, by=by, now=now, facts={"hours": f"{hours:g}"})
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

    def close(self, id: str, *, by: Actor = SystemActor.LFR) -> DeploymentView:
        """End it and destroy its watchlist's rows, crops and key; alerts keep their own copies.

        The caller drops the gallery afterwards. May be called again, so that a drop that failed can be made up.

        Raises:
            Refused: `deployment.unknown`, and as `record_step`.
            Retryable: also when the vault is away; the deployment has ended all the same if its row could be written.
        """
        return self._end(id, Step.CLOSE, by, "")

    def cancel(self, id: str, why: str, *, by: Actor) -> DeploymentView:
        """Give a planned deployment up before it opens. A list that was built is destroyed, as `close` does.

        Raises:
            Refused: `deployment.unknown`, `deployment.reason-missing`, and as `record_step`.
        """
        return self._end(id, Step.CANCEL, by, reason_of(why))

    def _end(self, id: str, step: Step, by: Actor, note: str) -> DeploymentView:
        with self._audited(by) as session:
            row, now = lock_deployment(session, id), self._now()
            delete_list(session, id)
            session.execute(delete(AttendanceRow).where(col(AttendanceRow.deployment) == id))
            facts = {"entries": row.watchlist_size + row.blue_list_size}
            if not DeploymentStatus(row.status).is_over:  # else asked again, to make up for what failed
                row.ended_at = now
                record_step(session, self._trail, row, step, by=by, now=now, note=note, facts=facts)
            view = view_of(row)
        erase_freed_pages(self._engine)
        keys = [info.id for info in self._vault.kept(KeyKind.WATCHLIST, id)]
        self._vault.destroy(keys, rule=ErasureRule.LIST_ENDED)
        return view
