"""Errors by group, as a file of the user's says who belongs to which; nobody is put into one by a face."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from lfr_core.domain.identification import detectable_difference, ratio_interval
from lfr_core.domain.rates import proportion
from lfr_core.recognition.accuracy.evaluation import GroupFigures, GroupTable, Rate
from lfr_core.recognition.accuracy.scores import Scores
from lfr_core.recognition.accuracy.template_extraction import Templates

__all__ = ["compare_groups"]

_FEWEST = 2
"""People in a group: of one person nothing can be said about a group."""
_TABLES = 9_999
"""Tables drawn for the exact test over more than two groups."""


def compare_groups(
    templates: Templates, scores: Scores, groups: Mapping[str, Mapping[str, str]], threshold: float
) -> tuple[list[GroupTable], list[str]]:
    """Compare misses and false matches of each way of grouping at `threshold`, against everybody.

    Counts are of photographs, as if each searched once. Tests treat them as independent, though photographs of one
    person aren't quite.

    Returns:
        The tables, and what couldn't be computed.
    """
    remarks: list[str] = []
    tables: list[GroupTable] = []
    for column, placed in groups.items():
        table, said = _table(templates, scores, column, placed, threshold)
        tables.append(table)
        remarks += said
    return tables, remarks


def _table(
    templates: Templates, scores: Scores, column: str, placed: Mapping[str, str], threshold: float
) -> tuple[GroupTable, list[str]]:
    members: dict[str, list[int]] = {}
    for at, subject in enumerate(templates.subjects):
        if subject in placed:
            members.setdefault(placed[subject], []).append(at)
    few = sorted(group for group, who in members.items() if len(who) < _FEWEST)
    rows = {group: _counts(scores, np.array(who), threshold) for group, who in sorted(members.items())}
    able = [group for group in rows if group not in few]
    reference = max(able, key=lambda group: len(members[group]), default="")
    figures = [
        _compute_figures(group, len(members[group]), rows[group], rows.get(reference), len(members.get(reference, [])))
        if group in able
        else GroupFigures(
            group=group, people=1, searches=rows[group].searches, misses=None, false_matches=None, note="one person"
        )
        for group in rows
    ]
    said = [f"The group {group} of {column} has one person: nothing is computed for it." for group in few]
    if len(able) < 2:  # a comparison has two sides
        said.append(f"Fewer than two groups of {column} have enough people: none are compared.")
    points = [each.misses.point for each in figures if each.misses is not None and each.misses.point is not None]
    worst = max(points, default=0.0) / min(points) if len(points) > 1 and min(points) > 0 else None
    table = GroupTable(
        column=column,
        reference=reference,
        groups=figures,
        miss_p=_over_all([rows[group] for group in able]),
        worst_over_best=worst,
        in_none=len(templates.subjects) - sum(len(who) for who in members.values()),
    )
    return table, said


class _Counts:
    """Searches of a group, as if each photograph searched once, and what went wrong."""

    def __init__(self, searches: int, false: int, mated: int, missed: int) -> None:
        self.searches, self.false, self.mated, self.missed = searches, false, mated, missed


def _counts(scores: Scores, who: np.ndarray[tuple[int], np.dtype[np.int64]], threshold: float) -> _Counts:
    at = scores.grid.at_most(threshold)
    searches, mated = float(scores.searches[who].sum()), float(scores.mated[who].sum())
    own, own_mated = int(scores.probes[who].sum()), int(scores.mated_probes[who].sum()) if mated else 0
    false = float(scores.events[-1][who, at].sum()) / searches if searches else 0.0
    missed = 1.0 - float(scores.hits[-1][who, at].sum()) / mated if mated else 0.0
    return _Counts(
        own, min(own, math.ceil(own * false - 1e-6)), own_mated, min(own_mated, math.ceil(own_mated * missed - 1e-4))
    )


def _compute_figures(group: str, people: int, of: _Counts, reference: _Counts | None, others: int) -> GroupFigures:
    found = GroupFigures(
        group=group,
        people=people,
        searches=of.searches,
        misses=_rate(of.missed, of.mated) if of.mated else None,
        false_matches=_rate(of.false, of.searches) if of.searches else None,
    )
    if reference is None or reference is of:
        return found.model_copy(update={"note": "the others are compared with it"})
    update: dict[str, float | None] = {}
    if of.mated and reference.mated:
        update["miss_p"] = _fisher(of.missed, of.mated, reference.missed, reference.mated)
        update["detectable"] = detectable_difference(reference.missed / reference.mated, others, people)
        if of.missed + reference.missed:
            low, high = ratio_interval(of.missed, of.mated, reference.missed, reference.mated)
            update |= {"miss_ratio_low95": low, "miss_ratio_high95": high if math.isfinite(high) else None}
        if reference.missed:
            update["miss_ratio"] = (of.missed / of.mated) / (reference.missed / reference.mated)
    if of.searches and reference.searches:
        update["false_p"] = _fisher(of.false, of.searches, reference.false, reference.searches)
        if reference.false:
            update["false_ratio"] = (of.false / of.searches) / (reference.false / reference.searches)
    return found.model_copy(update=update)


def _fisher(k: int, n: int, other_k: int, other_n: int) -> float:
    """Return the two-sided p of Fisher's exact test."""
    from scipy.stats import fisher_exact  # takes a second to load

    return min(1.0, float(fisher_exact(np.array([[k, n - k], [other_k, other_n - other_k]])).pvalue))


def _over_all(groups: list[_Counts]) -> float | None:
    """Test whether all groups are missed alike (Fisher, Freeman and Halton); None where there is nothing to compare."""
    table = [[each.missed, each.mated - each.missed] for each in groups if each.mated]
    if len(table) < 2 or all(a[0] == 0 == b[0] for a, b in pairwise(table)):  # a comparison
        return None
    if len(table) == 2:  # exact without drawing
        return _fisher(table[0][0], sum(table[0]), table[1][0], sum(table[1]))
    from scipy.stats import MonteCarloMethod, fisher_exact

    drawn = MonteCarloMethod(n_resamples=_TABLES, rng=np.random.default_rng(17))
    return min(1.0, float(fisher_exact(np.array(table), method=drawn).pvalue))


def _rate(k: int, n: int) -> Rate:
    found = proportion(k, n)
    return Rate(k=k, n=n, point=found.point, low95=found.low95, high95=found.high95)
