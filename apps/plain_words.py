"""Turns sentences that name a command or an id into what officers read: pages have a button, or a name. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from lfr_core.domain.working_days import LONDON

__all__ = ["plain_sentence", "plain_sentences", "plain_words"]

_COMMAND: Final = re.compile(r"`lfr .*$", re.DOTALL)
_LEFT: Final = re.compile(r"(?:[\s:;,.(?]|(?<![\w-])(?:or|and|see|run|with|by))+$", re.IGNORECASE)
"""What led up to the command."""
_ADDRESS: Final = re.compile(
    r"\s+at (?:(?:https?://|/)[^\s,;()]+|(?:\d+\.\d+\.\d+\.\d+|localhost|[a-z][\w-]*(?:\.[\w-]+)+):\d+(?:,[^\s;()]+)*)"
)
"""Where one of the platform's servers listens, on the network or at a socket."""
_DATABASE: Final = re.compile(
    r"\s+\((?:sqlite|postgresql)[\w+]*://[^\s()]*\)|(?:\s+at)?\s+(?:sqlite|postgresql)[\w+]*://[^\s,;()]*(?<![:.])"
    r'|\s+to server at "[^"]*"(?: \([^()]*\))?(?:, port \d+)?'
)
"""Where the database is and whose login it is, as settings and its own refusals have it."""
_SETTING: Final = re.compile(r"\s*\([^()]*\bLFR_[A-Z][^()]*\)|(?:^|[;:.,])[^;:.,()]*\bLFR_[A-Z][^;:.()]*")
"""The part of a sentence that names a setting, which whoever runs the platform reads at a terminal."""
_FOLDERS: Final = re.compile(r"(?<![\w:/.])/(?:[^\s/:;,()]+/)+(?=[^\s/:;,()])")
"""In which folders of the machine a file lies: people know it by its name."""
_HASH: Final = re.compile(r"\s*\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}\b")
_ID: Final = re.compile(r"\s*\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


_BETWEEN: Final = re.compile(r"([;.] )(?=[A-Z])")
_SINCE: Final = re.compile(r"( \(since [^()]*\))$")
"""What stands after a command and is no part of it."""
_ISO: Final = re.compile(
    r"\b(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[ T](?P<time>\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?P<zone>Z| ?UTC|\+00:00| GMT| BST)?)?"
)
"""A moment as programs write it."""


def plain_words(text: str) -> str:
    """Return a sentence without the command that ends it, ids, hashes, servers' addresses, folders and the last point.

    Nor does it say what the database is called, or what is said of the platform's settings.

    Days and times stand as people write them; one of UTC's clock by London's. What somebody typed into a name, or
    called a file, is no link or picture where the sentence is shown: Streamlit would draw one.
    """
    for what in (_DATABASE, _ADDRESS, _FOLDERS, _ID, _HASH):
        text = what.sub("", text)
    return _LEFT.sub("", _SETTING.sub("", _COMMAND.sub("", _ISO.sub(_moment, text)))).strip().replace("](", "] (")


def plain_sentence(text: str) -> str:
    """Return it as `plain_words` does, as a sentence of its own: a capital in front, a point at the end."""
    words = plain_words(text)
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def plain_sentences(text: str) -> str:
    """Return what several parts of the platform say, each as `plain_words`: a command ends its own sentence alone."""
    said = []
    for number, each in enumerate(_BETWEEN.split(text)):
        what, *since = _SINCE.split(each)
        said.append(each if number % 2 else " ".join(filter(None, map(plain_words, (what, *since)))))
    return "".join(said)


def _moment(found: re.Match[str]) -> str:
    try:
        at = datetime.fromisoformat(f"{found['day']}T{found['time'] or '00:00'}")
    except ValueError:  # no day of the calendar
        return found[0]
    if (found["zone"] or "").strip() in {"Z", "UTC", "+00:00"}:
        at = at.replace(tzinfo=UTC).astimezone(LONDON)
    day = f"{at.day} {at:%B %Y}"
    return f"{day}, {at:%H:%M}" if found["time"] else day
