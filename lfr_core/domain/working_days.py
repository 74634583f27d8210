"""Working days of England and Wales: when results are due.

Results are due at the end of the fifth working day after the day on which the deployment ended, local time.
Bank holidays come from the package `holidays`; one proclaimed after its release (a coronation, a funeral) is added in
the policy (`publication.extra_bank_holidays`). Deadlines are computed when they are asked for and never stored, so
that a holiday added late moves those that are still running.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import holidays

from lfr_core.common.errors import Poison

if TYPE_CHECKING:
    from lfr_core.domain.policy import PublicationPolicy

__all__ = ["LONDON", "Deadline", "WorkingDays", "day_that_ends", "deadline_words"]

LONDON = ZoneInfo("Europe/London")
"""The force's clock; a day ends at its midnight."""

_SATURDAY = 5


class WorkingDays:
    """Monday to Friday, less the bank holidays of England and Wales and `extra`."""

    def __init__(self, extra: Iterable[date] = ()) -> None:
        self._extra = frozenset(extra)
        self._bank_holidays = holidays.country_holidays("GB", subdiv="ENG")  # Wales has the same

    def is_working(self, day: date) -> bool:
        """Return whether `day` is a working day."""
        return day.weekday() < _SATURDAY and day not in self._extra and day not in self._bank_holidays

    def after(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day`; `day` itself never counts. Raises Poison: a count below 1."""
        if count < 1:
            raise Poison(f"the working day number {count} after a day doesn't exist")
        while count:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Count working days after `start`, with `end`: publication lag (docs/domain.md F15). 0 when end <= start."""
        return sum(self.is_working(start + timedelta(days=d)) for d in range(1, (end - start).days + 1))

    def end_of(self, day: date) -> datetime:
        """Return the midnight, London time, with which `day` is over, as UTC."""
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=LONDON).astimezone(UTC)


def day_that_ends(at: datetime) -> date | None:
    """Return the day that is over at this moment (aware), which is London's midnight; None at any other."""
    local = at.astimezone(LONDON)
    return local.date() - timedelta(days=1) if local.time() == time() else None


def deadline_words(at: datetime) -> str:
    """Say by when: "the end of 4 December 2026"; nobody takes midnight of the 5th for the 4th.

    At another time of the day it is said: "4 December 2026, 16:13".
    """
    day, local = day_that_ends(at), at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M}" if day is None else f"the end of {day.day} {day:%B %Y}"


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a deployment's results must be out. Days are local dates, moments aware UTC."""

    ended_on: date
    remind_on: date
    due_on: date
    due_at: datetime

    @classmethod
    def of(cls, ended_at: datetime, days: WorkingDays, policy: PublicationPolicy) -> Deadline:
        """Return the deadline counted from the moment a deployment ended (aware). Raises Poison for a naive one."""
        if ended_at.tzinfo is None:
            raise Poison("the end of a deployment needs its time zone: give an aware datetime")
        ended_on = ended_at.astimezone(LONDON).date()
        due_on = days.after(ended_on, policy.results_working_days)
        remind_on = days.after(ended_on, policy.reminder_working_days)
        return cls(ended_on, remind_on, due_on, days.end_of(due_on))

    def state(self, now: datetime) -> Literal["running", "reminder", "overdue"]:
        """Return where `now` (aware) stands: from the reminder's morning on a reminder, from `due_at` on overdue."""
        if now >= self.due_at:
            return "overdue"
        return "reminder" if now.astimezone(LONDON).date() >= self.remind_on else "running"
