"""The staff's app on a machine that is slow: each look at the records takes a second. Started as `apps.staff` is."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from apps.operator.view import OperatorView
from apps.planner.view import PlannerView
from apps.staff.__main__ import main
from lfr_core.custody.identity.page_sessions import PageSessions

__all__ = ["SLOW_S"]

SLOW_S = 1.0
P = ParamSpec("P")
T = TypeVar("T")


def _slowed(call: Callable[P, T]) -> Callable[P, T]:
    @wraps(call)
    def after_a_while(*args: P.args, **kwargs: P.kwargs) -> T:
        time.sleep(SLOW_S)
        return call(*args, **kwargs)

    return after_a_while


if __name__ == "__main__":
    slow: tuple[tuple[type, str], ...] = (
        (OperatorView, "attend"),
        (PageSessions, "find"),
        (PlannerView, "forecast"),
        (PlannerView, "read_overview"),
    )
    for kind, name in slow:
        setattr(kind, name, _slowed(getattr(kind, name)))
    raise SystemExit(main())
