"""A person's answers to an alert's questions, with who gave them and when.

The rules are those of `lfr_core.domain.alerts`; here they meet the record, one transaction an answer, with its entry on
the audit trail. The software never answers: every answer carries the name of a person, and what they were shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.alerts.answers import AnyAnswer, decision_of, find_question, standing, take_back, write_answer
from lfr_core.alerts.pictures import note_pictures, pictures_digest, read_references, show_shot
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, SealingTrail, Verb
from lfr_core.custody.audit.row_states import is_as_noted, note_state
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.officer_alerts import check_judged_same
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.custody.people.sign_on import DUTIES, signed_on
from lfr_core.domain.alerts import (
    Decision,
    Engagement,
    EngagementOutcome,
    Judgement,
    Review,
    Shown,
    check_engagement,
    check_outcome,
    check_review,
    check_shown,
)
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow

__all__ = ["DecisionService"]

_DAY_MIN = 1_440
_OPERATOR = frozenset({Role.OPERATOR})


class DecisionService:
    """Records answers. Every method raises Retryable when the database or the vault is away, and Refused:

    `alert.unknown`, `actor.not-authenticated`, `alert.already-answered` (another answer stands, or another person's;
    `correct=True` replaces it and its who and when), `alert.pictures-changed` and `alert.answers-changed` (the alert
    isn't what `shown` says the person saw), `people.*` (operators judge and review; engaging officers too say what was
    done), `operator.not-signed-on`, `officer.*`, and the rules of `lfr_core.domain.alerts`.
    The same answer again by the same person changes nothing.
    """

    def __init__(self, engine: Engine, trail: SealingTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def judge(
        self, alert: UUID, answer: Judgement, actor: AuthenticatedPerson, *, shown: Shown, correct: bool = False
    ) -> Decision:
        """Record the operator's answer: is it the same person?

        Raises:
            Refused: also `alert.pictures-not-shown` (nobody compares what isn't on the screen), and
                `alert.engagement-after-different`, when a correction to "different" would leave an engagement
                behind; what turned out afterwards is the review's to say.
        """
        name = self._prepare(actor)
        with self._alert(alert, actor) as (session, row):
            if _is_news(row, answer, name, correct=correct):
                if not shown.pictures:
                    raise Refused(
                        "alert.pictures-not-shown",
                        "the pictures weren't on the screen, so nobody has compared them: nothing was recorded",
                    )
                if row.engagement is not None and answer is Judgement.DIFFERENT:
                    raise Refused(
                        "alert.engagement-after-different",
                        "an engagement on this judgement is recorded: record what was established as the review",
                    )
                self._write(session, row, answer, name, shown)
            return decision_of(row)

    def engage(
        self,
        alert: UUID,
        answer: Engagement,
        actor: AuthenticatedPerson,
        *,
        shown: Shown | None = None,
        correct: bool = False,
    ) -> Decision:
        """Record what the officers did. `shown` is None where it was no page that asked.

        Raises:
            Refused: also as `lfr_core.domain.alerts.check_engagement`, and `alert.outcome-stands`: a correction would
                leave an outcome without its engagement.
        """
        name = self._prepare(actor, DUTIES)
        with self._alert(alert, actor, DUTIES) as (session, row):
            check_engagement(decision_of(row))
            if row.outcome is not None and answer is not Engagement.ENGAGED:
                raise Refused("alert.outcome-stands", "an outcome of this engagement is recorded: correct that first")
            if _is_news(row, answer, name, correct=correct):
                self._write(session, row, answer, name, shown)
            return decision_of(row)

    def review(
        self,
        alert: UUID,
        answer: Review,
        actor: AuthenticatedPerson,
        *,
        shown: Shown | None = None,
        correct: bool = False,
    ) -> Decision:
        """Record what was established afterwards. Raises Refused also as `lfr_core.domain.alerts.check_review`."""
        name = self._prepare(actor)
        with self._alert(alert, actor) as (session, row):
            check_review(decision_of(row))
            if _is_news(row, answer, name, correct=correct):
                self._write(session, row, answer, name, shown)
            return decision_of(row)

    def record_outcome(
        self,
        alert: UUID,
        answer: EngagementOutcome,
        actor: AuthenticatedPerson,
        *,
        shown: Shown | None = None,
        minutes: float | None = None,
        correct: bool = False,
    ) -> Decision:
        """Record what came of the engagement, and how many minutes the person was detained, where somebody measured.

        Raises:
            Refused: also as `lfr_core.domain.alerts.check_outcome`, and `alert.bad-minutes` (0 to 1,440).
        """
        if minutes is not None and not 0.0 <= minutes <= _DAY_MIN:
            raise Refused("alert.bad-minutes", f"{minutes:g} minutes: give 0 to {_DAY_MIN}")
        name = self._prepare(actor, DUTIES)
        with self._alert(alert, actor, DUTIES) as (session, row):
            check_outcome(decision_of(row))
            measured = row.outcome == answer.value and minutes not in {None, row.minutes}
            if measured or _is_news(row, answer, name, correct=correct):
                self._write(session, row, answer, name, shown, row.minutes if minutes is None else minutes)
            return decision_of(row)

    def undo(self, alert: UUID, answer: AnyAnswer, actor: AuthenticatedPerson) -> Decision:
        """Take back the alert's last answer, `answer`, within `UNDO_S` by this service's clock: the one before stands.

        Raises:
            Refused: also `alert.nothing-to-undo`, `alert.undo-not-yours`, `alert.undo-too-late`.
        """
        name = self._prepare(actor)
        with self._alert(alert, actor) as (session, row):
            take_back(session, row, answer, name, utc_from_ns(self._clock.time_ns()))
            facts = {"question": find_question(answer), "answer": answer.value}
            self._audit(session, row, name, "alert.undo", facts)
            return decision_of(row)

    def _prepare(self, actor: AuthenticatedPerson, roles: frozenset[Role] = _OPERATOR) -> str:
        """Return the registered name, with what its entry on the audit trail needs.

        Without the vault nothing is decided.
        """
        with reading(self._engine) as session:
            name = acting(session, actor, roles).name
        self._trail.prepare(name)
        return name

    def _write(
        self,
        session: Session,
        row: AlertRow,
        answer: AnyAnswer,
        name: str,
        shown: Shown | None,
        minutes: float | None = None,
    ) -> None:
        """Let the answer stand, if the alert is what the person saw; a judgement is of the picture they compared."""
        references = read_references(session, row)
        if shown is not None and shown.pictures and isinstance(answer, Judgement):
            self._show(session, row, references, shown.pictures)
        pictures = pictures_digest(row.id, row.probe_sealed, references)
        facts = {"answer": answer.value}
        if shown is not None:
            check_shown(shown, pictures, decision_of(row))
            facts |= {"pictures": shown.pictures} if shown.pictures else {}
        replaced, _ = standing(row, answer)
        if replaced is not None:
            facts["replaces"] = replaced
        write_answer(session, row, answer, name, utc_from_ns(self._clock.time_ns()), minutes)
        self._audit(session, row, name, f"alert.{find_question(answer)}", facts)

    def _show(self, session: Session, row: AlertRow, references: Sequence[AlertReferenceRow], pictures: str) -> None:
        """Make the picture that the person compared the alert's, and have the alert say so."""
        key = self._trail.records_key()
        is_known = is_as_noted(row, key)
        if show_shot(session, row, references, pictures):
            note_pictures(session, row)
            if is_known:
                note_state(row, key)

    def _audit(self, session: Session, row: AlertRow, name: str, rule: str, facts: dict[str, str]) -> None:
        self._trail.append(session, AuditEvent(Verb.DECIDE, name, row.deployment, f"alert:{row.id}", rule, facts))

    @contextmanager
    def _alert(
        self, alert: UUID, actor: AuthenticatedPerson, roles: frozenset[Role] = _OPERATOR
    ) -> Iterator[tuple[Session, AlertRow]]:
        """Yield the alert's row, locked until the answer is written, for somebody who may answer still.

        An engaging officer has signed on to its deployment, and an operator has judged it.
        """
        with writing(self._engine) as session:
            wanted = select(AlertRow).where(AlertRow.id == alert).where(col(AlertRow.canary).is_(False))
            row = session.exec(wanted.with_for_update()).one_or_none()
            if row is None:
                raise Refused("alert.unknown", f"there is no alert {alert}; `lfr alerts list` shows those there are")
            if Role.OPERATOR not in acting(session, actor, roles).roles:
                signed_on(session, row.deployment, actor, utc_from_ns(self._clock.time_ns()), roles)
                check_judged_same(row)
            yield session, row


def _is_news(row: AlertRow, answer: AnyAnswer, name: str, *, correct: bool) -> bool:
    """Return whether there is anything to write. Raises Refused when another answer, or another's, stands."""
    stands, by = standing(row, answer)
    if stands is None:
        return True
    if stands == answer.value and (by == name or correct):
        return False
    if not correct:
        raise Refused(
            "alert.already-answered",
            f"{by} has answered {stands.replace('_', ' ')} already, and that stands: correct that answer if it is "
            f"{answer.value.replace('_', ' ')}",
        )
    return True
