"""Every probe against everybody's reference, in blocks: counts by threshold, and no score kept but the highest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lfr_core.domain.identification import Doubles, ThresholdGrid, probability_of_none
from lfr_core.recognition.accuracy.template_extraction import Templates
from lfr_core.recognition.faces.types import Floats

__all__ = ["MOST_ROTATIONS", "Scores", "compare_all"]

MOST_ROTATIONS = 10
"""Each photograph of a person is the reference in its turn, up to so many."""
_TAIL = 1_000
"""Highest impostor scores that are kept, for the fit of the tail."""
_BLOCK = 256
"""Probes compared at a time: 256 x 10,000 scores are 10 MB."""

Ints = npt.NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Scores:
    """What comparing gave. S subjects, T thresholds, L list sizes; the events of a search are spread over list sizes.

    events: (L, S, T) non-mated searches that found somebody, expected over lists of that size.
    hits: (L, S, T) mated searches that found their own first.
    searches, mated: (S,) searches made, over all rotations.
    probes, mated_probes: (S,) distinct probes, and those of them whose person has another photograph as reference.
    impostors, genuine: (T + 1,) comparisons by the number of thresholds reached.
    tail: (m,) the highest scores of different people, ascending; `comparisons`: how many distinct ones there were.
    """

    grid: ThresholdGrid
    list_sizes: tuple[int, ...]
    events: npt.NDArray[np.float32]
    hits: npt.NDArray[np.float32]
    searches: Ints
    mated: Ints
    probes: Ints
    mated_probes: Ints
    rotations: int
    impostors: Ints
    genuine: Ints
    tail: Doubles
    comparisons: int
    alike: frozenset[tuple[int, int]]
    """Pairs of subjects of whom some photographs reach the threshold that was asked about."""


@dataclass(slots=True, eq=False)
class _Plan:
    """Who is compared with whom: `references[r, s]` is the row that stands for subject `listed[s]` in rotation r."""

    listed: Ints
    references: Ints
    turns: Ints
    """(len(listed),): references of each subject that differ."""
    probes: Ints


def compare_all(
    templates: Templates,
    list_sizes: Sequence[int],
    *,
    alike_from: float,
    grid: ThresholdGrid | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Scores:
    """Search for every probe among everybody else, and for its own reference among them.

    Cross-validation over subjects: in each rotation everybody's reference is another photograph; who is searched for
    is taken off the list for the non-mated search. Sizes of list above the number of others are left out.

    Args:
        templates: of all photographs.
        list_sizes: people on the lists asked about.
        alike_from: the score from which two people's photographs are noted.
        grid: thresholds.
        progress: called with (done, total) blocks.
    """
    plan, grid = _plan(templates), grid or ThresholdGrid()
    others = max(1, len(plan.listed) - 1)
    sizes = tuple(sorted({size for size in list_sizes if 1 <= size <= others} | {others}))
    shape = (len(sizes), len(templates.subjects), grid.count)
    found = Scores(
        grid=grid,
        list_sizes=sizes,
        events=np.zeros(shape, np.float32),
        hits=np.zeros(shape, np.float32),
        searches=np.zeros(shape[1], np.int64),
        mated=np.zeros(shape[1], np.int64),
        probes=np.bincount(templates.subject[plan.probes], minlength=shape[1]).astype(np.int64),
        mated_probes=_mated_probes(templates),
        rotations=len(plan.references),
        impostors=np.zeros(grid.count + 1, np.int64),
        genuine=np.zeros(grid.count + 1, np.int64),
        tail=np.empty(0),
        comparisons=0,
        alike=frozenset(),
    )
    none = {
        of: [probability_of_none(of, size) for size in sizes] for of in (others, others + 1) if len(plan.listed) > 1
    }
    rotated = np.zeros(len(templates.subject), np.bool_)
    rotated[np.unique(plan.references)] = True
    alike: set[tuple[int, int]] = set()
    blocks = [(r, start) for r in range(len(plan.references)) for start in range(0, len(plan.probes), _BLOCK)]
    for done, (rotation, start) in enumerate(blocks if none else [], start=1):
        rows = plan.probes[start : start + _BLOCK]
        _compare(templates, plan, rotation, rows, rotated, none, found, alike, alike_from)
        progress(done, len(blocks))
    found.alike = frozenset(alike)
    return found


def _plan(templates: Templates) -> _Plan:
    may = templates.reference
    by_subject = [np.flatnonzero(may & (templates.subject == s)) for s in range(len(templates.subjects))]
    listed = np.array([s for s, rows in enumerate(by_subject) if len(rows)], dtype=np.int64)
    turns = np.array([min(MOST_ROTATIONS, len(by_subject[s])) for s in listed], dtype=np.int64)
    rotations = int(turns.max()) if len(turns) else 0
    references = np.array(
        [[by_subject[s][r % turn] for s, turn in zip(listed, turns, strict=True)] for r in range(rotations)],
        dtype=np.int64,
    ).reshape(rotations, len(listed))
    return _Plan(listed, references, turns, np.flatnonzero(templates.probe))


def _mated_probes(templates: Templates) -> Ints:
    """Return the probes whose person has a reference that isn't the same photograph: shape (S,)."""
    count = len(templates.subjects)
    references = np.bincount(templates.subject[templates.reference], minlength=count)
    other = references[templates.subject] - templates.reference
    return np.bincount(templates.subject[templates.probe & (other > 0)], minlength=count).astype(np.int64)


def _compare(
    templates: Templates,
    plan: _Plan,
    rotation: int,
    rows: Ints,
    rotated: npt.NDArray[np.bool_],
    none: dict[int, list[Doubles]],
    found: Scores,
    alike: set[tuple[int, int]],
    alike_from: float,
) -> None:
    references = plan.references[rotation]
    scores: Floats = templates.vectors[rows] @ templates.vectors[references].T
    subject = templates.subject[rows]
    own = subject[:, None] == plan.listed[None, :]
    has_own = own.any(axis=1)
    genuine = np.where(has_own, np.where(own, scores, -2.0).max(axis=1), -2.0)
    mated = has_own & ~(rows[:, None] == references[None, :]).any(axis=1)  # not against itself
    scores[own] = -2.0

    counts = _counts_reaching(scores, found.grid)
    np.add.at(found.searches, subject, 1)
    for at, (size_events, size_hits) in enumerate(zip(found.events, found.hits, strict=True)):
        for of in none:
            here = has_own if of == len(plan.listed) - 1 else ~has_own
            np.add.at(size_events, subject[here], (1.0 - none[of][at][counts[here]]).astype(np.float32))
        if mated.any():
            above = (scores[mated] > genuine[mated, None]).sum(axis=1)
            first = none[len(plan.listed) - 1][at][above]
            reached = found.grid.reached(genuine[mated])
            is_found = np.arange(found.grid.count)[None, :] < reached[:, None]
            np.add.at(size_hits, subject[mated], (is_found * first[:, None]).astype(np.float32))
    np.add.at(found.mated, subject[mated], 1)
    found.genuine += np.bincount(found.grid.reached(genuine[mated]), minlength=found.grid.count + 1)

    # Each two photographs once: a pair comes back where both are references in their turn, or a turn is repeated.
    twice = rotated[rows][:, None] & templates.probe[references][None, :]
    once = ~own & (rotation < plan.turns)[None, :] & (~twice | (rows[:, None] < references[None, :]))
    distinct = scores[once]
    found.comparisons += int(once.sum())
    found.impostors += np.bincount(found.grid.reached(distinct), minlength=found.grid.count + 1)
    floor = found.tail[0] if len(found.tail) > _TAIL else -2.0
    merged = np.concatenate([found.tail, distinct[distinct > floor].astype(np.float64)])
    found.tail = np.sort(merged)[-(_TAIL + 1) :]
    for row, column in zip(*np.nonzero(once & (scores >= alike_from)), strict=True):
        pair = sorted((int(subject[row]), int(plan.listed[column])))
        alike.add((pair[0], pair[1]))


def _counts_reaching(scores: Floats, grid: ThresholdGrid) -> Ints:
    """Count how many of a row's scores reach each threshold: shape (rows, T)."""
    steps = np.floor((scores - grid.low) / grid.step + 1e-4).astype(np.int64) + 1  # float32 scores at a step reach it
    reached = np.clip(steps, 0, grid.count)
    flat = np.arange(len(scores))[:, None] * (grid.count + 1) + reached
    by_row = np.bincount(flat.ravel(), minlength=len(scores) * (grid.count + 1)).reshape(len(scores), grid.count + 1)
    return np.asarray(by_row[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:], dtype=np.int64)
