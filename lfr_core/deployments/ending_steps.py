"""How a deployment ends: earlier than it would, later again within its authority, closed, or given up.

What was authorised and announced stays as it was (docs/decisions/0035): beyond that end nothing is given. Ended stays
ended, and its list is destroyed.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete
from sqlmodel import col

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.deployments.attach_watchlist import delete_list
from lfr_core.deployments.audited_steps import AuditedSteps
from lfr_core.deployments.locking import lock_deployment, reason_of
from lfr_core.deployments.reading import read_application
from lfr_core.deployments.record import check_step, record_step
from lfr_core.deployments.steps import Step
from lfr_core.deployments.views import view_of
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import erase_freed_pages
from lfr_core.storage.tables.vault import AttendanceRow

__all__ = ["EndingSteps"]


class EndingSteps(AuditedSteps):
    """Moves the end of a live deployment, and ends it."""

    def shorten(self, deployment: str, until: datetime, *, by: AuthenticatedPerson) -> None:
        """Let it end earlier than it would: always allowed, as closing it is. `until`: aware.

        Raises:
            Refused: `deployment.not-earlier`, `deployment.end-past`.
        """
        self._move(Step.SHORTEN, deployment, until, by)

    def extend(self, deployment: str, until: datetime, *, by: AuthenticatedPerson) -> None:
        """Give back hours that were taken, in the name of an authorising officer who didn't plan it. `until`: aware.

        Raises:
            Refused: `deployment.beyond-authority`, `deployment.not-later`.
        """
        self._move(Step.EXTEND, deployment, until, by)

    def _move(self, step: Step, deployment: str, until: datetime, by: AuthenticatedPerson) -> None:
        with self._audited(by) as session:
            row, now = lock_deployment(session, deployment), self._now()
            check_step(session, row, step, by=by, now=now)
            made = read_application(session, deployment)
            before = row.closes_at
            if made is None or before is None:
                raise Refused(
                    "deployment.no-application", f"{deployment} is open without hours: the records are damaged"
                )
            _check_end(step, until, now, before, made.ends_at)
            row.closes_at = until.astimezone(UTC)
            session.add(row)
            note = f"until {_clock_time(until)} instead of {_clock_time(before)}"
            facts = {"ends": row.closes_at.isoformat(timespec="minutes")}
            record_step(session, self._trail, row, step, by=by, now=now, note=note, facts=facts)

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


def _check_end(step: Step, until: datetime, now: datetime, before: datetime, authorised: datetime) -> None:
    """See that the end may be moved there. `before`: as it stands; `authorised`: as it was authorised and announced."""
    if step is Step.SHORTEN:
        if until >= before:
            raise Refused(
                "deployment.not-earlier",
                f"it ends at {_clock_time(before)} as it is: choose an earlier time, or leave it",
            )
        if until <= now:
            raise Refused("deployment.end-past", f"{_clock_time(until)} is past: close it, or choose a later time")
        return
    if until > authorised:
        raise Refused(
            "deployment.beyond-authority",
            f"it is authorised and announced until {_clock_time(authorised)}, and not beyond: choose that time or an "
            "earlier one; for longer hours plan another deployment, with an authority and a notice of its own",
        )
    if until <= before:
        raise Refused(
            "deployment.not-later", f"it ends at {_clock_time(before)} as it is: choose a later time, or leave it"
        )


def _clock_time(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%H:%M}"
