"""The engaging officer's card: what it says of age, response and time."""

from __future__ import annotations

import pytest

from apps.officer.panels import ago_words
from apps.response_words import SHORT, age_words, response_to, response_words
from lfr_core.domain.watchlists import Response


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
