"""What an announcement says of a deployment: where, when and what for; and why one may be withheld."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from lfr_core.common.errors import Refused
from lfr_core.deployments.application import Application
from lfr_core.domain.figures import UseCase
from lfr_core.domain.working_days import LONDON

__all__ = ["Plan", "ReasonClass", "plan", "planned_of"]

_LONGEST = {"place": 120, "purpose": 300}
_FIRST_YEAR, _LAST_YEAR = 2000, 2999
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


class ReasonClass(StrEnum):
    """Why a notice may be withheld: it would defeat the purpose (docs/design.md#the-promises).

    A closed list; the value is published.
    """

    THREAT_TO_LIFE = "threat to life"
    PREVENTS_SERIOUS_CRIME = "notice would prevent the detection of serious crime"
    NATIONAL_SECURITY = "national security"
    SAFETY_OF_A_PERSON = "safety of a vulnerable or missing person"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where, when and what for. Times are aware."""

    place: str
    starts_at: datetime
    ends_at: datetime
    purpose: str
    use_case: UseCase


def planned_of(made: Application) -> Plan:
    """Return what an application says."""
    return Plan(made.place, made.starts_at, made.ends_at, made.purpose, made.use_case)


def plan(*, place: str, day: date, start: time, end: time, purpose: str, use_case: UseCase) -> Plan:
    """Make a plan in London's clock times; an end at or before the start is on the next day.

    Raises:
        Refused: `announcement.bad-text` (empty, too long, control characters), `announcement.bad-time` (the clock
            skips that time, or nobody can say which of two).
    """
    texts = {"place": " ".join(place.split(" ")).strip(), "purpose": " ".join(purpose.split(" ")).strip()}
    for what, text in texts.items():
        if not text or len(text) > _LONGEST[what] or _CONTROL.search(text):
            raise Refused(
                "announcement.bad-text",
                f"the {what} must be one line of 1 to {_LONGEST[what]} characters without control characters",
            )
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Refused("announcement.bad-time", f"{day} is no day of a deployment: give one from {_FIRST_YEAR} on")
    last = day if end > start else day + timedelta(days=1)
    return Plan(texts["place"], _moment(day, start), _moment(last, end), texts["purpose"], use_case)


def _moment(day: date, at: time) -> datetime:
    local = datetime.combine(day, at, tzinfo=LONDON)
    if local.utcoffset() != local.replace(fold=1).utcoffset():  # skipped in spring, twice in autumn
        raise Refused(
            "announcement.bad-time", f"the clocks change on {day}: {at:%H:%M} isn't one moment, give another time"
        )
    return local
