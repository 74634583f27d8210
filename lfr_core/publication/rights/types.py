"""Requests as values: what is asked, about what, and where a request stands."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from lfr_core.common.errors import Refused

__all__ = [
    "NewRequest",
    "Opened",
    "ReferenceKind",
    "Request",
    "RequestContext",
    "RequestHold",
    "RequestKind",
    "RequestState",
    "new_reference",
    "reference_of",
]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, so that a reference survives being read out."""
_WRITTEN = re.compile(rf"([RS])-?(\d{{4}})-?([{_ALPHABET}]{{4}})-?([{_ALPHABET}]{{4}})-?([{_ALPHABET}]{{4}})")
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", " ": "", "_": "-"})


class ReferenceKind(StrEnum):
    """The first letter of a reference."""

    REQUEST = "R"
    STOP = "S"


class RequestKind(StrEnum):
    """What a person wants."""

    ENQUIRY = "enquiry"
    COMPLAINT = "complaint"


class RequestState(StrEnum):
    """Where a request stands against its month."""

    OPEN = "open"
    DUE_SOON = "due soon"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What a request concerns, as far as the person knows. Times are aware and come in pairs."""

    deployment: str = ""
    """The name the public has for it, or its id."""
    from_at: datetime | None = None
    to_at: datetime | None = None
    place: str = ""
    receipt: str = ""
    """Reference of the receipt given at a stop: alone it says which deployment and when."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as it comes in."""

    kind: RequestKind
    contact: str = field(repr=False)
    """How to answer. Personal data: sealed at once."""
    text: str = field(repr=False)
    about: RequestContext = RequestContext()
    asks_listed: bool = False
    received_on: date | None = None
    """London's day on which it came; today unless given."""


@dataclass(frozen=True, slots=True)
class RequestHold:
    """A hold that a complaint placed by itself."""

    id: str
    deployment: str
    segments: int
    lapses_at: datetime
    """When it lapses unless a second person confirms it."""
    requested_by: str
    """Who may not confirm it."""
    confirmed_by: str
    """Empty: provisional."""
    ended_at: datetime | None
    """When it was released, or lapsed."""

    @property
    def is_provisional(self) -> bool:
        return not self.confirmed_by and self.ended_at is None


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request without opening it: no personal data."""

    reference: str
    kind: RequestKind
    asks_listed: bool
    deployment: str | None
    from_ns: int | None
    to_ns: int | None
    receipt: str
    received_on: date
    due_on: date
    """The last day on which an answer is in time."""
    due_at: datetime
    taken_by: str
    neither_confirm_nor_deny: bool
    disclosure_asked_by: str
    """Who asked that it be answered plainly; another approves."""
    disclosure_digest: str
    """Of what they asked for: who approves says it. Empty while nobody has."""
    answered_at: datetime | None
    answered_by: str
    closed_at: datetime | None
    closed_by: str
    withdrawn: bool
    state: RequestState
    holds: tuple[RequestHold, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """What is sealed of a request."""

    contact: str = field(repr=False)
    text: str = field(repr=False)
    place: str = field(repr=False)
    answer: str = field(default="", repr=False)


def new_reference(kind: ReferenceKind, year: int, below: Callable[[int], int] = secrets.randbelow) -> str:
    """Draw a reference as R-2026-7QF3-9KXM-2TWA.

    It has 60 random bits, so that nobody can try references one after the other.
    """
    drawn = "".join(_ALPHABET[below(len(_ALPHABET))] for _ in range(12))
    return f"{kind.value}-{year}-{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def reference_of(text: str, kind: ReferenceKind) -> str:
    """Return a reference as it is kept, from one typed or read out: small letters, spaces, O for 0 are forgiven.

    Raises:
        Refused: `rights.bad-reference`.
    """
    is_short = len(text) <= 60  # thrice a reference
    found = _WRITTEN.fullmatch(text.strip().upper().translate(_MISREAD)) if is_short else None
    if found is None or found[1] != kind.value:
        raise Refused("rights.bad-reference", f"a reference is written as {kind.value}-2026-7QF3-9KXM-2TWA")
    return "-".join(found.groups())
