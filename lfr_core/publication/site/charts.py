"""Charts as inline SVG; the page prints the same numbers as a table beside each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lfr_core.publication.record import PublishedRate

__all__ = ["bars_svg", "interval_svg"]

_WIDTH, _LEFT, _ROW = 640, 250, 34  # user units
_PLOT = _WIDTH - _LEFT - 70


def bars_svg(name: str, title: str, rows: Sequence[tuple[str, int]]) -> str:
    """Horizontal bars from 0, with their numbers. `name` makes its ids unique on the page."""
    most = max((count for _, count in rows), default=0) or 1
    spoken = "; ".join(f"{label}: {count:,}" for label, count in rows)
    parts = _opened(name, title, spoken, _ROW * len(rows) + 8)
    for i, (label, count) in enumerate(rows):
        y, length = _ROW * i + 4, round(_PLOT * count / most, 1)
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 20}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y + 4}" width="{length}" height="{_ROW - 12}"/>')
        parts.append(f'<text x="{_LEFT + length + 8}" y="{y + 20}">{count:,}</text>')
    return "".join([*parts, "</svg>"])


def interval_svg(name: str, title: str, rates: Sequence[tuple[str, PublishedRate]]) -> str:
    """Each rate's point and exact 95 % interval on a line from 0 to 100 %; those without an observation say so."""
    spoken = "; ".join(f"{label}: {_in_words(rate)}" for label, rate in rates)
    parts = _opened(name, title, spoken, _ROW * (len(rates) + 1) + 8)
    for i, (label, rate) in enumerate(rates):
        y = _ROW * i + _ROW // 2 + 4
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 5}" text-anchor="end">{escape(label)}</text>')
        if rate.point is None or rate.ci95 is None:
            parts.append(f'<text x="{_LEFT}" y="{y + 5}">nothing observed</text>')
            continue
        low, high, at = (round(_LEFT + _PLOT * value, 1) for value in (*rate.ci95, rate.point))
        parts.append(f'<line x1="{low}" y1="{y}" x2="{high}" y2="{y}"/><circle cx="{at}" cy="{y}" r="5"/>')
    y = _ROW * len(rates) + 4
    parts.append(f'<line class="axis" x1="{_LEFT}" y1="{y}" x2="{_LEFT + _PLOT}" y2="{y}"/>')
    for share in (0, 50, 100):
        x = _LEFT + _PLOT * share / 100
        parts.append(f'<text x="{x}" y="{y + 22}" text-anchor="middle">{share} %</text>')
    return "".join([*parts, "</svg>"])


def _opened(name: str, title: str, spoken: str, height: int) -> list[str]:
    return [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(spoken)}</desc>',
    ]


def _in_words(rate: PublishedRate) -> str:
    if rate.ci95 is None:
        return "nothing observed"
    return f"{rate.k:,} of {rate.n:,}, between {100 * rate.ci95[0]:.3g} % and {100 * rate.ci95[1]:.3g} %"
