"""The publication officer's word for alerts that nobody judged: without it no person publishes them."""

from __future__ import annotations

from dataclasses import dataclass

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import LONGEST_TEXT

__all__ = ["NotDecidedStatement", "checked_because"]


@dataclass(frozen=True, slots=True)
class NotDecidedStatement:
    """A publication officer's word that nobody judged so many alerts, and why: on the audit trail and in the record."""

    alerts: int
    because: str


def checked_because(deployment: str, waiting: int, word: NotDecidedStatement | None) -> str:
    """Check the word and return its reason, tidied; "" where no alert waits.

    Raises:
        Refused: `results.not-decided`: there is no word and alerts wait; it isn't for just as many as wait, or says
            no reason.
    """
    alerts = f"{waiting} alert{'' if waiting == 1 else 's'}"
    if word is None:
        if waiting:
            raise Refused(
                "results.not-decided",
                f"nobody has judged {alerts}: judge them first, or the publication officer says so, in public, with "
                f"`lfr publish record {deployment} --publish --not-decided {waiting} --because WHY`",
            )
        return ""
    if word.alerts != waiting:
        raise Refused(
            "results.not-decided",
            f"the word is for {word.alerts}, but nobody has judged {alerts}: look at them and say it again",
        )
    because = " ".join(word.because.split())
    if not because or len(because) > LONGEST_TEXT or not because.isprintable():
        raise Refused(
            "results.not-decided",
            f"say in one line of 1 to {LONGEST_TEXT} characters why they weren't judged: the public reads it",
        )
    return because
