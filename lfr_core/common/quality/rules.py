"""A rule as the expectation that checks it. Data only: `suites` makes Great Expectations' objects of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Bound", "Kind", "Rule"]

Bound = float | datetime | None
"""A limit of BETWEEN; a datetime is naive and a midnight.

String bounds on dates are broken (docs/facts.md#great-expectations)."""


class Kind(StrEnum):
    """Which expectation of Great Expectations checks the rule."""

    EQUAL = "expect_column_pair_values_to_be_equal"
    AT_LEAST = "expect_column_pair_values_a_to_be_greater_than_b"
    BETWEEN = "expect_column_values_to_be_between"
    NOT_EMPTY = "expect_column_values_to_not_be_null"
    IN_SET = "expect_column_values_to_be_in_set"
    UNIQUE_TOGETHER = "expect_compound_columns_to_be_unique"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a suite.

    name: stable words. columns: of the frame; for EQUAL and AT_LEAST the second holds what the first is compared with.
    shows: the column quoted in a finding. where: a condition on the frame's columns in pandas' query language; lines
    that don't meet it aren't looked at. low, high: for BETWEEN, inclusive unless `strict`. allowed: for IN_SET.
    expected: what a finding says should stand there. needs: the file's column without which it can't be checked.
    refuses: False for what a person should look at, which refuses nothing by itself.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    message: str
    shows: str = ""
    where: str = ""
    low: Bound = None
    high: Bound = None
    strict: bool = False
    allowed: tuple[str | int, ...] = ()
    expected: str = ""
    needs: str = ""
    refuses: bool = True
