"""What a row's neighbours say of it: dates out of order, list sizes out of line, columns that are copies, rounding.

Pure functions over a whole series; the oracle of the labelled truth is docs/domain.md 2.3.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from lfr_core.publication.quality.cells import DateCell

__all__ = ["ListSizeOutlier", "expected_date", "is_copy", "list_size_spikes", "out_of_order", "rounded_share"]

_NEIGHBOURS = 4
_FEWEST_ROWS = 8
"""Of a series in which a neighbour can be called usual."""
_FEWEST_COPIED = 8
_FEWEST_DISTINCT = 3
_SPIKE_SHARE = 0.10
"""[measured] The largest step of a right list size in the Met's 203 rows is 7.4 % of it; the slip of 2025 was 19 %."""
_SPIKE_Z = 6.0
"""[proposal] Robust z: a force whose lists vary much is measured by its own variation."""
_MAD_TO_SIGMA = 1.4826
_ROUNDED_P = 1e-6
"""[proposal] Chance that so many counts end in 0 or 5 by themselves."""


@dataclass(frozen=True, slots=True)
class ListSizeOutlier:
    """A list size unlike those before and after it. `z` is robust; `expected` the neighbours' median."""

    z: float
    share: float
    expected: int
    slip: int | None
    """The nearest size that differs in one digit, if it fits the neighbours."""

    @property
    def is_implausible(self) -> bool:
        return abs(self.z) > _SPIKE_Z and self.share > _SPIKE_SHARE


def out_of_order(dates: Sequence[date]) -> list[int]:
    """Find the fewest places (indices) without which `dates` never go back, or never forward if that leaves fewer."""
    forward, backward = _kept(dates), _kept([date.fromordinal(date.max.toordinal() + 1 - d.toordinal()) for d in dates])
    kept = set(backward if len(backward) > len(forward) else forward)
    return [i for i in range(len(dates)) if i not in kept]


def expected_date(cells: Sequence[DateCell], place: int, wrong: Sequence[int]) -> date | None:
    """Find the one reading of the date at `place` between its neighbours: another year, or day and month swapped.

    None when no reading fits, or several do.
    """
    right = [i for i in range(len(cells)) if i not in set(wrong)]
    around = [cells[i].value for i in (*[i for i in right if i < place][-1:], *[i for i in right if i > place][:1])]
    if len(around) != 2:  # before and after
        return None
    low, high = min(around), max(around)
    cell = cells[place]
    readings = {cell.swapped} if cell.swapped else set()
    for years in (-2, -1, 1, 2):
        try:
            readings.add(cell.value.replace(year=cell.value.year + years))
        except ValueError:
            continue  # the 29th of February
    fitting = [each for each in readings if low <= each <= high]
    return fitting[0] if len(fitting) == 1 else None


def list_size_spikes(sizes: Sequence[int | None]) -> list[ListSizeOutlier | None]:
    """Say for each size how it stands out from both the rows before and those after; None where that can't be said.

    A step (a list that grows for good) is no spike: it is like one of its sides.
    """
    known = [(i, size) for i, size in enumerate(sizes) if size]
    spikes: list[ListSizeOutlier | None] = [None] * len(sizes)
    if len(known) < _FEWEST_ROWS:
        return spikes
    deviations: list[float] = []
    around: list[float] = []
    for at, (_, size) in enumerate(known):
        before = [each for _, each in known[max(0, at - _NEIGHBOURS) : at]]
        after = [each for _, each in known[at + 1 : at + 1 + _NEIGHBOURS]]
        around.append(median(before + after))
        if len(before) < 2 or len(after) < 2:  # one alone may be the slip
            deviations.append(0.0)
            continue
        from_before, from_after = size - median(before), size - median(after)
        same_side = from_before * from_after > 0
        deviations.append(min(from_before, from_after, key=abs) if same_side else 0.0)
    scale = max(_MAD_TO_SIGMA * median(map(abs, deviations)), 0.005 * median(size for _, size in known))
    for (i, size), deviation, usual in zip(known, deviations, around, strict=True):
        share = abs(deviation) / usual
        spikes[i] = ListSizeOutlier(deviation / scale, share, round(usual), _slip(size, usual))
    return spikes


def is_copy(one: Sequence[int | None], other: Sequence[int | None]) -> bool:
    """Return whether two columns that mean different things are equal in every row, and not by chance."""
    both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    above_zero = [a for a, _ in both if a]
    return (
        all(a == b for a, b in both) and len(above_zero) >= _FEWEST_COPIED and len(set(above_zero)) >= _FEWEST_DISTINCT
    )


def rounded_share(counts: Sequence[int]) -> tuple[float, bool]:
    """Return the share of multiples of five in `counts` of 100 and more, and whether chance (20 %) can't explain it."""
    from scipy.special import bdtrc

    large = [count for count in counts if count >= 100]  # small counts repeat by themselves
    if not large:
        return 0.0, False
    fives = sum(count % 5 == 0 for count in large)
    p = float(bdtrc(fives - 1, len(large), 0.2))  # P(X >= fives) of a binomial variable
    return fives / len(large), p < _ROUNDED_P


def _kept(dates: Sequence[date]) -> list[int]:
    """Return the indices of a longest subsequence that never goes back (patience sorting)."""
    tails: list[date] = []
    at: list[int] = []
    before: list[int | None] = []
    for i, day in enumerate(dates):
        place = bisect_right(tails, day)
        before.append(at[place - 1] if place else None)
        if place == len(tails):
            tails.append(day)
            at.append(i)
        else:
            tails[place], at[place] = day, i
    kept: list[int] = []
    i_or_none = at[-1] if at else None
    while i_or_none is not None:
        kept.append(i_or_none)
        i_or_none = before[i_or_none]
    return kept[::-1]


def _slip(size: int, usual: float) -> int | None:
    text = str(size)
    near = [
        int(text[:i] + digit + text[i + 1 :]) for i in range(len(text)) for digit in "0123456789" if digit != text[i]
    ]
    best = min(near, key=lambda each: abs(each - usual))
    return best if abs(best - usual) <= 0.02 * usual else None  # as near as neighbours usually are
