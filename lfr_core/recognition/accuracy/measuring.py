"""From scores to figures: rates by threshold and list size, their intervals, and what can't be computed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from lfr_core.common.errors import Refused
from lfr_core.domain.identification import Doubles, bootstrap_quantiles
from lfr_core.domain.rates import proportion, scaled_fpir
from lfr_core.recognition.accuracy.evaluation import (
    AccuracyEvaluation,
    AtRate,
    EvaluationBinding,
    Failures,
    GroupTable,
    ListSizeFigures,
    Rate,
    TailScores,
)
from lfr_core.recognition.accuracy.groups import compare_groups
from lfr_core.recognition.accuracy.scores import Scores
from lfr_core.recognition.accuracy.template_extraction import Templates

__all__ = ["QUANTILES", "check_subjects", "list_sizes_of", "measure", "rate_of"]

QUANTILES = (0.025, 0.9, 0.95, 0.975, 0.99)
_RATES = (0.01, 0.003, 0.001, 0.0001)
"""FPIR at which TPIR is shown; NIST's is 0.003 (docs/domain.md 4.5)."""
_SIZES = (1, 10, 100, 1_000, 10_000)
_NAMED = 5
"""Pairs that a refusal names."""
_LEAST_COMPARISONS = 4
"""Between two people's photographs before their median says something."""
_SURELY = 0.6
"""With fewer: one in a million comparisons of different people reaches it (docs/facts.md#faces)."""
_DIGITS = 9


def rate_of(k: int, n: int) -> Rate:
    """Return the rate of k in n with its interval."""
    found = proportion(k, n)
    return Rate(k=k, n=n, point=found.point, low95=found.low95, high95=found.high95)


def list_sizes_of(asked: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of list that are measured, where the data reach so far."""
    return tuple(sorted({*_SIZES, *asked}))


def check_subjects(templates: Templates, scores: Scores, *, same_picture: float, keep_lookalikes: bool) -> None:
    """See that no person stands under two names, which would make every figure wrong.

    Args:
        templates: of all photographs.
        scores: with the pairs that are alike.
        same_picture: the score from which two photographs are one picture.
        keep_lookalikes: whoever asks knows that they are different people who look alike.

    Raises:
        Refused: `accuracy.shared-photograph`, `accuracy.one-person-two-names`: the pairs are named.
    """
    if templates.shared:
        pairs = "; ".join(f"{a} and {b}" for a, b in templates.shared[:_NAMED])
        raise Refused(
            "accuracy.shared-photograph",
            f"the same photograph lies under two names ({pairs}{_more(len(templates.shared))}): find out whom it "
            "shows, and take it from the other",
        )
    usual = _lower_quartile(scores)
    same = []
    for a, b in sorted(scores.alike):
        between = templates.vectors[templates.subject == a] @ templates.vectors[templates.subject == b].T
        if between.size >= _LEAST_COMPARISONS and usual is not None:
            is_person = float(np.median(between)) >= usual
        else:
            is_person = float(between.max()) >= max(_SURELY, usual or 0.0)
        if float(between.max()) >= same_picture or is_person:
            same.append(f"{templates.subjects[a]} and {templates.subjects[b]}")
    if same and not keep_lookalikes:
        raise Refused(
            "accuracy.one-person-two-names",
            f"these look like one person under two names: {'; '.join(same[:_NAMED])}{_more(len(same))}. Put their "
            "photographs into one folder; or, if they are different people, say so with --keep-lookalikes",
        )


def measure(
    templates: Templates,
    scores: Scores,
    *,
    bound_to: EvaluationBinding,
    threshold: float,
    groups: Mapping[str, Mapping[str, str]],
    made_at: datetime,
    rng: np.random.Generator,
) -> AccuracyEvaluation:
    """Make the figures.

    Raises:
        Refused: `accuracy.nobody-listed`: fewer than two people could be enrolled, or nobody compared.
    """
    listed, probes = len(set(templates.subject[templates.reference].tolist())), int(scores.probes.sum())
    if listed < 2 or probes == 0:  # a list and somebody who isn't on it
        why = _most_common(templates)
        raise Refused(
            "accuracy.nobody-listed",
            f"of {len(templates.subjects):,} people {listed:,} could be enrolled and {probes:,} photographs "
            f"compared{why}: nothing can be measured. Use photographs that show one face from the front",
        )
    lists = [_list_figures(scores, at, rng) for at in range(len(scores.list_sizes))]
    at_rates = [_at_rate(scores, lists[-1], rate) for rate in _RATES]
    tables, group_remarks = compare_groups(templates, scores, groups, threshold)
    return AccuracyEvaluation(
        made_at=made_at,
        bound_to=bound_to,
        dataset=_dataset_digest(templates),
        subjects=len(templates.subjects),
        listed=listed,
        photographs=len(templates.digests) + sum(templates.not_acquired.values()),
        rotations=scores.rotations,
        enrolment=_failures(templates.enrolments, templates.not_enrolled),
        acquisition=_failures(templates.acquisitions, templates.not_acquired),
        not_listable=rate_of(len(templates.subjects) - listed, len(templates.subjects)),
        threshold=threshold,
        thresholds=scores.grid.thresholds.tolist(),
        lists=lists,
        at_rates=at_rates,
        impostor_histogram=scores.impostors.tolist(),
        genuine_histogram=scores.genuine.tolist(),
        tail=TailScores(scores=[round(float(s), 6) for s in scores.tail], comparisons=scores.comparisons),
        groups=tables,
        remarks=_remarks(templates, scores, threshold, at_rates, tables) + group_remarks,
    )


def _list_figures(scores: Scores, at: int, rng: np.random.Generator) -> ListSizeFigures:
    size = scores.list_sizes[at]
    events = scores.events[at].astype(np.float64)
    fpir = np.clip(events.sum(axis=0) / scores.searches.sum(), 0.0, 1.0)
    hits, mated = scores.hits[at].astype(np.float64), scores.mated
    # every photograph searched `rotations` times: as independent searches only as many as there are photographs count
    probes = int(scores.probes.sum())
    false = [min(probes, math.ceil(probes * rate - 1e-6)) for rate in fpir]
    single = scores.impostors[::-1].cumsum()[::-1][1:] / max(1, scores.comparisons)
    return ListSizeFigures(
        people=size,
        searches=probes,
        fpir=_rounded(fpir),
        false_matches=false,
        bootstrap=_quantiles(events, scores.searches.astype(np.float64), rng),
        scaled=_rounded(np.array([1.0 if one >= 1.0 else scaled_fpir(float(one), 1, size) for one in single])),
        tpir=_rounded(hits.sum(axis=0) / mated.sum()) if mated.sum() else None,
        tpir_bootstrap=_quantiles(hits, mated.astype(np.float64), rng) if mated.sum() else {},
        mated_searches=int(scores.mated_probes.sum()) if mated.sum() else 0,
    )


def _quantiles(events: Doubles, searches: Doubles, rng: np.random.Generator) -> dict[str, list[float]]:
    found = bootstrap_quantiles(events, searches, QUANTILES, rng)
    if not np.isfinite(found).all():
        return {}
    return {f"{quantile:g}": _rounded(row) for quantile, row in zip(QUANTILES, found, strict=True)}


def _at_rate(scores: Scores, everybody: ListSizeFigures, rate: float) -> AtRate:
    """Find the lowest threshold whose measured FPIR isn't above `rate`, if at least one search would be wrong at it."""
    if rate * everybody.searches < 1.0:
        return AtRate(fpir=rate, list_people=everybody.people, threshold=None, tpir=None)
    index = next((i for i, found in enumerate(everybody.fpir) if found <= rate), None)
    if index is None or everybody.tpir is None:
        threshold = None if index is None else float(scores.grid.thresholds[index])
        return AtRate(fpir=rate, list_people=everybody.people, threshold=threshold, tpir=None)
    n = everybody.mated_searches
    bounds = everybody.tpir_bootstrap
    return AtRate(
        fpir=rate,
        list_people=everybody.people,
        threshold=float(scores.grid.thresholds[index]),
        tpir=rate_of(min(n, math.floor(n * everybody.tpir[index] + 1e-6)), n),
        tpir_low95_subjects=bounds["0.025"][index] if bounds else None,
        tpir_high95_subjects=bounds["0.975"][index] if bounds else None,
    )


def _failures(offered: int, failed: Mapping[str, int]) -> Failures:
    return Failures(rate=rate_of(sum(failed.values()), offered), reasons=dict(sorted(failed.items())))


def _remarks(
    templates: Templates, scores: Scores, threshold: float, at_rates: Sequence[AtRate], tables: Sequence[GroupTable]
) -> list[str]:
    said: list[str] = []
    if not scores.mated.sum():
        said.append("Nobody has two photographs that can be compared, so misses can't be measured; false matches are.")
    elif (lonely := int(((scores.mated == 0) & (scores.searches > 0)).sum())) > 0:
        said.append(f"{lonely:,} of the people have one photograph only: they count in false matches, not in misses.")
    highest = float(scores.tail[-1]) if len(scores.tail) else 0.0
    if threshold > highest:
        said.append(
            f"The threshold {threshold:g} is above every score of two different people ({highest:.3f}): no false match "
            "was seen there, and only the upper bounds say how rare they are."
        )
    probes = int(scores.probes.sum())
    not_reached = [rate.fpir for rate in at_rates if rate.fpir * probes < 1.0]
    if not_reached:
        said.append(
            f"{probes:,} searches show nothing about rates below 1 in {probes:,}: TPIR at an FPIR of "
            f"{', '.join(f'{100 * rate:g} %' for rate in not_reached)} isn't computed."
        )
    if templates.repeated:
        said.append(f"{templates.repeated:,} files lie there twice under the same name and count once.")
    if not tables:
        said.append("Groups weren't given (--groups), so nothing is said about differences between them.")
    return said


def _dataset_digest(templates: Templates) -> str:
    content = "\n".join(
        sorted(
            f"{digest} {templates.subjects[at]}"
            for digest, at in zip(templates.digests, templates.subject.tolist(), strict=True)
        )
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _lower_quartile(scores: Scores) -> float | None:
    """Return the similarity that three quarters of one person's comparisons reach; None: there are none."""
    total = int(scores.genuine.sum())
    if not total:
        return None
    index = int(np.searchsorted(scores.genuine.cumsum(), total / 4))
    return scores.grid.low + scores.grid.step * (index - 1)


def _most_common(templates: Templates) -> str:
    reasons = (templates.not_enrolled + templates.not_acquired).most_common(1)
    return f" (mostly: {reasons[0][0].replace('_', ' ')})" if reasons else ""


def _more(count: int) -> str:
    return f"; and {count - _NAMED} more" if count > _NAMED else ""


def _rounded(values: Doubles) -> list[float]:
    return [round(min(1.0, max(0.0, float(value))), _DIGITS) for value in values]
