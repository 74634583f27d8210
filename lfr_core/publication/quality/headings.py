"""The headings under which forces print the columns of their tables (docs/domain.md 2.1).

Compared as words: lower case, without punctuation, footnote marks and line breaks; what no heading is equal to, by the
words that matter alone. The words themselves: `heading_words.py`.
"""

from __future__ import annotations

import re
from typing import Final

from lfr_core.publication.quality.columns import MODERN, Column
from lfr_core.publication.quality.heading_words import HEADING_WORDS
from lfr_core.publication.tabular import NATIONAL_COLUMNS

__all__ = ["column_of"]

_LONGEST_HEADER = 500  # characters; two lines and their footnotes are a fifth
_FOOTNOTE = re.compile(r"\((?:see )?note[^)]*\)|\[[^\]]*\]|[*†‡§¹²³⁴⁵]", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\([^)]*\)")
_FILLERS = frozenset(
    {
        *(
            "a",
            "an",
            "the",
            "of",
            "in",
            "on",
            "at",
            "for",
            "by",
            "nr",
            "number",
            "numbers",
            "total",
            "overall",
            "estimate",
            "estimated",
            "approx",
            "approximate",
            "lfr",
            "and",
            "police",
            "public",
            "made",
        ),
    }
)
"""Words without which a header says the same."""
_EXAMPLE = re.compile(r"\(e\.?g\.?[^)]*\)", re.IGNORECASE)


def _words(header: str) -> str:
    """Write a header as words: "True Alerts: Confirmed*" -> "true alerts confirmed"."""
    text = _EXAMPLE.sub(" ", _FOOTNOTE.sub(" ", header)).casefold()
    words = " ".join(re.sub(r"[^a-z0-9%]+", " ", text).split())
    return re.sub(r"(?<=.)\bno of\b", "number of", words)


def _core(words: str) -> frozenset[str]:
    """Return the words that matter, in the singular, whatever their order."""
    kept = words.removeprefix("no of ").split()
    return frozenset(word.removesuffix("s") for word in kept if word not in _FILLERS)


_BY_WORDS: Final = (
    {column.value.replace("_", " "): column for column in Column}
    | {_words(header): column for header, column in zip(NATIONAL_COLUMNS, MODERN, strict=True)}
    | {header: column for column, headers in HEADING_WORDS.items() for header in headers}
)


_BY_CORE: Final = {core: column for words, column in reversed(_BY_WORDS.items()) if (core := _core(words))}


def column_of(header: str) -> Column | None:
    """Find the column a header names, or None: by its words, or else those that matter ("Estimated no. of faces")."""
    if len(header) > _LONGEST_HEADER:
        return None
    for text in (header, _IN_BRACKETS.sub(" ", header)):
        words = _words(text)
        if column := _BY_WORDS.get(words) or _BY_CORE.get(_core(words)):
            return column
    return None
