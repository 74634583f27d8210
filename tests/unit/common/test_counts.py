"""A count stands with its noun, and what follows it, as people say it."""

from __future__ import annotations

import pytest

from lfr_core.common.counts import agree, counted, each_of


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "deployment", "1 deployment"),
        (0, "deployment", "0 deployments"),
        (1, "person", "1 person"),
        (2, "person", "2 people"),
        (12_345, "false alert", "12,345 false alerts"),
        (3, "entry", "3 entries"),
        (2, "day", "2 days"),
        (0.5, "hour", "0.5 hours"),
        (24.0, "hour", "24 hours"),
        (1.0, "minute", "1 minute"),
    ],
)
def test_a_noun_is_in_the_number_of_its_count(count: float, noun: str, said: str) -> None:
    assert counted(count, noun) == said


def test_a_verb_goes_with_the_count() -> None:
    assert [agree(each, "is") for each in (0, 1, 2)] == ["are", "is", "are"]
    assert agree(1, "lacks", "lack") == "lacks"
    assert [each_of(each, "list") for each in (1, 2)] == ["the one list", "each of the 2 lists"]
