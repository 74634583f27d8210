"""Age on the operator's page: nothing says to arrest a child, whatever was agreed for the category."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.domain.alerts import Judgement
from tests.support.alert_harness import AlertHarness
from tests.support.operator_app import ANN, again, page, press, settled, words
from tests.support.records import alerts_of, entry


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


@pytest.mark.parametrize(
    ("age", "response", "warning"),
    [
        (17, "Safeguard", "UNDER 18: 17 years old. Protect first"),
        (18, "Arrest", ""),
        (None, "Arrest", "if they may be under 18, treat them so"),
    ],
)
def test_a_card_and_its_line_of_the_queue_say_what_is_right_for_the_age(
    age: int | None, response: str, warning: str, engine: Engine, tmp_path: Path
) -> None:
    harness = AlertHarness(engine, tmp_path, (entry(age=age),))
    harness.sign_on(ANN)
    alert = harness.alert()

    shown = page(harness)

    assert [one.age for one in alerts_of(engine, "dep")] == [age]
    for drawn in (words(shown), words(settled(harness, press(again(shown), "Same person")))):
        assert f'<span class="ops-pill is-{response.lower()}">{response}</span>' in drawn
        assert ("Arrest" in drawn) is (response == "Arrest")
        assert ("treat them so" in drawn or "UNDER 18" in drawn) is bool(warning)
        assert warning in drawn
    harness.deployments.close("dep")
    after = words(again(shown))  # its list is gone, and the card still knows
    assert ("UNDER 18" in after, "Arrest" in after) == ("UNDER 18" in warning, response == "Arrest")
    found = [one.decision.judgement for one in alerts_of(engine, "dep") if one.id == alert]
    assert found == [Judgement.SAME]
