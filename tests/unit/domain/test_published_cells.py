"""The four published cells: every combination of the three answers, written out."""

from __future__ import annotations

import itertools

import pytest

from lfr_core.common.errors import Refused
from lfr_core.domain.alerts import (
    Cell,
    Decision,
    Engagement,
    Judgement,
    Review,
    check_engagement,
    check_review,
    published_cell,
)

J, R = Judgement, Review
TABLE = {
    (None, None): Cell.NOT_DECIDED,
    (None, R.NONE): Cell.NOT_DECIDED,
    (None, R.CONFIRMED_TRUE): Cell.TRUE_CONFIRMED,
    (None, R.CONFIRMED_FALSE): Cell.FALSE_CONFIRMED,
    (J.SAME, None): Cell.TRUE_UNCONFIRMED,
    (J.SAME, R.NONE): Cell.TRUE_UNCONFIRMED,
    (J.SAME, R.CONFIRMED_TRUE): Cell.TRUE_CONFIRMED,
    (J.SAME, R.CONFIRMED_FALSE): Cell.FALSE_CONFIRMED,
    (J.DIFFERENT, None): Cell.FALSE_UNCONFIRMED,
    (J.DIFFERENT, R.NONE): Cell.FALSE_UNCONFIRMED,
    (J.DIFFERENT, R.CONFIRMED_TRUE): Cell.TRUE_CONFIRMED,
    (J.DIFFERENT, R.CONFIRMED_FALSE): Cell.FALSE_CONFIRMED,
    (J.CANT_TELL, None): Cell.NOT_DECIDED,
    (J.CANT_TELL, R.NONE): Cell.NOT_DECIDED,
    (J.CANT_TELL, R.CONFIRMED_TRUE): Cell.TRUE_CONFIRMED,
    (J.CANT_TELL, R.CONFIRMED_FALSE): Cell.FALSE_CONFIRMED,
}


def test_the_table_names_every_combination() -> None:
    assert set(TABLE) == set(itertools.product((None, *Judgement), (None, *Review)))


@pytest.mark.parametrize("engagement", [None, *Engagement])
@pytest.mark.parametrize(("answers", "cell"), TABLE.items())
def test_the_cell_follows_judgement_and_review_whatever_happened_on_the_street(
    answers: tuple[Judgement | None, Review | None], cell: Cell, engagement: Engagement | None
) -> None:
    judgement, review = answers

    assert published_cell(Decision(judgement, engagement, review)) is cell


def test_nobody_is_engaged_before_a_person_has_judged() -> None:
    with pytest.raises(Refused) as caught:
        check_engagement(Decision())

    assert caught.value.rule == "alert.engagement-before-judgement"


def test_nobody_is_engaged_after_the_operator_said_different() -> None:
    with pytest.raises(Refused) as caught:
        check_engagement(Decision(Judgement.DIFFERENT))

    assert caught.value.rule == "alert.engagement-after-different"


@pytest.mark.parametrize("judgement", [Judgement.SAME, Judgement.CANT_TELL])
def test_an_engagement_may_follow_the_other_judgements(judgement: Judgement) -> None:
    check_engagement(Decision(judgement))


def test_a_review_follows_a_judgement() -> None:
    with pytest.raises(Refused) as caught:
        check_review(Decision())

    assert caught.value.rule == "alert.review-before-judgement"
    for judgement in Judgement:
        check_review(Decision(judgement))
