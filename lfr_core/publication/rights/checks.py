"""What may be written into a request, and who may be named. Every refusal says what to do; nothing is cut short."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

from lfr_core.common.errors import Refused
from lfr_core.publication.rights.types import RequestContext

__all__ = ["LONGEST_TEXT", "LONGEST_WINDOW_H", "check_line", "check_purpose", "received", "window_ns", "words"]

LONGEST_TEXT = 8_000
"""Characters of a request or an answer: four typed pages."""
LONGEST_WINDOW_H = 24
"""No deployment is longer."""
_LONGEST_LINE = 300
_LONGEST_PURPOSE = 200
"""Characters: what the vault's `OpenKept` takes."""
_OLDEST_DAYS = 366
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def words(what: str, text: str) -> str:
    """Return a text of several lines, in Unicode's composed form. Raises Refused `rights.bad-text`."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not plain:
        raise Refused("rights.bad-text", f"the {what} is empty: write it")
    if len(plain) > LONGEST_TEXT:
        raise Refused("rights.bad-text", f"the {what} has {len(plain)} characters, {LONGEST_TEXT} at most: shorten it")
    if _CONTROL.search(plain.replace("\n", "").replace("\t", "")):
        raise Refused("rights.bad-text", f"the {what} has control characters: paste it as plain text")
    return plain


def check_line(what: str, text: str, *, needed: bool = True) -> str:
    """Check that a text is one line, and return it without spaces around it. Raises Refused `rights.bad-text`."""
    plain = unicodedata.normalize("NFC", text).strip(" ")
    if (needed and not plain) or len(plain) > _LONGEST_LINE or _CONTROL.search(plain):
        raise Refused(
            "rights.bad-text",
            f"the {what} must be one line of {int(needed)} to {_LONGEST_LINE} characters without control characters",
        )
    return plain


def check_purpose(purpose: str) -> str:
    """Return what somebody opens a request for. Raises Refused `rights.bad-text`: longer than the vault takes."""
    if len(purpose) > _LONGEST_PURPOSE:
        raise Refused(
            "rights.bad-text",
            f"the purpose has {len(purpose):,} characters: say it in at most {_LONGEST_PURPOSE}",
        )
    return purpose


def received(day: date | None, today: date) -> date:
    """Return the day of receipt. Raises Refused `rights.bad-day`: in the future, or over a year ago."""
    if day is None:
        return today
    if not today - timedelta(days=_OLDEST_DAYS) <= day <= today:
        said = f"{day.day} {day:%B %Y}"
        raise Refused("rights.bad-day", f"a request came today or within the year before, not on {said}: mend the day")
    return day


def window_ns(about: RequestContext, now: datetime) -> tuple[int, int] | None:
    """Return the stretch of time a request is about, wall time in nanoseconds, or None.

    Raises:
        Refused: `rights.bad-window`: one end alone, without a time zone, begun in the future, not in order, or longer
            than any deployment.
    """
    begin, end = about.from_at, about.to_at
    if begin is None and end is None:
        return None
    if begin is None or end is None or begin.tzinfo is None or end.tzinfo is None:
        raise _window("give both its beginning and its end, with a time zone")
    if begin > now:
        raise _window("it begins in the future")
    if not timedelta(0) < end - begin <= timedelta(hours=LONGEST_WINDOW_H):
        raise _window(f"it ends after it begins, within {LONGEST_WINDOW_H} hours")
    return _ns(begin), _ns(end)


def _window(why: str) -> Refused:
    return Refused("rights.bad-window", f"the time of what happened can't be used: {why}")


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1_000
