from dataclasses import replace
from datetime import date

import pytest

from lfr_core.domain.watchlists import Category, EntryRow, Refusal, RefusalReason
from lfr_core.watchlists.eligibility import count_approvers, select_eligible

TODAY, LAST_DAY = date(2026, 11, 23), date(2026, 11, 25)
ROW = EntryRow(2, "S-1", Category.VICTIM, "W 1", "Insp. Hill", LAST_DAY, "a.jpg", "custody", TODAY, 40, "", "", TODAY)


def reasons(*rows: EntryRow) -> list[RefusalReason]:
    refusals: list[Refusal] = []
    taken = select_eligible(rows, today=TODAY, last_day=LAST_DAY, refusals=refusals)
    assert len(taken) + len(refusals) == len(rows)
    return [refusal.reason for refusal in refusals]


@pytest.mark.parametrize("age", range(18))
@pytest.mark.parametrize("rationale", ["", "at risk"])
@pytest.mark.parametrize("second", ["", "insp.  HILL ", "Supt. Ward"])
def test_nobody_under_18_is_listed_without_a_rationale_and_a_second_person(
    age: int, rationale: str, second: str
) -> None:
    row = replace(ROW, age=age, minor_rationale=rationale, second_approver=second)

    expected = [] if rationale and second == "Supt. Ward" else [RefusalReason.MINOR_UNJUSTIFIED]
    assert reasons(row) == expected


def test_somebody_of_18_and_one_of_unknown_age_in_an_old_file_need_neither() -> None:
    assert reasons(replace(ROW, age=18), replace(ROW, subject="S-2", age=None)) == []


def test_an_entry_must_last_to_the_deployments_last_day() -> None:
    assert reasons(ROW) == []
    assert reasons(replace(ROW, expires_on=date(2026, 11, 24))) == [RefusalReason.EXPIRED]


def test_a_photograph_or_a_check_of_tomorrow_is_refused() -> None:
    tomorrow = date(2026, 11, 24)

    assert reasons(replace(ROW, image_date=tomorrow)) == [RefusalReason.BAD_DATE]
    assert reasons(replace(ROW, checked_on=tomorrow)) == [RefusalReason.BAD_DATE]


def test_rows_that_disagree_about_the_age_are_refused() -> None:
    assert reasons(ROW, replace(ROW, line=3, age=41)) == [RefusalReason.CONFLICTING_ENTRY] * 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Insp. Hill", " insp.  hill"),
        ("A. Okafor", "A Okafor"),
        ("Ann Lee", "\uff21\uff4e\uff4e \uff2c\uff45\uff45"),  # full-width letters
        ("Ann-Marie", "Ann Marie"),
    ],
)
def test_one_person_whose_name_is_written_in_two_ways_never_approves_twice(first: str, second: str) -> None:
    minor = replace(ROW, age=17, minor_rationale="missing since Monday", approved_by=first, second_approver=second)

    assert count_approvers(first, second, "", " . ") == 1
    assert reasons(minor) == [RefusalReason.MINOR_UNJUSTIFIED]
