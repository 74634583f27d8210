"""The report of an evaluation as one HTML page: its first page for whoever decides, the rest for whoever checks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from lfr_core.common.errors import Refused
from lfr_core.common.files import open_atomic
from lfr_core.domain.extreme_values import TailFit, fit_tail
from lfr_core.domain.identification import ThresholdGrid
from lfr_core.domain.rates import one_in, upper_bound
from lfr_core.recognition.accuracy.evaluation import AccuracyEvaluation, ListSizeFigures
from lfr_core.recognition.accuracy.plots import det_svg, fpir_svg, histogram_svg, tail_svg

__all__ = ["REPORT_FILE", "first_page", "write_report"]

REPORT_FILE = "accuracy.html"
_EVERY = 10
"""Thresholds between two rows of the table: steps of 0.05."""


def write_report(found: AccuracyEvaluation, folder: Path) -> Path:
    """Write the page into `folder`; it names nobody and asks nobody for anything. Raises Fatal: it can't be written."""
    environment = Environment(
        loader=PackageLoader("lfr_core.recognition.accuracy"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"percent": _percent, "one_in": _at_most_one_in, "number": "{:,}".format}
    environment.filters |= {"seen": _seen, "points": _points, "ratio": _ratio}
    fit, why_no_fit = _fit(found)
    page = environment.get_template("accuracy.html").render(
        of=found,
        sentences=first_page(found),
        rows=_rows(found),
        everybody=found.lists[-1],
        fit=fit,
        why_no_fit=why_no_fit,
        det=det_svg(found),
        fpir=fpir_svg(found),
        histogram=histogram_svg(found),
        tail=tail_svg(found, fit) if fit else "",
    )
    file = folder / REPORT_FILE
    with open_atomic(file) as out:
        out.write(page.encode())
    return file


def first_page(found: AccuracyEvaluation) -> tuple[str, ...]:
    """Write what a superintendent has to know, in whole sentences: at the threshold, with the whole list."""
    everybody, at = found.lists[-1], _index(found)
    false, searches = everybody.false_matches[at], everybody.searches
    worst = _widest(everybody, at)
    people = f"{everybody.people:,} {'people' if everybody.people > 1 else 'person'}"
    said = [
        (
            f"{found.photographs:,} photographs of {found.subjects:,} people were measured with the model "
            f"{found.bound_to.model_id} at the threshold {found.threshold:g}."
        ),
        (
            f"Of {searches:,} photographs of somebody who wasn't on a list of {people}, "
            f"{false or 'none'} found somebody all the same. "
            f"With 95 % confidence it is at most {_at_most_one_in(worst)}."
        ),
    ]
    if everybody.tpir is not None:
        hits = everybody.tpir[at]
        bounds = everybody.tpir_bootstrap
        interval = (
            f" (between {100 * bounds['0.025'][at]:.1f} % and {100 * bounds['0.975'][at]:.1f} %)" if bounds else ""
        )
        said.append(
            f"Of 100 photographs of somebody who was on the list, {100 * hits:.1f} found that person{interval}."
        )
    else:
        said.append("How many listed people are missed isn't known: nobody has two photographs.")
    failed = found.enrolment.rate
    if failed.k:
        said.append(f"{failed.k:,} of {failed.n:,} photographs weren't good enough for a list.")
    said.append(
        "This is measured on single photographs. On the street an alert needs "
        f"{found.bound_to.agreeing_shots} shots of a pass to agree, of up to {found.bound_to.most_shots}: a pass may "
        f"raise a false alert up to {found.per_pass:g} times as often."
    )
    said.append(f"Longer lists than {people} weren't measured: twice the list makes about twice the false alerts.")
    return tuple(said)


def _rows(found: AccuracyEvaluation) -> list[dict[str, object]]:
    """Return a row of the table each 0.05 of threshold, and one at the threshold itself."""
    everybody = found.lists[-1]
    at = sorted({*range(_EVERY * 4, len(found.thresholds) - _EVERY * 4, _EVERY), _index(found)})
    return [
        {
            "threshold": found.thresholds[i],
            "false": everybody.false_matches[i],
            "fpir": everybody.fpir[i],
            "upper": _widest(everybody, i),
            "scaled": everybody.scaled[i],
            "tpir": None if everybody.tpir is None else everybody.tpir[i],
            "low": everybody.tpir_bootstrap["0.025"][i] if everybody.tpir_bootstrap else None,
            "high": everybody.tpir_bootstrap["0.975"][i] if everybody.tpir_bootstrap else None,
            "by_size": [one.fpir[i] for one in found.lists],
        }
        for i in at
    ]


def _widest(everybody: ListSizeFigures, at: int) -> float:
    """Return the wider one-sided 95 % bound: exact over photographs, or with people drawn."""
    exact = upper_bound(everybody.false_matches[at], everybody.searches)
    return max(exact, everybody.bootstrap["0.95"][at] if everybody.bootstrap else 0.0)


def _fit(found: AccuracyEvaluation) -> tuple[TailFit | None, str]:
    try:
        return fit_tail(np.asarray(found.tail.scores, dtype=np.float64), found.tail.comparisons), ""
    except Refused as refused:
        return None, str(refused)


def _index(found: AccuracyEvaluation) -> int:
    return ThresholdGrid(count=len(found.thresholds)).at_most(found.threshold)


def _percent(value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{100 * value:.2g} %" if value < 0.1 else f"{100 * value:.1f} %"  # no more digits than people carry


def _seen(value: float) -> str:
    """Write a rate of false matches: that none was seen doesn't say that there is none."""
    return "none seen" if value == 0.0 else _percent(value)


def _points(value: float) -> str:
    """Write a difference of two rates, which is no share of either."""
    return f"{100 * value:.0f} points" if value >= 0.1 else f"{100 * value:.1f} points"  # two digits


def _ratio(value: float) -> str:
    return f"{value:.2g}" if value < 100 else f"{float(f'{value:.2g}'):,.0f}"  # two digits


def _at_most_one_in(bound: float) -> str:
    """Write an upper bound: rounded to the side on which it holds."""
    return one_in(1.0 / max(1, math.floor(1.0 / bound + 1e-9))) if bound > 0 else one_in(bound)
