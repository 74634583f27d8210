"""What a promise is, what looking at it can come to, and what a check has to be. Values and one Protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from lfr_core.common.errors import Fatal

__all__ = ["Promise", "PromiseCheck", "PromiseFinding", "Result", "finding"]

_MOST_NAMED = 20
"""Ids in one finding; the evidence tells their number too."""


class Result(StrEnum):
    """What one look at a promise came to."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNCHECKED = "unchecked"
    """It can't be checked now: a service is away, or there isn't enough to tell. Never counted as holding."""
    NOTHING = "nothing"
    """There is none of what the promise is about, so that nothing could break it. Never counted as holding."""


@dataclass(frozen=True, slots=True)
class PromiseFinding:
    """What a check found. Nothing in it is personal data."""

    result: Result
    message: str
    """One sentence for the public. No ids in it: an id may name the place of a deployment that is withheld."""
    evidence: Mapping[str, str | int] = field(default_factory=dict)
    """Numbers and hashes, for the public."""
    subjects: tuple[str, ...] = ()
    """What breaks it, as `kind:id`, at most a few: for staff."""
    detail: str = ""
    """Why it can't be checked, in the service's own words: for staff."""


class PromiseCheck(Protocol):
    """Looks whether one promise is kept. It changes nothing."""

    @property
    def id(self) -> str:
        """Stable, dotted words; those of the promise it belongs to."""
        ...

    def check(self, now_ns: int) -> PromiseFinding:
        """See what is so at `now_ns` (wall time). Raises an LfrError when that can't be seen: it is then unchecked."""
        ...


@dataclass(frozen=True, slots=True)
class Promise:
    """A sentence that the public was given. Raises Fatal unless it has either a check or a reason why not."""

    id: str
    sentence: str
    """As the public reads it, with the policy's numbers."""
    rule: str
    """What is behind it: a value of the policy, a mechanism, a law."""
    check: str = ""
    """Id of its check; "": there is none."""
    why_no_check: str = ""
    without: tuple[str, ...] = ()
    """What `why_no_check` says that the records lack: no table or column has one of these words in its name."""

    def __post_init__(self) -> None:
        if bool(self.check) == bool(self.why_no_check):
            raise Fatal(f"promise {self.id} needs a check, or a reason why there is none: give one of the two")


def finding(
    broken: Sequence[str],
    *,
    holds: str,
    breaks: str,
    evidence: Mapping[str, str | int] | None = None,
    looked_at: int | None = None,
) -> PromiseFinding:
    """Make a finding: broken, as `breaks` says, if anything is in `broken` (`kind:id`); else it holds, as `holds`.

    `looked_at`: of how many things that is said. None of them is nothing that holds.
    """
    numbers = {**(evidence or {}), "broken": len(broken)}
    if broken:
        return PromiseFinding(Result.BROKEN, breaks, numbers, tuple(broken[:_MOST_NAMED]))
    if looked_at == 0:
        return PromiseFinding(Result.NOTHING, "there is nothing that it could be checked on", numbers)
    return PromiseFinding(Result.HOLDS, holds, numbers)
