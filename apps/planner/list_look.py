"""What came of a look at an uploaded list, as its planner sees it. No Streamlit."""

from __future__ import annotations

from dataclasses import dataclass

from lfr_core.common.quality.findings import Finding
from lfr_core.watchlists.quality.result import CategoryCount

__all__ = ["ListLook", "LookedAt"]


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A finding beside its photograph. Whom it is about isn't in it: its line in the planner's own file says so."""

    finding: Finding
    thumbnail: bytes | None
    """JPEG, 96 px wide; None where there is no picture to show."""


@dataclass(frozen=True, slots=True)
class ListLook:
    """What the suite says of an uploaded list."""

    rows: int
    photographs: int
    minors: int
    composition: tuple[CategoryCount, ...]
    refused: int
    flagged: int
    shown: tuple[LookedAt, ...]
    """Those that refuse first."""
    refused_by: tuple[tuple[str, int], ...]
    """Each reason and how often, the most frequent first."""
    workbook: bytes = b""
    """What was refused, each with its picture, for whoever mends the list (.xlsx); empty where nothing was."""
    compiled: bool = False

    @property
    def passes(self) -> bool:
        return not self.refused
