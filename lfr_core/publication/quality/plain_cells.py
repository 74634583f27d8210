"""What every reader of a force's cells begins with: the text without what isn't meant, and whether it says anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["WEEKDAY", "UnreadableCell", "bare", "clean", "from_to", "read_words", "said_in"]

_NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "none", "nil", "tbc", "not recorded", "not tested"})
_LONGEST = 100  # characters of a number, date, duration or rate
_NO_VALUE = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FIELD!|GETTING_DATA)|#{2,}", re.IGNORECASE
)
_FOOTNOTE_MARKS = " *†‡§#¹²³⁴⁵⁶⁷⁸⁹"
_NOTE = re.compile(r"\(\s*(?:see\s+)?note", re.IGNORECASE)
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Soft hyphens, zero-width characters, and those that turn the direction of text: of web pages and documents."""
WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+(?=\w)", re.IGNORECASE)
_UNTIL = (re.compile(r"\s+(?:to|until|till|and)\s+|\s*[–—]\s*|\s+[-/&]\s*", re.IGNORECASE), re.compile("[-/&]"))
"""What stands between the first and the last day or time; the less ambiguous first."""


class UnreadableCell(ValueError):
    """The cell doesn't say what its column should; the message says what was expected."""


def bare(text: str) -> str:
    """Remove odd spaces, what isn't seen, and line breaks."""
    return _SPACES.sub(" ", _UNSEEN.sub("", text)).strip()


def clean(text: str) -> str:
    """Remove odd spaces, what isn't seen, line breaks and footnote marks at the end."""
    text = bare(text)
    while text:
        begins = text.rfind({")": "(", "]": "["}.get(text[-1], "\n"))
        if begins >= 0 and (text[-1] == "]" or _NOTE.match(text, begins)):
            text = text[:begins].rstrip()
        elif text[-1] in _FOOTNOTE_MARKS:
            text = text.rstrip(_FOOTNOTE_MARKS)
        else:
            break
    return text


def said_in(text: str) -> str | None:
    """Return what a cell says, None where it says nothing. Raises UnreadableCell for what is longer than any value."""
    if _NO_VALUE.fullmatch(text.strip()):
        raise UnreadableCell("a value: a spreadsheet shows this where a formula fails or a column is too narrow")
    if len(text := clean(text)) > _LONGEST:
        raise UnreadableCell(f"at most {_LONGEST} characters")
    return None if text.casefold() in _NOTHING else text


def read_words(text: str) -> str:
    """Read words, odd spaces made plain; "" where the cell says nothing. Raises UnreadableCell for what are none."""
    if _NO_VALUE.fullmatch(text.strip()):
        raise UnreadableCell("words: a spreadsheet shows this where a formula fails or a column is too narrow")
    return " ".join(clean(text).split())


def from_to(said: str) -> Iterator[tuple[str, str]]:
    """Yield each way in which the text may be two: from and to."""
    for between in _UNTIL:
        for found in between.finditer(said):
            yield said[: found.start()].strip(), said[found.end() :].strip()
