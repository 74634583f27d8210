"""Draws how many false alerts are expected, by threshold and list size, as a picture with a table beside it. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from apps.drawing import drawing_html
from apps.tables import heads_html, table_html
from lfr_core.common.counts import counted, expected_count

__all__ = ["ForecastCurve", "ForecastPoint", "chart_html", "forecast_curves"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 466, 260, 66, 54, 12, 100
_STYLE: Final = (
    "text{fill:var(--muted);font-size:11px}.title{fill:var(--text)}.grid{stroke:var(--line)}"
    ".asked{stroke:var(--warn);stroke-width:2;stroke-dasharray:4 3}"
    ".curve{stroke:var(--muted);stroke-width:1.5}.curve.is-asked{stroke:var(--accent);stroke-width:3}"
)
_ACROSS: Final = "How alike two faces must be (0 to 1)"
_DOWN: Final = "False alerts expected"
_LINES: Final = "people on list"
"""Titles of the axes, and of what the numbers at the lines' ends are."""
_LINE: Final = 12.0
"""Pixels between the labels of two curves, at least."""
_LEAST: Final = 0.01
"""False alerts; what is below is drawn on the axis: a logarithm has no nought."""


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """Expected false alerts of the whole deployment at one threshold."""

    threshold: float
    expected: float


@dataclass(frozen=True, slots=True)
class ForecastCurve:
    """One list size, over the thresholds that were measured."""

    people: int
    points: tuple[ForecastPoint, ...]


def forecast_curves(
    expected: Callable[[float, int], float | None], thresholds: Sequence[float], people: int
) -> tuple[ForecastCurve, ...]:
    """Forecast half the list, the list, and twice the list. `expected`: None where nothing was measured."""
    found = []
    for size in sorted({max(1, people // 2), max(1, people), max(1, 2 * people)}):
        values = ((at, expected(at, size)) for at in thresholds)
        points = tuple(ForecastPoint(at, value) for at, value in values if value is not None)
        if points:
            found.append(ForecastCurve(size, points))
    return tuple(found)


def chart_html(curves: Sequence[ForecastCurve], *, threshold: float, people: int) -> str:
    """Show the curves, the threshold that is asked for, and the same numbers as a table."""
    points = [point for curve in curves for point in curve.points]
    if len({point.threshold for point in points}) < 2:  # a line needs two
        return '<p class="pln-facts">There is no chart: false alerts were measured at no two thresholds.</p>'
    lows, highs = min(p.threshold for p in points), max(p.threshold for p in points)
    top = max(1.0, *(point.expected for point in points))
    least, most = math.log10(_LEAST), math.log10(top)

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - lows) / (highs - lows)

    def y(value: float) -> float:
        share = (math.log10(max(value, _LEAST)) - least) / (most - least)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share

    lines, below = [], float(_HEIGHT)
    for number, curve in enumerate(curves):  # the smallest list first, which is the lowest
        way = " ".join(f"{x(p.threshold):.1f},{y(p.expected):.1f}" for p in curve.points)
        last = curve.points[-1]
        below = min(y(last.expected) + 4, below - _LINE)
        strong = " is-asked" if curve.people == people else ""
        lines.append(
            f'<polyline class="curve c{number}{strong}" points="{way}" fill="none"/>'
            f'<text x="{x(last.threshold) + 4:.1f}" y="{below:.1f}">{curve.people:,}</text>'
        )
    asked, asked_words = "", ""
    if lows <= threshold <= highs:
        at = x(threshold)
        asked_words = "; the broken line is what is asked for"
        asked = f'<line class="asked" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
    drawing = drawing_html(
        f"{_axes(x, y, lows, highs, top)}{asked}{''.join(lines)}",
        width=_WIDTH,
        height=_HEIGHT,
        words="False alerts expected, by how alike faces must be; a line for each list size, and a table",
        style=_STYLE,
    )
    return (
        f'<figure class="pln-chart">{drawing}<figcaption>False alerts expected in the whole deployment, by how alike '
        f"two faces must be; a line for each number of people on the list{asked_words}</figcaption>"
        f"{_table(curves)}</figure>"
    )


def _axes(x: Callable[[float], float], y: Callable[[float], float], lows: float, highs: float, top: float) -> str:
    parts = []
    power = -2
    while 10.0**power <= top * 1.001:
        value = 10.0**power
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
            f'<text text-anchor="end" x="{_LEFT - 4}" y="{y(value) + 4:.1f}">{value:g}</text>'
        )
        power += 1
    foot = _HEIGHT - _BOTTOM + 16
    ends = (f'<text text-anchor="middle" x="{x(at):.1f}" y="{foot}">{at:g}</text>' for at in (lows, highs))
    across, down = (_LEFT + _WIDTH - _RIGHT) / 2, (_TOP + _HEIGHT - _BOTTOM) / 2
    titles = (
        f'<text class="title" text-anchor="middle" x="{across:.1f}" y="{_HEIGHT - 10}">{_ACROSS}</text>',
        f'<text class="title" text-anchor="middle" transform="translate(14 {down:.1f}) rotate(-90)">{_DOWN}</text>',
        f'<text class="title" x="{_WIDTH - _RIGHT + 4}" y="{_HEIGHT - 10}">{_LINES}</text>',
    )
    return "".join([*parts, *ends, *titles])


def _table(curves: Sequence[ForecastCurve]) -> str:
    thresholds = sorted({point.threshold for curve in curves for point in curve.points})
    heads = heads_html(("How alike", *(counted(curve.people, "person") for curve in curves)))
    rows = []
    for at in thresholds:
        cells = []
        for curve in curves:
            value = next((point.expected for point in curve.points if point.threshold == at), None)
            cells.append(f"<td>{'not measured' if value is None else expected_count(value)}</td>")
        rows.append(f'<tr><th scope="row">{at:g}</th>{"".join(cells)}</tr>')
    table = table_html("".join(rows), heads=heads, words="The numbers", kind="pln-table", caption=False)
    return f"<details><summary>The numbers</summary>{table}</details>"
