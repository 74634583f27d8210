"""The exact reference: every template compared in numpy, in memory. Tests compare Milvus with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lfr_core.common.errors import Fatal, Refused
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import DIMENSION, check_name, check_probes, check_references, stored_row
from lfr_core.recognition.gallery.port import Candidate, Reference, StoredRow
from lfr_core.recognition.gallery.ranking import Hit, rank

__all__ = ["ExactGallery"]


@dataclass(slots=True)
class _Collection:
    contract_id: str
    references: dict[str, tuple[str, Floats]] = field(default_factory=dict)
    """Reference id to entry and template (512,)."""


class ExactGallery:
    """A `Gallery` in this process's memory; nothing outlives it."""

    def __init__(self) -> None:
        self._collections: dict[str, _Collection] = {}

    def create(self, name: str, contract_id: str) -> None:
        check_name(name)
        if name in self._collections:
            raise Refused("gallery.exists", f"there is a gallery {name} already; a gallery is never reused")
        self._collections[name] = _Collection(contract_id)

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        collection = self._bound(name, contract_id)
        templates = check_references(references)
        for reference, template in zip(references, templates, strict=True):
            collection.references.setdefault(reference.id, (reference.entry, template.copy()))
        handed = {r.id: stored_row(r.id, r.entry, t) for r, t in zip(references, templates, strict=True)}
        return tuple(handed.values())

    def rows(self, name: str, contract_id: str, ids: Sequence[str] | None = None) -> tuple[StoredRow, ...]:
        held = self._bound(name, contract_id).references
        wanted = held if ids is None else [one for one in dict.fromkeys(ids) if one in held]
        return tuple(stored_row(one, *held[one]) for one in wanted)

    def vectors(self, name: str, contract_id: str) -> tuple[tuple[StoredRow, ...], Floats]:
        """Read all rows, and their vectors as stored, shape (n, 512), in the same order."""
        held = self._bound(name, contract_id).references
        vectors = np.array([vector for _, vector in held.values()], np.float32).reshape(-1, DIMENSION)
        return self.rows(name, contract_id), vectors

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        del at_least  # all are given
        if limit < 1:
            raise ValueError("limit is at least 1")
        collection = self._bound(name, contract_id)
        rows = check_probes(probes)
        if not collection.references:
            return [[] for _ in rows]
        ids = list(collection.references)
        entries = [collection.references[i][0] for i in ids]
        scores = rows @ np.stack([collection.references[i][1] for i in ids]).T
        ranked = [
            rank([Hit(*hit) for hit in zip(ids, entries, row.tolist(), strict=True)], limit).candidates
            for row in scores
        ]
        stored = {row.id: row for row in self.rows(name, contract_id, [c.reference for one in ranked for c in one])}
        return [[replace(c, sha256=stored[c.reference].sha256) for c in one] for one in ranked]

    def count(self, name: str) -> int:
        return len(self._known(name).references)

    def names(self) -> list[str]:
        return sorted(self._collections)

    def drop(self, name: str) -> None:
        self._collections.pop(check_name(name), None)

    def _known(self, name: str) -> _Collection:
        collection = self._collections.get(check_name(name))
        if collection is None:
            raise Refused("gallery.unknown", f"there is no gallery {name}; enrol the watchlist first")
        return collection

    def _bound(self, name: str, contract_id: str) -> _Collection:
        collection = self._known(name)
        if collection.contract_id != contract_id:
            raise Fatal(
                f"gallery {name} was built under embedding contract {collection.contract_id}, not {contract_id}: "
                "scores would mean nothing. Enrol the watchlist again with this model pack."
            )
        return collection
