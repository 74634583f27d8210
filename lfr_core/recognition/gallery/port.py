"""A gallery: the templates of one deployment's watchlist, searched exactly.

One collection per deployment, bound at creation to an embedding contract; nothing else can be matched.
Scores are inner products of unit vectors (cosine similarity).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lfr_core.recognition.faces.types import Floats

__all__ = ["Candidate", "Gallery", "Reference", "StoredRow"]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One enrolled photograph's template."""

    id: str
    """Unique within the gallery."""
    entry: str
    """The watchlist entry it belongs to; an entry has several references."""
    template: Floats = field(repr=False)
    """Shape (512,), unit length. A plain array: of a photograph on a list, on its way into the gallery."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One reference as it lies in the store, its vector by digest only."""

    id: str
    entry: str
    sha256: str
    """Of the stored vector: 512 float32, little-endian; hexadecimal. A rotated gallery stores the rotated vector."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best reference of one entry for a probe."""

    entry: str
    reference: str
    similarity: float
    sha256: str = ""
    """As in `StoredRow`, of the vector that has this similarity; "" where the store has none that has it."""

    @property
    def row(self) -> StoredRow:
        """The row that answered."""
        return StoredRow(self.reference, self.entry, self.sha256)


class Gallery(Protocol):
    """Watchlist search. Every call raises Retryable when the service is away.

    `name` is the collection's; `contract_id` the embedding contract's. A call with a contract other than the
    collection's raises Fatal; a template with NaN, a wrong dimension or a norm off 1 by more than 2e-4
    raises Poison, and nothing is written.
    """

    def create(self, name: str, contract_id: str) -> None:
        """Make an empty collection. Refused `gallery.exists` if there is one of that name."""
        ...

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        """Add references; an id already there is replaced by the same, so a retry changes nothing.

        Returns what was handed to the store, one row an id, in order; `rows` says what it holds.
        """
        ...

    def rows(self, name: str, contract_id: str, ids: Sequence[str] | None = None) -> tuple[StoredRow, ...]:
        """Return what the store holds now, in no order: all of it, or what it has of `ids`. Seconds for 10,000 rows."""
        ...

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        """Search, for each row of `probes` (n, 512), the `limit` best entries, best first, one candidate an entry.

        Candidates of a similarity below `at_least` are of no use to the caller, and may be left out.

        What a store says of a similarity isn't believed: it is computed again from the vector that the store gives.
        """
        ...

    def count(self, name: str) -> int:
        """Count the references in the collection. Refused `gallery.unknown` if there is none of that name."""
        ...

    def names(self) -> list[str]:
        """Return the names of the collections there are."""
        ...

    def drop(self, name: str) -> None:
        """Destroy the collection and what it holds; no error if there is none."""
        ...
