"""Charts as inline SVG, legible on a telephone; the page prints the same numbers as a table beside each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from lfr_core.publication.record_parts import PublishedRate
from lfr_core.publication.site.words import Words

__all__ = ["bars_svg", "interval_svg"]

_WIDTH, _ROW = 360, 50  # user units; a label stands above what it names, so that text is as large as the page's
_LEFT, _PLOT = 8, 290


def bars_svg(name: str, title: str, rows: Sequence[tuple[str, int]]) -> Markup:
    """Draw horizontal bars from 0, with their numbers. `name` makes its ids unique on the page."""
    most = max((count for _, count in rows), default=0) or 1
    spoken = "; ".join(f"{label}: {count:,}" for label, count in rows)
    parts = _opened(name, title, spoken, _ROW * len(rows) + 8)
    for i, (label, count) in enumerate(rows):
        y, length = _ROW * i, round(_PLOT * count / most, 1)
        parts.append(f'<text x="{_LEFT}" y="{y + 18}">{escape(label)}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y + 25}" width="{length}" height="18"/>')
        parts.append(f'<text x="{_LEFT + length + 8}" y="{y + 40}">{count:,}</text>')
    return _closed(parts)


def interval_svg(name: str, title: str, rates: Sequence[tuple[str, PublishedRate]], say: Words) -> Markup:
    """Draw each rate's point and exact 95 % interval on a line from 0 to 100 %; those without an observation say so."""
    spoken = "; ".join(f"{label}: {_describe_rate(rate, say)}" for label, rate in rates)
    parts = _opened(name, title, spoken, _ROW * len(rates) + 34)
    for i, (label, rate) in enumerate(rates):
        y = _ROW * i
        parts.append(f'<text x="{_LEFT}" y="{y + 18}">{escape(label)}</text>')
        if rate.point is None or rate.ci95 is None:
            parts.append(f'<text x="{_LEFT}" y="{y + 40}">{say("numbers.not_observed")}</text>')
            continue
        low, high, at = (round(_LEFT + _PLOT * value, 1) for value in (*rate.ci95, rate.point))
        parts.append(
            f'<line x1="{low}" y1="{y + 34}" x2="{high}" y2="{y + 34}"/><circle cx="{at}" cy="{y + 34}" r="5"/>'
        )
    y = _ROW * len(rates) + 4
    parts.append(f'<line class="axis" x1="{_LEFT}" y1="{y}" x2="{_LEFT + _PLOT}" y2="{y}"/>')
    for share, anchor in ((0, "start"), (50, "middle"), (100, "middle")):
        x = _LEFT + _PLOT * share / 100
        percent = say("numbers.percent", number=str(share))
        parts.append(f'<text x="{x}" y="{y + 22}" text-anchor="{anchor}">{percent}</text>')
    return _closed(parts)


def _opened(name: str, title: str, spoken: str, height: int) -> list[str]:
    return [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(spoken)}</desc>',
    ]


def _closed(parts: Sequence[str]) -> Markup:
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704  ours, with every text in it escaped above


def _describe_rate(rate: PublishedRate, say: Words) -> str:
    if rate.ci95 is None:
        return say("numbers.not_observed").unescape()
    low, high = (say.share(value).unescape() for value in rate.ci95)
    least, most = say("deployment.at_least"), say("deployment.at_most")
    return f"{say('deployment.of', k=rate.k, n=rate.n)}; {least} {low}, {most} {high}"
