"""Small numbers of people are printed as a range, so that nobody is recognised in a table.

Printing the total and all cells but one gives the one away. So, where a set of cells has a published total, more cells
are withheld until what is printed no longer fixes a small one. False alerts are the force's errors, not people's
data: they never pass through here.
"""

from __future__ import annotations

from collections.abc import Mapping

from lfr_core.common.errors import Poison

__all__ = ["WITHHELD", "PublishedCount", "suppress_count", "suppress_counts"]

PublishedCount = int | str
"""A count, or "1-4" where it is too small to print, or `WITHHELD` where printing it would give another away."""

WITHHELD = "withheld"


def suppress_count(count: int, below: int) -> PublishedCount:
    """Return `count`, or "1-4" (for `below` 5) where it is between. 0 is printed. Raises Poison for less than 0."""
    if count < 0:
        raise Poison("a count of people is negative: count them again")
    return f"1-{below - 1}" if 0 < count < below else count


def suppress_counts(counts: Mapping[str, int], below: int) -> dict[str, PublishedCount]:
    """Return the cells of a set whose total is published too, in the same order.

    The smallest other cells are withheld until the total no longer fixes a small one; if it still does with every
    cell above 0 hidden (two people in two cells), all cells are withheld, those of 0 too.
    """
    small = {name for name, count in counts.items() if 0 < count < below}
    withheld: set[str] = set()
    larger = sorted((name for name, count in counts.items() if count >= below), key=lambda name: counts[name])
    while small and _given_away(counts, small, withheld, below):
        if not larger:
            return dict.fromkeys(counts, WITHHELD)
        withheld.add(larger.pop(0))
    return {name: WITHHELD if name in withheld else suppress_count(count, below) for name, count in counts.items()}


def _given_away(counts: Mapping[str, int], small: set[str], withheld: set[str], below: int) -> bool:
    """Return whether total less printed cells leaves some hidden small cell only one value it can have."""
    hidden = sum(counts[name] for name in small | withheld)
    most = below - 1
    # A withheld cell is known to be `below` or more; small ones lie in 1..most. The sum must leave some play.
    if withheld:
        lowest = len(small) + below * len(withheld)
        return hidden == lowest
    return hidden in (len(small), most * len(small)) or len(small) == 1
