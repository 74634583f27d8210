"""A page of Data Docs begins with what it came to, in words."""

from __future__ import annotations

from datetime import date

import pytest

from lfr_core.common.quality.rules import Kind, Rule
from lfr_core.common.quality.suites import RuleResult
from lfr_core.common.quality.verdict import verdict_words


def result(name: str, *, success: bool) -> RuleResult:
    return RuleResult(Rule(name, Kind.NOT_EMPTY, ("a",), "It is empty."), success, 3, ())


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([("age", True)], "1 rule is kept."),
        ([("age", True), ("missing-value", True)], "all 2 rules are kept."),
        ([("age", True), ("missing-value", False)], "1 of 2 rules is kept. Not kept: missing value."),
        ([("bad-day", False), ("bad-day", False), ("age", False)], "0 of 3 rules are kept. Not kept: bad day, age."),
    ],
)
def test_it_is_said_when_it_was_checked_whether_all_is_kept_and_what_is_not(
    found: list[tuple[str, bool]], expected: str
) -> None:
    results = [result(name, success=success) for name, success in found]

    assert verdict_words(results, date(2026, 1, 2)) == f"Checked on 2 January 2026: {expected}"
