"""Which members of a family `make test` runs, and which only `make test-long` does."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest

__all__ = ["leave_to_long"]


def leave_to_long(values: Iterable[Any], *, but: Collection[Any]) -> list[Any]:
    """Give the values of a parametrised test, all but those of `but` marked `slow`: at least one stays in `make test`.

    Raises:
        AssertionError: one of `but` is no value of the test, so that nothing would be left of it.
    """
    given = list(values)
    assert but, "a family keeps a quick member"
    assert all(each in given for each in but), f"{but} are no values of this test"
    return [each if each in but else pytest.param(each, marks=pytest.mark.slow) for each in given]
