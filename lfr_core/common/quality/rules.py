"""A rule as the expectation that checks it. Data only: `suites` makes Great Expectations' objects of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

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


class Rule(Protocol):
    """What is asked of a rule.

    name: stable words. columns: of the frame. low, high: for BETWEEN, inclusive unless `strict`. allowed: for IN_SET.
    where: a condition on the frame's columns in pandas' query language; lines that don't meet it aren't looked at.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def message(self) -> str: ...
    @property
    def low(self) -> Bound: ...
    @property
    def high(self) -> Bound: ...
    @property
    def strict(self) -> bool: ...
    @property
    def allowed(self) -> tuple[str | int, ...]: ...
    @property
    def where(self) -> str: ...
