from __future__ import annotations

import pytest

from lfr_core.common.errors import Refused
from lfr_core.retention.footage.people import two_people


@pytest.mark.parametrize(
    "other", ["DC Ann Ask", "  dc   ann ask ", "D\uff23 Ann Ask", "DC Ann-Ask.", "DC\u00a0ANN ASK"], ids=ascii
)
def test_one_person_under_two_spellings_is_still_one_person(other: str) -> None:
    with pytest.raises(Refused) as refused:
        two_people("DC Ann Ask", other)

    assert refused.value.rule == "footage.hold-one-person"


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "x" * 101, "\u200b"], ids=ascii)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    for pair in ((name, "Insp Allow"), ("Insp Allow", name)):
        with pytest.raises(Refused) as refused:
            two_people(*pair)

        assert refused.value.rule == "footage.hold-name"


def test_two_people_are_kept_as_they_are_called() -> None:
    assert two_people(" DC  Ann Ask", "Insp. Bo Allow") == ("DC Ann Ask", "Insp. Bo Allow")
