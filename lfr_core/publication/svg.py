"""Intervals as inline SVG: no script, no outside request, readable in light, dark and print.

Each force is a line from the lower to the upper bound with its point; without a false alert an arrow says "at most".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from lfr_core.domain.rates import Proportion, one_in
from lfr_core.publication.compare import ForceFigures

__all__ = ["comparison_svg"]

_WIDTH, _LEFT, _RIGHT, _ROW, _HEAD, _FOOT = 800, 200, 60, 46, 40, 34  # user units
_PLOT = _WIDTH - _LEFT - _RIGHT
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:currentColor}.small{font-size:12px}"
    ".grid{stroke:currentColor;stroke-opacity:.25}.bar{stroke:currentColor;stroke-width:3}"
    ".dot{fill:currentColor}"
)


def comparison_svg(forces: Sequence[ForceFigures]) -> str:
    """Draw false alerts per face (logarithmic) and false share of alerts (linear), a line for each force."""
    panel = _HEAD + _ROW * len(forces) + _FOOT
    spoken = ". ".join(
        f"{each.name}: {one_in(each.false_alerts_per_face.point)} faces, "
        f"{_bounds(each.false_alerts_per_face)}; {each.in_words}"
        for each in forces
    )
    faces = [each.false_alerts_per_face for each in forces]
    shares = [each.false_share_of_alerts for each in forces]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {2 * panel}" role="img"',
        ' aria-labelledby="title desc" style="color-scheme:light dark">',
        '<title id="title">False alerts of several forces with 95 % intervals</title>',
        f'<desc id="desc">{escape(spoken)}</desc>',
        f"<style>{_STYLE}@media(prefers-color-scheme:dark){{svg{{color:#eee}}}}</style>",
        *_panel("False alerts per face (95 % interval)", forces, faces, 0, logarithmic=True),
        *_panel("False share of alerts decided (95 % interval)", forces, shares, panel, logarithmic=False),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(
    title: str, forces: Sequence[ForceFigures], rates: Sequence[Proportion], top: int, *, logarithmic: bool
) -> list[str]:
    bounds = [value for rate in rates for value in (rate.low95, rate.high95) if value]
    if logarithmic:
        low = math.floor(math.log10(min(bounds, default=1e-6)))
        high = max(low + 1, math.ceil(math.log10(max(bounds, default=1.0))))
        ticks = [(10.0**power, _odds(power)) for power in range(low, high + 1)]
    else:
        low, high = 0, max(1, math.ceil(20 * max(bounds, default=0.05)))  # steps of 5 %
        step = max(1, math.ceil(high / 8))
        ticks = [(each / 20, f"{5 * each} %") for each in range(0, high + 1, step)]

    def x(value: float) -> float:
        at = (math.log10(max(value, 10.0**low)) - low) / (high - low) if logarithmic else 20 * value / high
        return round(_LEFT + _PLOT * min(1.0, max(0.0, at)), 1)

    bottom = top + _HEAD + _ROW * len(forces)
    parts = [f'<text x="8" y="{top + 22}" font-weight="600">{escape(title)}</text>']
    for value, label in ticks:
        parts.append(f'<line class="grid" x1="{x(value)}" y1="{top + _HEAD}" x2="{x(value)}" y2="{bottom}"/>')
        parts.append(f'<text class="small" x="{x(value)}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    for i, (force, rate) in enumerate(zip(forces, rates, strict=True)):
        y = top + _HEAD + _ROW * i + _ROW // 2
        parts.append(f'<text x="8" y="{y}">{escape(_short(force.name))}</text>')
        parts.append(f'<text class="small" x="8" y="{y + 16}">{rate.k:,} of {rate.n:,}</text>')
        parts += _interval(rate, y, x)
    return parts


def _interval(rate: Proportion, y: int, x: Callable[[float], float]) -> list[str]:
    if rate.point is None or rate.low95 is None or rate.high95 is None:
        return [f'<text class="small" x="{_LEFT}" y="{y + 4}">nothing observed</text>']
    parts = [f'<line class="bar" x1="{x(rate.low95)}" y1="{y}" x2="{x(rate.high95)}" y2="{y}"/>']
    if rate.k == 0:
        left = x(0.0)
        parts.append(f'<path class="dot" d="M{left} {y}l9 -5v10z"/>')
    else:
        parts.append(f'<circle class="dot" cx="{x(rate.point)}" cy="{y}" r="5"/>')
    return parts


def _bounds(rate: Proportion) -> str:
    return f"between {one_in(rate.low95)} and {one_in(rate.high95)}"


def _odds(power: int) -> str:
    return f"1 in {10**-power:,}" if power <= 0 else f"{10**power}"


def _short(name: str) -> str:
    most = 24
    return name if len(name) <= most else f"{name[: most - 1]}…"
