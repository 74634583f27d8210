"""Words that all documents of a deployment print alike."""

from __future__ import annotations

from datetime import datetime

from lfr_core.domain.working_days import LONDON

__all__ = ["when"]


def when(at: datetime | None) -> str:
    """Write a moment, aware, as England's clocks have it, with the zone; None is "never"."""
    return "never" if at is None else f"{at.astimezone(LONDON):%Y-%m-%d %H:%M %Z}"
