"""What was agreed to do about a listed person, and the warning about their age, in words for operators and officers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lfr_core.domain.watchlists import Response

__all__ = ["SHORT", "age_words", "response_to", "response_words"]

ADULT_YEARS: Final = 18
SHORT: Final[Mapping[Response, str]] = {
    Response.ARREST: "Arrest",
    Response.SAFEGUARD: "Safeguard",
    Response.SPEAK_TO: "Speak to",
    Response.RECORD_ONLY: "Record only",
}
"""For a label; the pages have a colour for each."""
_WORDS: Final[Mapping[Response, str]] = {
    Response.ARREST: "Arrest, on grounds of your own",
    Response.SAFEGUARD: "Make safe",
    Response.SPEAK_TO: "Speak to",
    Response.RECORD_ONLY: "Approach nobody: a volunteer who tests the system",
}
_TO_A_CHILD: Final = "Protect first"
"""What stands in place of an arrest where somebody is under 18."""


def response_to(agreed: Response, age: int | None) -> Response:
    """Say as what an alert is shown: of a child nothing says to arrest, whatever was agreed for the category."""
    return Response.SAFEGUARD if _is_child(age) and agreed is Response.ARREST else agreed


def response_words(agreed: Response, age: int | None) -> str:
    """Say what was agreed in the briefing; of a child no card says to arrest."""
    return _TO_A_CHILD if response_to(agreed, age) is not agreed else _WORDS[agreed]


def age_words(age: int | None) -> str:
    """Write the warning about somebody under 18; "" for an adult."""
    if age is None:
        return "Age isn't on the list: if they may be under 18, treat them so."
    return f"UNDER 18: {age} years old. Protect first, and tell your supervisor." if _is_child(age) else ""


def _is_child(age: int | None) -> bool:
    return age is not None and age < ADULT_YEARS
