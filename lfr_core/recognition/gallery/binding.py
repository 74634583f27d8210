"""What a gallery must hold, and how what it holds differs from that. Pure: rows in, a digest or a difference out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lfr_core.recognition.gallery.port import StoredRow

__all__ = ["Difference", "compare_rows", "gallery_digest"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Ids of references, sorted."""

    missing: tuple[str, ...] = ()
    """Bound, and not in the store."""
    extra: tuple[str, ...] = ()
    """In the store, and not bound; an id that is there twice is extra once."""
    altered: tuple[str, ...] = ()
    """In the store with another vector, or for another entry, than was enrolled."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.altered)

    @property
    def words(self) -> str:
        """For people: how many of each, and nobody's name. "" where nothing differs."""
        differences = [
            f"{count} {'photograph' if count == 1 else 'photographs'} {words[count != 1]}"
            for count, words in (
                (len(self.missing), ("is missing", "are missing")),
                (len(self.extra), ("is there that isn't on the list", "are there that aren't on the list")),
                (len(self.altered), ("isn't the one that was enrolled", "aren't those that were enrolled")),
            )
            if count
        ]
        return ", ".join(differences)


def gallery_digest(rows: Iterable[StoredRow]) -> str:
    """Compute SHA-256, hexadecimal, of the rows in any order: each with its entry and its stored vector's digest."""
    lines = sorted(json.dumps([row.id, row.entry, row.sha256], ensure_ascii=False) for row in rows)
    return hashlib.sha256("\n".join([f"openlfr gallery 1 {len(lines)}", *lines]).encode()).hexdigest()


def compare_rows(
    bound: Iterable[StoredRow], held: Iterable[StoredRow], *, allowed: Iterable[StoredRow] = ()
) -> Difference:
    """Compare a store with what it must hold.

    Args:
        bound: what must be there.
        held: what is there; a store that keeps one id twice gives it twice.
        allowed: what may be there or not; if it is, then exactly so.
    """
    must = {row.id: row for row in bound}
    known = {row.id: row for row in allowed} | must
    found = list(held)
    times = Counter(row.id for row in found)
    return Difference(
        missing=tuple(sorted(must.keys() - times.keys())),
        extra=tuple(sorted(one for one, count in times.items() if one not in known or count > 1)),
        altered=tuple(sorted({row.id for row in found if row.id in known and row != known[row.id]})),
    )
