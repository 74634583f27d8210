"""One operator with two tabs, or back on an old one: no answer is lost, doubled or given for what was answered."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from apps.operator.view import OperatorView
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.policy import load_policy
from tests.support.alert_harness import AlertHarness
from tests.support.operator_app import ANN, again, buttons, drawn, judged, pictured, press, settled, words
from tests.support.people import authenticated


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def tabs(harness: AlertHarness) -> tuple[AppTest, AppTest]:
    """Two sessions of one operator, served by one process."""
    view = OperatorView(harness.engine, load_policy(), harness.vault, harness.trail, harness.clock)
    one, other = (
        AppTest.from_function(drawn, kwargs={"view": view, "operator": authenticated(ANN)}, default_timeout=20)
        for _ in range(2)
    )
    return again(one), again(other)


def test_both_tabs_of_one_operator_show_the_alert_and_the_first_answer_stands(harness: AlertHarness) -> None:
    alert = harness.alert()
    one, other = tabs(harness)
    assert pictured(one) == pictured(other) == [str(alert)]

    press(one, "Different")
    press(other, "Same person")

    assert judged(harness, alert) is Judgement.DIFFERENT
    assert "Not recorded: " in words(other)
    assert ANN in words(other)  # who answered
    settled(harness, other)
    assert buttons(other) == []


def test_a_tab_that_is_gone_back_to_says_that_the_alert_was_answered_and_goes_on_with_the_next(
    harness: AlertHarness,
) -> None:
    first = harness.alert()
    old, new = tabs(harness)
    press(new, "Can't tell")
    second = harness.alert(600.0)

    assert f"{ANN} has answered this alert meanwhile." in words(again(old))
    press(old, "First of the queue")
    assert pictured(settled(harness, old))[0] == str(second)
    assert (judged(harness, first), judged(harness, second)) == (Judgement.CANT_TELL, None)
