"""Writes a count with its noun, and what follows it, as people do: 1 deployment is, 2 deployments are. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["agree", "counted", "each_of", "expected_count"]

_OTHERS: Final = {"person": "people", "is": "are", "has": "have", "was": "were", "does": "do", "waits": "wait"}


def counted(count: float, noun: str) -> str:
    """Return the count, with its thousands apart, and the noun in the number that goes with it.

    noun: of one, as "false alert"; its last word is the one that changes.

    Example:
        >>> counted(1, "deployment"), counted(2000, "entry"), counted(0, "person")
        ('1 deployment', '2,000 entries', '0 people')
    """
    number = f"{count:,}" if isinstance(count, int) else f"{count:g}"
    return f"{number} {noun if count == 1 else _plural(noun)}"


def each_of(count: int, noun: str) -> str:
    """Return what stands before a verb in the singular.

    Example:
        >>> each_of(1, "list"), each_of(3, "list")
        ('the one list', 'each of the 3 lists')
    """
    return f"the one {noun}" if count == 1 else f"each of the {counted(count, noun)}"


def expected_count(count: float) -> str:
    """Return a count that is expected, not counted, as people read it: two digits below ten, whole above.

    Example:
        >>> expected_count(475.84), expected_count(1.234), expected_count(0.0), expected_count(0.004)
        ('476', '1.2', '0', 'under 0.01')
    """
    if 0.0 < count < 0.01:  # more zeros tell nobody more
        return "under 0.01"
    return f"{count:,.0f}" if count >= 10 or count == 0.0 else f"{count:.2g}"  # as the docstring says


def agree(count: float, one: str, others: str = "") -> str:
    """Return the word as it goes with the count: `one` with 1, else `others`, which the commonest have by themselves.

    Example:
        >>> agree(1, "is"), agree(3, "is"), agree(2, "lacks", "lack")
        ('is', 'are', 'lack')
    """
    return one if count == 1 else others or _OTHERS[one]


def _plural(noun: str) -> str:
    before, space, last = noun.rpartition(" ")
    if last in _OTHERS:
        plural = _OTHERS[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        plural = f"{last[:-1]}ies"
    else:
        plural = f"{last}s"
    return f"{before}{space}{plural}"
