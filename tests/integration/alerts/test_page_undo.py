"""An answer is undone on the page, and the page turns only by an act of the operator."""

from __future__ import annotations

import pytest

from lfr_core.domain.alerts import UNDO_S, Judgement
from tests.support.alert_harness import AlertHarness
from tests.support.operator_app import again, buttons, judged, page, pictured, press, settled, words


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def test_an_answer_is_undone_on_the_page_and_the_alert_comes_back(harness: AlertHarness) -> None:
    first = harness.alert()
    app = press(page(harness), "Same person")
    harness.clock.advance(1.0)
    harness.alert(600.0)
    settled(harness, app)

    press(app, "Undo", "wait")
    settled(harness, app)

    assert judged(harness, first) is None
    assert pictured(app) == [str(first)]
    assert "Undone: Same person, subject of entry-1." in words(app)


def test_an_undo_that_comes_too_late_is_refused_with_a_sentence(harness: AlertHarness) -> None:
    alert = harness.alert()
    app = press(page(harness), "Same person")
    harness.clock.advance(UNDO_S + 1)

    press(again(app), "Undo", "wait")

    assert judged(harness, alert) is Judgement.SAME
    assert "Not undone: the answer same was recorded more than 10 seconds ago" in words(app)


def test_with_nothing_decided_there_is_nothing_to_undo(harness: AlertHarness) -> None:
    harness.alert()

    (undo,) = [each for each in page(harness).button if each.label == "Undo"]

    assert undo.disabled


def test_the_operator_turns_to_the_newest_alert_by_an_act_of_their_own(harness: AlertHarness) -> None:
    first = harness.alert()
    app = page(harness)
    harness.clock.advance(1.0)
    newest = harness.alert(600.0)

    press(app, "First of the queue")
    between = buttons(app)
    settled(harness, app)

    assert between == []
    assert pictured(app) == [str(newest)]
    assert judged(harness, first) is None
