"""The plots of an evaluation, as SVG that stands within the page: no script, no outside asset, no clock in it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from lfr_core.domain.extreme_values import FARTHEST, TailFit
from lfr_core.recognition.accuracy.evaluation import AccuracyEvaluation, ListSizeFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["det_svg", "fpir_svg", "histogram_svg", "tail_svg"]

_SIZE_IN = (7.2, 4.2)
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_STYLES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)))
"""Lines are told apart without colour too."""


def det_svg(found: AccuracyEvaluation) -> str:
    """Plot false negatives against false positives at every threshold (DET), a line for each list size; "" without."""
    shown = [one for one in found.lists if one.tpir is not None and _crosses(one)]
    if not shown:
        return ""  # no threshold at which both are above nothing: a logarithmic plot shows none

    def draw(axes: Axes) -> None:
        for one, style in zip(shown, _STYLES, strict=False):
            fnir = 1.0 - np.array(one.tpir)
            fpir = np.array(one.fpir)
            seen = (fpir > 0) & (fnir > 0)
            axes.plot(fpir[seen], fnir[seen], linestyle=style, color="black", label=f"list of {one.people:,}")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("false positives: searches by people not listed that find somebody (FPIR)")
        axes.set_ylabel("misses (FNIR)")
        axes.legend()

    return _svg("det", "Misses against false positives, by size of list", draw)


def fpir_svg(found: AccuracyEvaluation) -> str:
    """Draw FPIR by threshold for the whole list: measured, with its 95 % interval over subjects, and by formula."""
    everybody = found.lists[-1]
    if not any(everybody.fpir):
        return ""

    def draw(axes: Axes) -> None:
        at = np.array(found.thresholds)
        axes.plot(at, _positive(everybody.fpir), color="black", label="measured")
        axes.plot(at, _positive(everybody.scaled), "--", color="dimgrey", label="scaled from single comparisons")
        if everybody.bootstrap:
            low, high = everybody.bootstrap["0.025"], everybody.bootstrap["0.975"]
            axes.fill_between(at, _positive(low), _positive(high), color="lightgrey", label="95 %, people drawn")
        axes.axvline(found.threshold, color="black", linewidth=0.8)
        axes.annotate(f"{found.threshold:g}", (found.threshold, 1.0), textcoords="offset points", xytext=(4, -10))
        axes.set_yscale("log")
        axes.set_xlim(_reach(found))
        axes.set_xlabel("threshold (cosine similarity)")
        axes.set_ylabel("FPIR")
        axes.legend()

    return _svg("fpir", f"False positives by threshold, list of {everybody.people:,}", draw)


def histogram_svg(found: AccuracyEvaluation) -> str:
    """Draw how alike photographs of different people, and of one person, are: share of comparisons a step of 0.02."""

    def draw(axes: Axes) -> None:
        for counts, label, style in (
            (found.impostor_histogram, "different people", "-"),
            (found.genuine_histogram, "one person", "--"),
        ):
            total = sum(counts)
            if total:
                steps = np.add.reduceat(np.array(counts[1:]), np.arange(0, len(counts) - 1, 4)) / total
                axes.step(found.thresholds[::4], steps, style, where="post", color="black", label=label)
        axes.axvline(found.threshold, color="black", linewidth=0.8)
        axes.set_xlabel("similarity (those below 0 aren't drawn)")
        axes.set_ylabel("share of comparisons")
        axes.legend()

    return _svg("scores", "Scores of different people and of one person", draw)


def tail_svg(found: AccuracyEvaluation, fit: TailFit, needed: float | None = None) -> str:
    """Plot the highest impostor scores and the tail fitted to them; right of the last point it is an extrapolation."""

    def draw(axes: Axes) -> None:
        scores = np.sort(np.array(found.tail.scores))[1:]
        rank = np.arange(len(scores), 0, -1) / fit.comparisons
        axes.plot(scores, rank, ".", color="black", markersize=3, label="measured")
        last = float(scores[-1])
        until = last + (last - fit.start)
        within, beyond = np.linspace(fit.start, last, 100), np.linspace(last, until, 100)
        for at, style, label in ((within, "-", "fitted"), (beyond, ":", "extrapolated")):
            axes.plot(at, _positive([fit.rate_at(float(one)) for one in at]), style, color="dimgrey", label=label)
        if needed is not None:
            axes.axhline(needed, color="black", linewidth=0.8)
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.5 / (FARTHEST * fit.comparisons))  # no further than a plan follows it
        axes.set_xlabel("threshold (cosine similarity)")
        axes.set_ylabel("share of impostor comparisons")
        axes.legend()

    return _svg("tail", "The highest scores of different people, and the fitted tail", draw)


def _svg(name: str, title: str, draw: Callable[[Axes], None]) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": ["sans-serif"]}):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.grid(visible=True, which="major", color="gainsboro")
        out = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        FigureCanvasSVG(figure).print_svg(out, metadata=nothing)  # type: ignore[no-untyped-call]
    svg = _PROLOGUE.sub("", out.getvalue())
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)


def _positive(values: Sequence[float]) -> list[float]:
    """Replace zeros by NaN: they aren't drawn on a logarithmic axis."""
    return [value if value > 0 else float("nan") for value in values]


def _crosses(one: ListSizeFigures) -> bool:
    return any(fpir > 0 and hits < 1 for fpir, hits in zip(one.fpir, one.tpir or (), strict=True))


def _reach(found: AccuracyEvaluation) -> tuple[float, float]:
    """Return the thresholds to draw: from 0, where everybody is found, to a little past the last false match."""
    last = max((at for at, rate in zip(found.thresholds, found.lists[-1].fpir, strict=True) if rate > 0), default=1.0)
    return 0.0, min(1.0, max(last, found.threshold) + 0.1)
