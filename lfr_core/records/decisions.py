"""A person's answers to an alert's three questions, with who gave them and when.

The rules are those of `lfr_core.alerts`; here they meet the record, one transaction an answer, with its entry on the
audit trail. The software never answers: every answer carries the name of a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.alerts import (
    Decision,
    Engagement,
    Judgement,
    Outcome,
    Review,
    check_engagement,
    check_outcome,
    check_review,
)
from lfr_core.audit.port import AuditEvent, Trail, Verb
from lfr_core.clock import Clock, SystemClock, utc_from_ns
from lfr_core.errors import Refused
from lfr_core.people.lookup import acting
from lfr_core.people.roles import Role
from lfr_core.records.engine import writing
from lfr_core.records.tables import AlertRow, DeploymentRow

__all__ = ["DecisionDesk", "decision_of"]

_DAY_MIN = 1_440
_LONGEST_NAME = 100


class DecisionDesk:
    """Records answers. Every method raises Retryable when the database or the vault is away, and Refused:

    `alert.unknown`, `alert.actor-missing`, `alert.already-answered` (another answer stands; `correct=True`
    replaces it and its who and when), `people.*` (a planned deployment's alerts are decided by registered operators),
    and the rules of `lfr_core.alerts`. The same answer again changes nothing.
    """

    def __init__(self, engine: Engine, trail: Trail, clock: Clock | None = None) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock or SystemClock()

    def judge(self, alert: UUID, answer: Judgement, actor: str, *, correct: bool = False) -> Decision:
        """The operator's answer: is it the same person?

        Raises:
            Refused: also `alert.engagement-after-different`, when a correction to "different" would leave an
                engagement behind; what turned out afterwards is the review's to say.
        """
        name = self._ready(actor)
        with self._alert(alert, name) as (session, row):
            if _must_write(row.judgement, answer, correct=correct):
                if row.engagement is not None and answer is Judgement.DIFFERENT:
                    raise Refused(
                        "alert.engagement-after-different",
                        "an engagement on this judgement is recorded: record what was established as the review",
                    )
                self._audit(session, row, answer, name, row.judgement)
                row.judgement, row.judged_by = answer.value, name
                row.judged_at = utc_from_ns(self._clock.time_ns())
            return decision_of(row)

    def engage(self, alert: UUID, answer: Engagement, actor: str, *, correct: bool = False) -> Decision:
        """What the officers did.

        Raises:
            Refused: also as `lfr_core.alerts.check_engagement`, and `alert.outcome-stands`: a correction would leave an
                outcome without its engagement.
        """
        name = self._ready(actor)
        with self._alert(alert, name) as (session, row):
            check_engagement(decision_of(row))
            if row.outcome is not None and answer is not Engagement.ENGAGED:
                raise Refused("alert.outcome-stands", "an outcome of this engagement is recorded: correct that first")
            if _must_write(row.engagement, answer, correct=correct):
                self._audit(session, row, answer, name, row.engagement)
                row.engagement, row.engaged_by = answer.value, name
                row.engaged_at = utc_from_ns(self._clock.time_ns())
            return decision_of(row)

    def review(self, alert: UUID, answer: Review, actor: str, *, correct: bool = False) -> Decision:
        """What was established afterwards. Raises Refused also as `lfr_core.alerts.check_review`."""
        name = self._ready(actor)
        with self._alert(alert, name) as (session, row):
            check_review(decision_of(row))
            if _must_write(row.review, answer, correct=correct):
                self._audit(session, row, answer, name, row.review)
                row.review, row.reviewed_by = answer.value, name
                row.reviewed_at = utc_from_ns(self._clock.time_ns())
            return decision_of(row)

    def outcome(
        self, alert: UUID, answer: Outcome, actor: str, *, minutes: float | None = None, correct: bool = False
    ) -> Decision:
        """What came of the engagement, and how many minutes the person was detained, where somebody measured.

        Raises:
            Refused: also as `lfr_core.alerts.check_outcome`, and `alert.bad-minutes` (0 to 1,440).
        """
        if minutes is not None and not 0.0 <= minutes <= _DAY_MIN:
            raise Refused("alert.bad-minutes", f"{minutes:g} minutes: give 0 to {_DAY_MIN}")
        name = self._ready(actor)
        with self._alert(alert, name) as (session, row):
            check_outcome(decision_of(row))
            if _must_write(row.outcome, answer, correct=correct) or minutes not in {None, row.minutes}:
                self._audit(session, row, answer, name, row.outcome)
                row.outcome, row.resulted_by = answer.value, name
                row.minutes = row.minutes if minutes is None else minutes
                row.resulted_at = utc_from_ns(self._clock.time_ns())
            return decision_of(row)

    def _ready(self, actor: str) -> str:
        """The tidied name, with what its entry on the audit trail needs: without the vault nothing is decided."""
        name = _name(actor)
        self._trail.prepare(name)
        return name

    def _audit(
        self,
        session: Session,
        row: AlertRow,
        answer: Judgement | Engagement | Review | Outcome,
        name: str,
        standing: str | None,
    ) -> None:
        facts = {"answer": answer.value} if standing is None else {"answer": answer.value, "replaces": standing}
        question = f"alert.{type(answer).__name__.lower()}"
        self._trail.append(session, AuditEvent(Verb.DECIDE, name, row.deployment, f"alert:{row.id}", question, facts))

    @contextmanager
    def _alert(self, alert: UUID, name: str) -> Iterator[tuple[Session, AlertRow]]:
        """The alert's row, locked until the answer is written; of a planned deployment only for its operators."""
        with writing(self._engine) as session:
            wanted = select(AlertRow).where(AlertRow.id == alert).where(col(AlertRow.canary).is_(False))
            row = session.exec(wanted.with_for_update()).one_or_none()
            if row is None:
                raise Refused("alert.unknown", f"there is no alert {alert}; `lfr alerts list` shows those there are")
            if session.get_one(DeploymentRow, row.deployment).planned:
                acting(session, name, {Role.OPERATOR})
            yield session, row


def decision_of(row: AlertRow) -> Decision:
    """The answers in a row."""
    return Decision(
        judgement=None if row.judgement is None else Judgement(row.judgement),
        engagement=None if row.engagement is None else Engagement(row.engagement),
        review=None if row.review is None else Review(row.review),
        outcome=None if row.outcome is None else Outcome(row.outcome),
    )


def _name(actor: str) -> str:
    name = " ".join(actor.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or ":" in name:  # system:NAME is no person
        raise Refused(
            "alert.actor-missing", f"say who answers: a name of at most {_LONGEST_NAME} characters, without a colon"
        )
    return name


def _must_write(standing: str | None, answer: Judgement | Engagement | Review | Outcome, *, correct: bool) -> bool:
    if standing == answer.value:
        return False
    if standing is not None and not correct:
        raise Refused(
            "alert.already-answered",
            f"the answer {standing.replace('_', ' ')} stands; to replace it with {answer.value.replace('_', ' ')}, "
            "say that this is a correction",
        )
    return True
