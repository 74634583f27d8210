"""The calendar as a month, Monday first, from values: pure; what was typed is escaped."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape

from apps.tables import table_html
from lfr_core.deployments.readiness import CalendarEntry
from lfr_core.domain.working_days import LONDON

__all__ = ["first_of", "month_html", "month_offset"]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def first_of(day: date | datetime) -> date:
    """Return the first day of its month."""
    return date(day.year, day.month, 1)


def month_offset(first: date, months: int) -> date:
    """Return the first day of the month so many later, or earlier."""
    count = first.year * 12 + first.month - 1 + months
    return date(min(9998, max(2, count // 12)), count % 12 + 1, 1)


def month_html(entries: Sequence[CalendarEntry], first: date, today: date) -> str:
    """Show the month that begins on `first`, each deployment on every day on which it runs."""
    heads = "".join(f'<th scope="col"><abbr title="{day}">{day[:3]}</abbr></th>' for day in _DAYS)
    weeks = "".join(
        f"<tr>{''.join(_day(entries, day, first, today) for day in week)}</tr>"
        for week in Calendar().monthdatescalendar(first.year, first.month)
    )
    return table_html(weeks, heads=heads, words=f"{first:%B %Y}", kind="pln-month")


def _day(entries: Sequence[CalendarEntry], day: date, first: date, today: date) -> str:
    if day.month != first.month:
        return "<td></td>"
    those = "".join(
        f"<li>{escape(one.name)} <small>{_from(one, day)}, {escape(one.status.value)}</small></li>"
        for one in entries
        if _first_day(one) <= day <= _last_day(one)
    )
    now = ' aria-current="date"' if day == today else ""
    return f"<td{now}><b>{day.day}</b>{f'<ul>{those}</ul>' if those else ''}</td>"


def _from(one: CalendarEntry, day: date) -> str:
    return f"from {one.application.starts_at.astimezone(LONDON):%H:%M}" if day == _first_day(one) else "goes on"


def _first_day(one: CalendarEntry) -> date:
    return one.application.starts_at.astimezone(LONDON).date()


def _last_day(one: CalendarEntry) -> date:
    """Return the last day on which it runs: of one that ends at midnight the day before."""
    return (one.application.ends_at.astimezone(LONDON) - timedelta(microseconds=1)).date()
