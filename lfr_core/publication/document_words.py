"""Words that all documents of a deployment print alike."""

from __future__ import annotations

from datetime import datetime

from lfr_core.domain.working_days import LONDON

__all__ = ["when"]


def when(at: datetime | None) -> str:
    """Write a moment, aware, as people do, on London's clock; None is "never".

    In the autumn hour that comes twice it says which of the two: it is evidence of when something was done.
    """
    if at is None:
        return "never"
    local = at.astimezone(LONDON)
    comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local.day} {local:%B %Y, %H:%M}" + (f" {local:%Z}" if comes_twice else "")
