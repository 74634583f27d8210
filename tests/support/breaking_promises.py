"""How promises are broken in tests: each breaking is registered with the check that must notice it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.support.promise_harness import PromiseHarness

__all__ = ["BREAKINGS", "Breaking", "breaks"]

Breaking = Callable[[PromiseHarness], Iterator[None]]
"""What is before its `yield` makes a state in which the promise holds, what follows breaks it."""
BREAKINGS: list[tuple[str, Breaking]] = []


def breaks(check: str) -> Callable[[Breaking], Breaking]:
    """Register a breaking with the check of this name."""

    def register(breaking: Breaking) -> Breaking:
        BREAKINGS.append((check, breaking))
        return breaking

    return register
