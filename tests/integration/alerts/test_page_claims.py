"""Two operators never decide one alert by chance, nothing that waits is hidden, and the most urgent comes first."""

from __future__ import annotations

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from apps.operator.claims import CLAIM_S
from apps.operator.view import OperatorView
from lfr_core.domain.policy import load_policy
from tests.support.alert_harness import AlertHarness
from tests.support.operator_app import ANN, BOB, again, drawn, pictured, press, settled, words
from tests.support.people import authenticated, sign_on


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def pages(harness: AlertHarness) -> tuple[AppTest, AppTest]:
    """The pages of two operators of one deployment, served by one process."""
    sign_on(harness.engine, harness.trail, ANN, BOB, clock=harness.clock)
    view = OperatorView(harness.engine, load_policy(), harness.vault, harness.trail, harness.clock)
    ann, bob = (
        AppTest.from_function(drawn, kwargs={"view": view, "operator": authenticated(name)}, default_timeout=20)
        for name in (ANN, BOB)
    )
    return again(ann), again(bob)


def test_two_operators_are_shown_two_alerts_to_decide(harness: AlertHarness) -> None:
    harness.alert()
    harness.alert(600.0, camera="south")

    ann, bob = pages(harness)

    assert len({*pictured(ann), *pictured(bob)}) == 2
    assert f"{ANN} decides" in words(bob)


def test_who_finds_all_alerts_in_other_hands_is_told_in_whose(harness: AlertHarness) -> None:
    harness.alert()

    ann, bob = pages(harness)

    assert (len(pictured(ann)), pictured(bob)) == (1, [])
    assert f"Each alert that waits is being decided: {ANN}." in words(bob)


def test_an_alert_whose_page_was_closed_comes_to_the_others_within_seconds(harness: AlertHarness) -> None:
    alert = harness.alert()
    _, bob = pages(harness)

    harness.clock.advance(CLAIM_S + 0.1)

    assert pictured(again(bob)) == [str(alert)]


def test_an_alert_can_be_taken_up_from_the_queue_and_the_other_operator_is_told(harness: AlertHarness) -> None:
    harness.alert()
    harness.alert(600.0, camera="south")
    ann, bob = pages(harness)
    (other,) = pictured(bob)

    ann.session_state["alerts"]._take(UUID(other))
    ann = settled(harness, again(ann))

    assert pictured(ann) == [other]
    assert f"{ANN} is deciding on this alert too." in words(again(bob))


def test_undo_and_judgements_have_keys_of_their_own(harness: AlertHarness) -> None:
    harness.alert()
    ann, _ = pages(harness)

    keys = {each.label: each.proto.shortcut for each in ann.button}

    assert [keys[label] for label in ("Same person", "Different", "Can't tell", "Undo")] == ["1", "2", "3", "u"]
    press(ann, "Same person")
