"""A published table, read: rows of typed cells beside what was printed, and what was wrong with reading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lfr_core.common.quality.findings import Finding
from lfr_core.publication.quality.cells import DateCell, DurationCell, RateCell
from lfr_core.publication.quality.columns import Column
from lfr_core.publication.quality.structure import STRUCTURAL
from lfr_core.publication.quality.suppressed_cells import SuppressedCell

__all__ = ["PublishedRow", "PublishedTable"]


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One deployment. A cell that is empty, missing or unreadable is None; `printed` has the text of every cell.

    threshold: as printed. Counts by column; 0 is printed, None isn't. suppressed: small numbers kept back, which are no
    counts.
    """

    number: int
    printed: Mapping[Column, str]
    location: str
    session: str
    date: DateCell | None
    duration: DurationCell | None
    threshold: float | None
    rate: RateCell | None
    counts: Mapping[Column, int]
    suppressed: Mapping[Column, SuppressedCell] = field(default_factory=dict)

    def count(self, column: Column) -> int | None:
        """Return the count in `column`, or None."""
        return self.counts.get(column)


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A whole table.

    headers: each column found and its header as printed. unknown: headers that mean nothing here.
    faults: what couldn't be read, as findings. notes: what was mended in reading, for the reader; no defects.
    """

    name: str
    generation: str
    encoding: str
    headers: Mapping[Column, str]
    unknown: tuple[str, ...]
    rows: tuple[PublishedRow, ...]
    faults: tuple[Finding, ...] = ()
    footnotes: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def structural_faults(self) -> tuple[Finding, ...]:
        """Those because of which nobody knows what a row is, so that nothing may be added up."""
        return tuple(fault for fault in self.faults if fault.rule in STRUCTURAL)

    def has(self, *columns: Column) -> bool:
        """Return whether all of `columns` are in the table."""
        return all(column in self.headers for column in columns)
