"""Turns sentences that name a command or an id into what officers read: pages have a button, or a name. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["plain_words"]

_COMMAND: Final = re.compile(r"`lfr .*$", re.DOTALL)
_LEFT: Final = re.compile(r"(?:[\s:;,.(?]|(?<![\w-])(?:or|and|see|run|with|by))+$", re.IGNORECASE)
"""What led up to the command."""
_ID: Final = re.compile(r"\s*\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


def plain_words(text: str) -> str:
    """Return a sentence without the command that ends it, without ids, and without the point at its end."""
    return _LEFT.sub("", _COMMAND.sub("", _ID.sub("", text))).strip()
