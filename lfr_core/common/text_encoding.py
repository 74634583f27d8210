"""Text of which nobody says how it is encoded: UTF-8, -16 or -32, or the code pages in which spreadsheets save CSV."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

from lfr_core.common.errors import Poison

__all__ = ["decode_text"]

_CODE_PAGES = {"cp1252": "Windows-1252", "mac_roman": "Macintosh", "cp850": "MS-DOS (850)", "cp1250": "Windows-1250"}
"""In which Excel saves "CSV", "CSV (Macintosh)" and "CSV (MS-DOS)" in western Europe, and "CSV" in central Europe; of
equals the first counts."""

_USUAL = frozenset("£€–—‘’“”•…°§©®½¼¾´·«»¿¡")
_OPENING = frozenset("‘“„‚«")
_BEYOND_ASCII = re.compile(r"(?s)(?<=(.))([^\x00-\x7f])")
_SAMPLE = 4_000
"""Bytes, or letters beyond ASCII, by which an encoding is judged."""
_MANY_ZEROS = 0.3
"""Share of one half of the bytes: what UTF-16 makes of western text."""


def decode_text(data: bytes, name: str) -> tuple[str, str]:
    """Return the text and what it was encoded in. name: what people call the file.

    Raises:
        Poison: it is no text in any of these.
    """
    if (wide := _wide(data)) is not None:
        try:
            text = data.decode(wide).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise Poison(
                f"{name} is damaged: its {_called(wide)} ends or breaks at byte {error.start}; save it again"
            ) from error
        return _without_nul(text, name), _called(wide)
    try:
        return _without_nul(data.decode("utf-8-sig"), name), "UTF-8"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    best: tuple[int, str, str] | None = None
    for page, called in _CODE_PAGES.items():
        try:
            text = data.decode(page)
        except UnicodeDecodeError:
            continue
        if best is None or _plausibility(text) > best[0]:
            best = _plausibility(text), text, called
    if best is None or best[0] < 0:
        raise Poison(
            f"{name} isn't UTF-8 (line {line}), nor readable in another encoding: save it again as 'CSV UTF-8 (comma "
            "delimited)'"
        )
    return _without_nul(best[1], name), best[2]


def _wide(data: bytes) -> str | None:
    """Return the encoding of text with two or four bytes a character, None for other text."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    most = max(even, odd)
    if not most or min(even, odd) or most < _MANY_ZEROS * len(sample) / 2:
        return None
    return "utf-16-le" if odd else "utf-16-be"


def _called(wide: str) -> str:
    return wide[:6].upper()


def _without_nul(text: str, name: str) -> str:
    text = text.rstrip("\0\x1a")  # with which programs of MS-DOS end or fill a file
    if "\0" in text:
        raise Poison(f"{name} holds NUL characters: it isn't a text file. Save it as 'CSV UTF-8 (comma delimited)'.")
    return text


def _plausibility(text: str) -> int:
    """Count letters and usual signs less oddities beyond ASCII: a capital within a word is an oddity."""
    score = 0
    for found in islice(_BEYOND_ASCII.finditer(text), _SAMPLE):
        before, character, after = found[1], found[2], text[found.end() : found.end() + 1]
        usual = (character in _USUAL and not (character == "£" and after.isalpha())) or (
            unicodedata.normalize("NFD", character)[0].isascii() or character in "æøßœþðłđÆØŒÞÐŁĐ"
        )
        capital = character.isupper() and (before.islower() or (before.isalpha() and after.islower()))
        quote = character in _OPENING and before.isalpha()
        cased = character.islower() and after.isupper()
        score += 1 if usual and character.isprintable() and not (capital or quote or cased) else -1
    return score
