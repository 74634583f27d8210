"""Names of people who ask and approve: two of them, and never the same one twice."""

from __future__ import annotations

import unicodedata

from lfr_core.common.errors import Refused

__all__ = ["folded", "person", "two_people"]

_LONGEST_NAME = 100


def person(name: str) -> str:
    """A name as it is kept: Unicode's composed form (NFKC), single spaces.

    Raises:
        Refused: `footage.hold-name`: no name, too long, or not printable.
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
        raise Refused("footage.hold-name", f"say who: a name of at most {_LONGEST_NAME} characters")
    return plain


def folded(name: str) -> str:
    """A name as it is compared: without case, points and hyphens, which don't make another person."""
    letters = (letter if letter.isalnum() else " " for letter in unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(letters).split())


def two_people(requested_by: str, approved_by: str) -> tuple[str, str]:
    """The two names as they are kept.

    Raises:
        Refused: `footage.hold-name`; `footage.hold-one-person`: they are the same.
    """
    names = person(requested_by), person(approved_by)
    if folded(names[0]) == folded(names[1]):
        raise Refused("footage.hold-one-person", "a hold needs two people: somebody else than who asks has to approve")
    return names
