"""A threshold planned from measured impostor scores, or a refusal that says how much would have to be measured.

A claim about passes is asked of photographs through `AccuracyEvaluation.per_pass`. The measured bound is the wider of
the exact one over searches and the bootstrap over people. Where the data end a tail is fitted: its number is an
extrapolation, good to plan with and never to claim with.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lfr_core.common.errors import Refused
from lfr_core.common.files import open_atomic, read_bounded
from lfr_core.deployments.evaluations import Evaluation, load_evaluations
from lfr_core.domain.claims import ListBand, faces_needed
from lfr_core.domain.extreme_values import FARTHEST, TailFit, fit_tail
from lfr_core.domain.rates import one_in, upper_bound
from lfr_core.recognition.accuracy.evaluation import AccuracyEvaluation, ListSizeFigures

__all__ = ["ThresholdPlan", "plan_threshold", "write_row"]

_REGISTER_BYTES = 1_000_000
_RAREST = 1e-9
"""Nobody counts so many passes that a rarer one could be shown."""


@dataclass(frozen=True, slots=True)
class ThresholdPlan:
    """The lowest threshold that keeps the rate, and the row of the register that says so.

    fit: the tail of the impostor scores, None where too few were measured. by_tail: the threshold that the fit gives
    for the same rate. extrapolated: the row comes from the tail alone, so it is indicative.
    """

    threshold: float
    row: Evaluation
    fit: TailFit | None
    by_tail: float | None
    extrapolated: bool
    words: str


def plan_threshold(
    found: AccuracyEvaluation, *, list_size: int, fpir: float, confidence: float, extrapolate: bool = False
) -> ThresholdPlan:
    """Plan the threshold at which less than `fpir` of the passes raise a false alert, with a list of `list_size`.

    Args:
        found: what was measured.
        list_size: people on the list.
        fpir: the rate of passes, as 0.0001 for 1 in 10,000.
        confidence: of the bound, one-sided, 0.5 to 0.99.
        extrapolate: where the data end, give the threshold of the fitted tail, as indicative.

    Raises:
        Refused: `accuracy.not-carried`: the data can't carry it; how many searches and comparisons would is said.
            `accuracy.beyond-tail`: not even the tail reaches so far.
    """
    if not (list_size >= 1 and _RAREST <= fpir <= 0.5 and 0.5 <= confidence <= 0.99):  # as the docstring says
        raise Refused(
            "accuracy.bad-plan",
            "a plan needs a list of people, an FPIR from 1e-9 to 0.5 and a confidence from 0.5 to 0.99",
        )
    asked = fpir / found.per_pass
    fit = _fit(found)
    per_comparison = -math.expm1(math.log1p(-asked) / list_size)
    by_tail = fit.threshold_for(per_comparison) if fit is not None and per_comparison <= fit.share else None
    carrying = _smallest_carrying(found, list_size)
    index = None if carrying is None else _lowest(carrying, asked, confidence)
    if carrying is not None and index is not None:
        row = _row(found, found.thresholds[index], carrying.people, carrying.searches, carrying.false_matches[index])
        row = _signed(row, upper95=carrying.bootstrap["0.95"][index] if carrying.bootstrap else None)
        words = (
            f"Threshold {row.threshold:g}: with a list of {list_size:,} under {one_in(fpir)} passes raise a false "
            f"alert, with {100 * confidence:g} % confidence ({row.false_matches:,} false of {row.probes:,} searches, "
            f"list of {row.list_people:,}). {_tail_words(fit, by_tail, per_comparison)}"
        )
        return ThresholdPlan(row.threshold, row, fit, by_tail, extrapolated=False, words=words)
    needed = _needed(found, list_size, asked, confidence)
    tail = _tail_words(fit, by_tail, per_comparison)
    if not extrapolate:
        raise Refused("accuracy.not-carried", f"{needed} {tail}")
    if by_tail is None or fit is None or per_comparison * fit.comparisons * FARTHEST < 1.0 or by_tail >= 1.0:
        raise Refused("accuracy.beyond-tail", f"{needed} The tail of the scores isn't followed so far either. {tail}")
    threshold = min(1.0 - 1e-6, math.ceil(by_tail * 1_000) / 1_000)
    row = _row(found, threshold, list_size, *_as_counts(asked))
    row = _signed(row.model_copy(update={"indicative": True, "source": f"extrapolated from {row.source}"}))
    words = f"Extrapolated, not measured. {tail} {needed}"
    return ThresholdPlan(threshold, row, fit, by_tail, extrapolated=True, words=words)


def write_row(row: Evaluation, file: Path) -> None:
    """Add a row to the register `file`; one of the same model, threshold, list, rule and gate is replaced by hand only.

    Raises:
        Refused: `accuracy.known`: there is such a row.
        Fatal: the register can't be read or written.
    """
    known = load_evaluations(file) if file.exists() else ()
    same = ("contract", "threshold", "list_people", "agreeing_shots", "quality_gate")
    if any(all(getattr(each, name) == getattr(row, name) for name in same) for each in known):
        raise Refused(
            "accuracy.known",
            f"{file} has a row of that model, threshold, list and rule: take it out first, if this is better",
        )
    before = read_bounded(file, _REGISTER_BYTES).decode() if file.exists() else ""
    lines = [f"{name} = {_toml(value)}" for name, value in row.model_dump().items() if value is not None]
    with open_atomic(file) as out:
        out.write((before.rstrip("\n") + "\n\n" * bool(before) + "[[evaluation]]\n" + "\n".join(lines) + "\n").encode())
    file.chmod(0o644)
    load_evaluations(file)


def _smallest_carrying(found: AccuracyEvaluation, list_size: int) -> ListSizeFigures | None:
    """Return the shortest measured list that isn't under nine tenths of the one asked for (docs/domain.md 4.5)."""
    least = ListBand.around(list_size).low
    return min((one for one in found.lists if one.people >= least), key=lambda one: one.people, default=None)


def _lowest(figures: ListSizeFigures, asked: float, confidence: float) -> int | None:
    """Return the lowest threshold from which on the wider bound is within `asked`."""
    quantile = next((name for name in ("0.9", "0.95", "0.975", "0.99") if float(name) >= confidence), "0.99")
    best: int | None = None
    for index in range(len(figures.false_matches) - 1, -1, -1):
        bound = upper_bound(figures.false_matches[index], figures.searches, confidence)
        drawn = figures.bootstrap[quantile][index] if figures.bootstrap else 0.0
        if max(bound, drawn) > asked:
            break
        best = index
    return best if best is not None and best < len(figures.false_matches) - 1 else None


def _needed(found: AccuracyEvaluation, list_size: int, asked: float, confidence: float) -> str:
    searches = faces_needed(math.ceil(round(1.0 / asked, 6)), 0, confidence)
    least = ListBand.around(list_size).low
    everybody = found.lists[-1]
    return (
        f"The data can't carry that: {everybody.searches:,} searches of a list of {everybody.people:,} "
        f"({found.tail.comparisons:,} comparisons of different people) were measured; at least {searches:,} searches "
        f"without a false match, of a list of at least {least:,}, are needed: {searches * least:,} comparisons."
    )


def _tail_words(fit: TailFit | None, by_tail: float | None, rate: float) -> str:
    if fit is None:
        return "Too few scores were measured to fit how they go on."
    shape = f"the fitted tail (shape {fit.shape:.3f}, {fit.exceedances:,} scores, p = {fit.p_value:g})"
    if by_tail is None:
        return f"The rate lies below where {shape} starts."
    flag = ", an extrapolation past every score that was measured" if fit.extrapolates(rate) else ""
    return f"By {shape} it would be {by_tail:.3f}{flag}."


def _fit(found: AccuracyEvaluation) -> TailFit | None:
    try:
        return fit_tail(np.asarray(found.tail.scores, dtype=np.float64), found.tail.comparisons)
    except Refused:
        return None


def _row(found: AccuracyEvaluation, threshold: float, people: int, searches: int, false: int) -> Evaluation:
    bound = found.bound_to
    return Evaluation(
        contract=bound.contract_id,
        threshold=threshold,
        probes=searches,
        list_people=people,
        false_matches=false,
        source=f"{found.unit}s of {found.subjects:,} people, {found.made_at:%Y-%m-%d}; lfr accuracy plan-threshold",
        indicative=False,
        agreeing_shots=bound.agreeing_shots,
        shots_a_pass=bound.most_shots if found.unit == "photograph" else 0,
        quality_gate=bound.quality_gate,
        evaluation_sha256=found.digest(),
    )


def _signed(row: Evaluation, upper95: float | None = None) -> Evaluation:
    row = row.model_copy(update={"upper95": upper95 or None})
    return row.model_copy(update={"row_sha256": row.checksum()})


def _as_counts(rate: float) -> tuple[int, int]:
    """Return a rate as (searches, false ones): one of so many."""
    return max(2, math.floor(1.0 / rate)), 1


def _toml(value: object) -> str:
    return json.dumps(value)  # JSON's strings, numbers and booleans are TOML's
