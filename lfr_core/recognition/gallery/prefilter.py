"""An exact copy of a list in memory, by which the gallery is spared the probes that can't reach the threshold.

Nearly every face is of nobody on the list, and a question to Milvus costs more than embedding the face. So a worker
keeps the gallery's own vectors, each equal by digest to the row as approved, and drops a probe whose inner product
with every one of them is below the threshold. What may be an alert is matched by the gallery all the same, which alone
says who it is. The copy says nobody's name, and can only leave a probe out.

It holds vectors as the store does: under the deployment's rotation. It is overwritten when it is let go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random
from typing import Final, Protocol

import numpy as np

from lfr_core.common.biometric import Biometric
from lfr_core.common.errors import Refused, Retryable
from lfr_core.domain.reserved import CANARY_ENTRY, LIVE_PROBE_ENTRY
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import check_probes, stored_row
from lfr_core.recognition.gallery.port import Candidate, Gallery, StoredRow
from lfr_core.recognition.gallery.wrapper import GalleryWrapper

__all__ = ["MARGIN", "SAMPLE", "PrefilteredGallery", "VectorStore"]

SAMPLE: Final = 3
"""[proposal] References that are searched with each live probe: a list of which a fifth is gone is found out by the
fifth probe with 96 %; the watch, which compares every row, finds it as well."""

MARGIN: Final = 1e-4
"""How far below the threshold a probe is still matched by the gallery. Two float32 inner products of 512 terms of unit
vectors differ by less than 2 * 512 * 2**-24 = 6.1e-5, however they are summed (Higham, Accuracy and Stability, 3.1)."""


class VectorStore(Gallery, Protocol):
    """A store whose vectors can be read."""

    def vectors(self, name: str, contract_id: str) -> tuple[tuple[StoredRow, ...], Floats]:
        """Read all rows, and their vectors as stored, shape (n, 512), in the same order."""
        ...


class PrefilteredGallery(GalleryWrapper[VectorStore]):
    """A `Gallery` over a store, which it asks only for what may reach the threshold, once it has a copy of the list.

    `hold` may run in another thread than the rest.

    Args:
        inner: the store; probes reach it as they come.
    """

    def __init__(self, inner: VectorStore) -> None:
        super().__init__(inner)
        self._held: dict[str, Biometric[Floats]] = {}
        self._people: dict[str, list[int]] = {}
        """Which of the vectors are of people: all but the drawn test face's."""
        self.nearest: Floats | None = None
        """Of the last search: each probe's highest inner product with the list, shape (n,); None without a copy."""

    def hold(self, name: str, contract_id: str, approved: Mapping[str, StoredRow]) -> None:
        """Read the vectors and keep them: exactly those of the list as approved, canaries left out.

        Args:
            name: the collection's.
            contract_id: the embedding contract's.
            approved: rows by id, the canaries that may be there among them.

        Raises:
            Refused: `gallery.changed`: the store holds something else; nothing is kept.
            Retryable: the store is away.
        """
        rows, vectors = self._inner.vectors(name, contract_id)
        listed = [index for index, row in enumerate(rows) if row.entry != CANARY_ENTRY]
        wanted = {row for row in approved.values() if row.entry != CANARY_ENTRY}
        if len(listed) != len(wanted) or {rows[index] for index in listed} != wanted:
            raise Refused("gallery.changed", f"gallery {name} no longer holds the list that was enrolled")
        self._people[name] = [at for at, index in enumerate(listed) if rows[index].entry != LIVE_PROBE_ENTRY]
        self._held[name] = Biometric(np.ascontiguousarray(vectors[listed]))
        vectors.fill(0.0)

    def holds(self, name: str) -> bool:
        """Return whether there is a copy of this collection."""
        return name in self._held

    def keep_only(self, names: Collection[str]) -> None:
        """Overwrite and forget every copy but these collections'."""
        for name in self._held.keys() - set(names):
            self._held.pop(name).reveal().fill(0.0)
            self._people.pop(name, None)

    def find_sample(
        self, name: str, contract_id: str, approved: Mapping[str, StoredRow], random: Random
    ) -> bool | None:
        """Search the store for people of the list, drawn at random, and say whether it finds each as approved.

        Which were drawn stays here: whoever watches a live probe doesn't learn whom to leave in.

        Returns:
            None where there is no copy to draw from.

        Raises:
            Retryable: the store is away.
            Refused: `gallery.unknown`: the collection is gone.
        """
        held, people = self._held.get(name), self._people.get(name)
        if held is None or people is None:
            return None
        drawn = held.reveal()[random.sample(people, min(SAMPLE, len(people)))]
        if not len(drawn):
            return True
        found = self._inner.search(name, contract_id, drawn, limit=2)
        own = [stored_row("", "", vector).sha256 for vector in drawn]
        return all(
            any(each.sha256 == sha and approved.get(each.reference) == each.row for each in candidates)
            for sha, candidates in zip(own, found, strict=True)
        )

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        """Search as the store does; a probe that can't reach `at_least` has no candidates.

        Raises:
            Retryable: also when the store doesn't find what its own vectors say: it isn't as it was when it was read.
        """
        held, self.nearest = self._held.get(name), None
        if held is None:
            return self._inner.search(name, contract_id, probes, limit, at_least=at_least)
        rows = check_probes(probes)
        best = (rows @ held.reveal().T).max(axis=1, initial=-1.0)
        near = np.flatnonzero(best >= at_least - MARGIN)
        found: list[list[Candidate]] = [[] for _ in rows]
        if len(near):
            asked = self._inner.search(name, contract_id, rows[near], limit, at_least=at_least)
            for row, candidates in zip(near, asked, strict=True):
                if best[row] >= at_least + MARGIN and not any(one.similarity >= at_least for one in candidates):
                    raise Retryable(f"gallery {name} doesn't find what it held: it is compared anew", retry_after_s=0.2)
                found[row] = candidates
        self.nearest = best
        return found

    def drop(self, name: str) -> None:
        super().drop(name)
        self.keep_only(self._held.keys() - {name})
