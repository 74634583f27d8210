"""One line of `lfr doctor`: what was looked at, how it stands, what it says, how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from lfr_core.common.errors import LfrError

__all__ = ["Check", "Level", "fail", "guarded", "ok", "warn"]


class Level(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    """It works, or isn't needed now; look at it some time."""
    FAIL = "fail"
    """Something won't work."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    level: Level
    says: str
    mend: str = ""
    """What to do; "" where nothing is to be done."""


def ok(name: str, says: str) -> Check:
    return Check(name, Level.OK, says)


def warn(name: str, says: str, mend: str) -> Check:
    return Check(name, Level.WARN, says, mend)


def fail(name: str, says: str, mend: str) -> Check:
    return Check(name, Level.FAIL, says, mend)


def guarded(name: str, check: Callable[[], Check]) -> Check:
    """Run a check whose own breaking is a finding too: the doctor examines what may be broken in any way."""
    try:
        return check()
    except LfrError as error:
        return fail(name, str(error), "the sentence says how")
    except Exception as error:  # noqa: BLE001  see above
        return fail(name, f"{type(error).__name__}: {error}", "this is a bug: report it with the line above")
