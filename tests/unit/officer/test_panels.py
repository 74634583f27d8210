"""The engaging officer's card: what it says of age, response and time."""

from __future__ import annotations

import pytest

from apps.officer.panels import STOP_NOBODY, ago_words, card
from apps.operator.pictures import CHANGED, DELETED_ON_SCHEDULE
from apps.response_words import SHORT, age_words, response_to, response_words
from lfr_core.alerts.read import OpenedCrops
from lfr_core.common.biometric import Biometric
from lfr_core.domain.watchlists import Response
from tests.support.records import NOW_NS
from tests.support.unanswered_alert import ALERT


@pytest.mark.parametrize("age", [0, 10, 17])
@pytest.mark.parametrize("response", Response)
def test_no_card_of_somebody_under_18_says_to_arrest(age: int, response: Response) -> None:
    assert "arrest" not in response_words(response, age).lower()
    assert "arrest" not in SHORT[response_to(response, age)].lower()
    assert f"{age} years old" in age_words(age)


@pytest.mark.parametrize("response", Response)
def test_of_an_adult_a_card_says_what_was_agreed_and_warns_of_nothing(response: Response) -> None:
    assert response_words(response, 18) == response_words(response, None)
    assert age_words(18) == ""
    assert "under 18" in age_words(None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1.0, "0 seconds ago"),
        (1.2, "1 second ago"),
        (59.0, "59 seconds ago"),
        (61.0, "1 min 1 s ago"),
        (3_700.0, "1 h 1 min ago"),
    ],
)
def test_time_is_said_as_time_that_has_passed(seconds: float, words: str) -> None:
    assert ago_words(seconds) == words


@pytest.mark.parametrize("response", Response)
@pytest.mark.parametrize("why", [CHANGED, DELETED_ON_SCHEDULE, "The pictures can't be opened just now: no vault"])
def test_where_the_pair_isnt_shown_no_response_is(why: str, response: Response) -> None:
    shown = card(ALERT, why, response, now_ns=NOW_NS, deployment="Norwich")

    assert STOP_NOBODY in shown
    assert response_words(response, ALERT.age) not in shown
    assert "An operator says" not in shown


@pytest.mark.parametrize("response", Response)
def test_where_the_pair_is_shown_the_response_is(response: Response) -> None:
    pictures = OpenedCrops(Biometric(b"probe"), (), "0" * 16, NOW_NS)
    shown = card(ALERT, pictures, response, now_ns=NOW_NS, deployment="Norwich")

    assert response_words(response, ALERT.age) in shown
    assert STOP_NOBODY not in shown


@pytest.mark.parametrize("pictures", [CHANGED, OpenedCrops(Biometric(b"probe"), (), "0" * 16, NOW_NS)])
def test_a_card_names_the_deployment_and_says_what_the_cameras_name_is(pictures: OpenedCrops | str) -> None:
    shown = card(ALERT, pictures, Response.ARREST, now_ns=NOW_NS, deployment="Norwich <b>")

    assert f"Norwich &lt;b&gt;, camera <strong>{ALERT.camera}</strong>" in shown
