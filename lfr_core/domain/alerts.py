"""An alert's questions, and the one function that turns the answers into the published record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lfr_core.common.errors import Refused

__all__ = [
    "UNDO_S",
    "Cell",
    "Decision",
    "Engagement",
    "EngagementOutcome",
    "Judgement",
    "Review",
    "Shown",
    "check_engagement",
    "check_outcome",
    "check_review",
    "check_shown",
    "published_cell",
]

UNDO_S = 10
"""How long the last answer can be undone by whoever gave it, seconds; later it is corrected."""


class Judgement(StrEnum):
    """The operator's answer: is the probe the same person as the reference?"""

    SAME = "same"
    DIFFERENT = "different"
    CANT_TELL = "cant_tell"


class Engagement(StrEnum):
    """What the officers on the ground did."""

    ENGAGED = "engaged"
    EVADED = "evaded"
    NOT_ENGAGED = "not_engaged"


class Review(StrEnum):
    """What was established about the person's identity afterwards."""

    CONFIRMED_TRUE = "confirmed_true"
    CONFIRMED_FALSE = "confirmed_false"
    NONE = "none"


class EngagementOutcome(StrEnum):
    """What came of an engagement, one for each person engaged (docs/domain.md 2.1, columns 13 to 15)."""

    ARREST = "arrest"
    OTHER_DISPOSAL = "other_disposal"
    NO_ACTION = "no_action"


class Cell(StrEnum):
    """The four cells every force publishes (docs/domain.md 2.1, columns 8 to 11), and what nobody has decided."""

    TRUE_CONFIRMED = "true_confirmed"
    TRUE_UNCONFIRMED = "true_unconfirmed"
    FALSE_CONFIRMED = "false_confirmed"
    FALSE_UNCONFIRMED = "false_unconfirmed"
    NOT_DECIDED = "not_decided"
    """Neither true nor false: nobody has said which."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answers given so far; None where a question hasn't been answered."""

    judgement: Judgement | None = None
    engagement: Engagement | None = None
    review: Review | None = None
    outcome: EngagementOutcome | None = None
    """Of the engagement; it moves no alert to another cell."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person had before them when they answered; an answer to anything else isn't recorded."""

    pictures: str
    """`OpenedCrops.digest`; empty where no picture was shown."""
    answers: Decision | None = None
    """Those that stood; None where they weren't shown."""


def check_shown(shown: Shown, pictures: str, answers: Decision) -> None:
    """Check that an alert is still what the person saw: `pictures` and `answers` are those of now.

    Raises:
        Refused: `alert.pictures-changed` or `alert.answers-changed`.
    """
    if shown.pictures and shown.pictures != pictures:
        raise Refused(
            "alert.pictures-changed",
            "the picture on the screen isn't kept for this alert any more: nothing was recorded; "
            "look at the newest picture and answer again",
        )
    if shown.answers is not None and shown.answers != answers:
        raise Refused(
            "alert.answers-changed",
            "another answer to this alert came after those on the screen: nothing was recorded; look again",
        )


def published_cell(decision: Decision) -> Cell:
    """Return the cell an alert is published in, whatever has been answered.

    A review settles it. Without one, the operator's "same person" makes it a true alert and "different" a false
    one. Where the operator couldn't tell, or nobody looked, it is neither: silence is no judgement.
    """
    match decision.review:
        case Review.CONFIRMED_TRUE:
            return Cell.TRUE_CONFIRMED
        case Review.CONFIRMED_FALSE:
            return Cell.FALSE_CONFIRMED
    match decision.judgement:
        case Judgement.SAME:
            return Cell.TRUE_UNCONFIRMED
        case Judgement.DIFFERENT:
            return Cell.FALSE_UNCONFIRMED
    return Cell.NOT_DECIDED


def check_engagement(decision: Decision) -> None:
    """Refuse an engagement before a person's judgement (docs/domain.md H2), or after one that says "different".

    Raises:
        Refused: `alert.engagement-before-judgement` or `alert.engagement-after-different`.
    """
    if decision.judgement is None:
        raise Refused(
            "alert.engagement-before-judgement",
            "nobody has compared the pair yet: record the operator's judgement first",
        )
    if decision.judgement is Judgement.DIFFERENT:
        raise Refused(
            "alert.engagement-after-different",
            "the operator judged these to be different people: there is nothing to engage on",
        )


def check_review(decision: Decision) -> None:
    """Refuse a review before a judgement. Raises Refused `alert.review-before-judgement`."""
    if decision.judgement is None:
        raise Refused(
            "alert.review-before-judgement",
            "nobody has compared the pair yet: record the operator's judgement first",
        )


def check_outcome(decision: Decision) -> None:
    """Refuse an outcome that isn't that of an engagement. Raises Refused `alert.outcome-without-engagement`."""
    if decision.engagement is not Engagement.ENGAGED:
        raise Refused(
            "alert.outcome-without-engagement", "nobody was engaged on this alert: record the engagement first"
        )
