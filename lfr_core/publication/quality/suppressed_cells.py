"""Small numbers that a force keeps back, so that nobody in them is recognised: "<5", "fewer than 5", "1-4", "*", "[c]".

Such a cell says something, and no number: it stands in no sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lfr_core.publication.quality.plain_cells import bare, clean

__all__ = ["SuppressedCell", "read_suppressed"]

_MOST = 1_000
"""A number kept back is below that; what is printed as below a larger one is an estimate, and stays unreadable."""
_FIGURES = {"three": "3", "five": "5", "six": "6", "ten": "10"}
_IN_WORDS = re.compile(rf"\b(?:{'|'.join(_FIGURES)})\b", re.IGNORECASE)
_BELOW = re.compile(r"(?:<|&lt;|(?:less|fewer|lower) than|under|below)\s*(\d{1,4})", re.IGNORECASE)
_AT_MOST = re.compile(
    r"(?:<=|=<|≤|up to|at most|no more than)\s*(\d{1,4})|(\d{1,4})\s+or\s+(?:less|fewer|under|below)", re.IGNORECASE
)
_BETWEEN = re.compile(r"(\d{1,3})\s*(?:[-\u2010-\u2014]|to)\s*(\d{1,4})", re.IGNORECASE)
_MARKS = frozenset({"*", "**", "c", "[c]", "(c)", "[low]", "low", "suppressed", "[suppressed]", "withheld", "redacted"})
"""Of the Government's statisticians and of answers under the Freedom of Information Act; how small isn't said."""


@dataclass(frozen=True, slots=True)
class SuppressedCell:
    """What is printed, and what the number may be: from `low` to `high`, None where nothing says how much."""

    text: str
    low: int
    high: int | None


def read_suppressed(text: str) -> SuppressedCell | None:
    """Read a count that is kept back; None where the cell is anything else."""
    said = bare(text)
    if said.casefold() in _MARKS:
        return SuppressedCell(said, 0, None)
    said = _IN_WORDS.sub(lambda word: _FIGURES[word[0].casefold()], clean(text))
    if found := _BELOW.fullmatch(said):
        return _bounded(said, 0, int(found[1]) - 1)
    if found := _AT_MOST.fullmatch(said):
        return _bounded(said, 0, int(found[1] or found[2]))
    if found := _BETWEEN.fullmatch(said):
        return _bounded(said, int(found[1]), int(found[2]))
    return None


def _bounded(said: str, low: int, high: int) -> SuppressedCell | None:
    return SuppressedCell(said, low, high) if low < high < _MOST or low == high == 0 else None
