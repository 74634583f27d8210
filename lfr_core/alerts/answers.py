"""One answer to one of an alert's questions: written beside those before it, and taken back."""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from lfr_core.common.errors import Refused
from lfr_core.domain.alerts import UNDO_S, Decision, Engagement, EngagementOutcome, Judgement, Review
from lfr_core.storage.tables.alerts import AlertAnswerRow, AlertRow

__all__ = ["AnyAnswer", "decision_of", "find_question", "standing", "take_back", "write_answer"]

AnyAnswer = Judgement | Engagement | Review | EngagementOutcome
_COLUMNS = {
    "judgement": ("judged_by", "judged_at"),
    "engagement": ("engaged_by", "engaged_at"),
    "review": ("reviewed_by", "reviewed_at"),
    "outcome": ("resulted_by", "resulted_at"),
}
"""By question: where its name and its time stand in the alert."""
_QUESTIONS: dict[type[AnyAnswer], str] = {
    Judgement: "judgement",
    Engagement: "engagement",
    Review: "review",
    EngagementOutcome: "outcome",
}


def find_question(answer: AnyAnswer) -> str:
    """Return the question it answers, which is the alert's column too."""
    return _QUESTIONS[type(answer)]


def decision_of(row: AlertRow) -> Decision:
    """Return the answers in a row."""
    return Decision(
        judgement=None if row.judgement is None else Judgement(row.judgement),
        engagement=None if row.engagement is None else Engagement(row.engagement),
        review=None if row.review is None else Review(row.review),
        outcome=None if row.outcome is None else EngagementOutcome(row.outcome),
    )


def standing(row: AlertRow, answer: AnyAnswer) -> tuple[str | None, str | None]:
    """Return the answer that stands to the question of `answer`, and whose it is."""
    question = find_question(answer)
    return getattr(row, question), getattr(row, _COLUMNS[question][0])


def write_answer(
    session: Session, row: AlertRow, answer: AnyAnswer, by: str, at: dt.datetime, minutes: float | None = None
) -> None:
    """Let the answer stand, and keep it in the alert's history. `minutes` are an outcome's."""
    last = session.exec(_history(row).limit(1)).first()
    session.add(
        AlertAnswerRow(
            alert=row.id,
            number=1 if last is None else last.number + 1,
            question=find_question(answer),
            answer=answer.value,
            minutes=minutes,
            by=by,
            at=at,
        )
    )
    _stand(row, find_question(answer), answer.value, by, at, minutes)


def take_back(session: Session, row: AlertRow, answer: AnyAnswer, by: str, now: dt.datetime) -> None:
    """Let the answer before the last one stand again; the one taken back stays in the history, marked.

    Raises:
        Refused: `alert.nothing-to-undo` (it isn't the last answer that stands), `alert.undo-not-yours`,
            `alert.undo-too-late`.
    """
    last = session.exec(_history(row).where(col(AlertAnswerRow.undone_at).is_(None)).limit(1)).first()
    if last is None or (last.question, last.answer) != (find_question(answer), answer.value):
        raise Refused(
            "alert.nothing-to-undo",
            f"{_words(answer)} isn't the last answer to this alert any more: nothing is undone; look at it again",
        )
    if last.by != by:
        raise Refused("alert.undo-not-yours", f"{last.by} answered {_words(answer)}: only they can undo it; correct it")
    if not 0.0 <= (now - last.at).total_seconds() <= UNDO_S:
        raise Refused(
            "alert.undo-too-late",
            f"{_words(answer)} was recorded more than {UNDO_S} seconds ago and stands: correct the answer instead",
        )
    last.undone_at = now
    session.add(last)
    before = session.exec(
        _history(row)
        .where(AlertAnswerRow.question == last.question)
        .where(col(AlertAnswerRow.undone_at).is_(None))
        .where(AlertAnswerRow.number < last.number)
        .limit(1)
    ).first()
    if before is None:
        _stand(row, last.question, None, None, None, None)
    else:
        _stand(row, before.question, before.answer, before.by, before.at, before.minutes)


def _history(row: AlertRow) -> SelectOfScalar[AlertAnswerRow]:
    """Select the answers to an alert, the newest first."""
    return select(AlertAnswerRow).where(AlertAnswerRow.alert == row.id).order_by(col(AlertAnswerRow.number).desc())


def _stand(
    row: AlertRow, question: str, answer: str | None, by: str | None, at: dt.datetime | None, minutes: float | None
) -> None:
    by_column, at_column = _COLUMNS[question]
    setattr(row, question, answer)
    setattr(row, by_column, by)
    setattr(row, at_column, at)
    if question == "outcome":
        row.minutes = minutes


def _words(answer: AnyAnswer) -> str:
    return f"the answer {answer.value.replace('_', ' ')}"
