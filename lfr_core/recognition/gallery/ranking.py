"""From scored references to one candidate an entry, in an order that does not depend on rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lfr_core.recognition.gallery.port import Candidate

__all__ = ["TIE", "Hit", "Ranking", "rank", "rank_again"]

TIE = 1e-6
"""Similarities no further apart than this are a tie.

A float32 inner product of 512 terms is rounded differently by different kernels (about 1e-7), so two equal
templates may score apart in the last bit. Thresholds are given to two or three decimals.
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """One reference's score for a probe."""

    reference: str
    entry: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, and whether references that were not looked at could still change them."""

    candidates: list[Candidate]
    settled: bool
    """True when every reference left out of the hits scores below the last candidate, ties included."""


def rank(hits: Sequence[Hit], limit: int) -> Ranking:
    """Return the `limit` best entries of `hits`, best first, each with its best reference.

    Ties (a run of similarities each within `TIE` of the one before) are reported with the run's highest
    similarity and ordered by entry, then reference; so the same gallery gives the same answer wherever it
    is searched.

    Args:
        hits: the best-scoring references of a gallery, in any order; every reference left out scores no
            higher than the lowest of them.
        limit: how many entries are wanted, at least 1.
    """
    levelled: list[tuple[float, str, str]] = []
    level = previous = 0.0
    for hit in sorted(hits, key=lambda h: -h.similarity):
        if not levelled or previous - hit.similarity > TIE:
            level = hit.similarity
        previous = hit.similarity
        levelled.append((level, hit.entry, hit.reference))
    lowest = levelled[-1][0] if levelled else 0.0

    best: dict[str, Candidate] = {}
    for similarity, entry, reference in sorted(levelled, key=lambda h: (-h[0], h[1], h[2])):
        if entry not in best:
            best[entry] = Candidate(entry=entry, reference=reference, similarity=similarity)
    candidates = list(best.values())[:limit]
    return Ranking(candidates, settled=len(candidates) >= limit and lowest < candidates[-1].similarity)


def rank_again(proved: Sequence[Candidate]) -> list[Candidate]:
    """Sort candidates by similarities that were computed again, ties as in `rank`."""
    hits = [Hit(each.reference, each.entry, each.similarity) for each in proved]
    digests = {each.reference: each.sha256 for each in proved}
    ordered = rank(hits, max(len(hits), 1)).candidates
    return [replace(each, sha256=digests[each.reference]) for each in ordered]
