"""Reminded, late, explained: what is kept of results beside their deadline, and who may explain."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.deadlines import ResultsDue, ResultsStatus, results_due
from lfr_core.domain.policy import PublicationPolicy
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.publication import ResultsRow

__all__ = ["MAY_EXPLAIN", "Explanations", "note_late", "note_reminded", "take_back_late"]

MAY_EXPLAIN = frozenset({Role.PUBLICATION_OFFICER, Role.AUTHORISING_OFFICER})
_LONGEST = 1_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\ud800-\udfff]")


class Explanations:
    """Explains late results in public, which lets new authorities be given again."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock, policy: PublicationPolicy) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._policy = policy

    def explain(self, deployment: str, *, why: str, by: AuthenticatedPerson) -> ResultsDue:
        """Publish, on the deployment's page, why its results were late. It stays as it is said.

        Raises:
            Refused: `results.nothing-due` (no such deployment has ended), `results.not-late`, `results.explained`,
                `results.explanation-missing`, `people.*` (a publication or authorising officer explains).
            Retryable: database or vault is away.
        """
        text = " ".join(why.split(" ")).strip()
        if not text or len(text) > _LONGEST or _CONTROL.search(text):
            raise Refused(
                "results.explanation-missing",
                f"say why in one line of 1 to {_LONGEST} characters: the public reads it",
            )
        with reading(self._engine) as session:
            name = acting(session, by, MAY_EXPLAIN).name
        self._trail.prepare(name)
        now = utc_from_ns(self._clock.time_ns())
        with writing(self._engine) as session:
            acting(session, by, MAY_EXPLAIN)
            due = _find(session, deployment, now, self._policy)
            row = session.get(ResultsRow, deployment, with_for_update=True)
            if row is None:
                row = ResultsRow(deployment=deployment, due_at=due.schedule.due_at)
            row.explanation, row.explained_at, row.explained_by = text, now, name
            if row.late_at is None:
                row.late_at, row.late_because = now, "they weren't published by the deadline"
            session.add(row)
            event = AuditEvent(Verb.DISCLOSE, name, deployment, f"deployment:{deployment}", "results.explained")
            self._trail.append(session, event)
            session.flush()
            return next(one for one in results_due(session, now, self._policy) if one.deployment == deployment)


def _find(session: Session, deployment: str, now: datetime, policy: PublicationPolicy) -> ResultsDue:
    due = next((one for one in results_due(session, now, policy) if one.deployment == deployment), None)
    if due is None:
        raise Refused("results.nothing-due", f"no deployment {deployment} has opened and ended; see `lfr publish due`")
    if due.explained_at is not None:
        raise Refused("results.explained", f"the results of {deployment} are explained already, and that stays")
    if due.stands not in {ResultsStatus.OVERDUE, ResultsStatus.LATE}:
        raise Refused(
            "results.not-late", f"the results of {deployment} are {due.stands.value}: there is nothing to explain"
        )
    return due


def note_reminded(session: Session, deployment: str, now: datetime) -> bool:
    """Record that a reminder was sent; returns whether it is the first."""
    row = session.get_one(ResultsRow, deployment, with_for_update=True)
    if row.reminded_at is not None:
        return False
    row.reminded_at = now
    session.add(row)
    return True


def note_late(session: Session, deployment: str, now: datetime, *, because: str, detail: str) -> bool:
    """Keep that, since when and why results are late. The newest reason stands. Returns whether it is new."""
    row = session.get_one(ResultsRow, deployment, with_for_update=True)
    if (row.late_because, row.late_detail) == (because, detail):
        return False
    row.late_at = row.late_at or now
    row.late_because, row.late_detail = because, detail
    session.add(row)
    return True


def take_back_late(session: Session, deployment: str) -> bool:
    """Take back that it is late: what stood in the way was mended in time. Returns whether that changes anything."""
    row = session.get_one(ResultsRow, deployment, with_for_update=True)
    if row.explained_at is not None:
        return False
    row.late_at, row.late_because, row.late_detail = None, "", ""
    session.add(row)
    return True
