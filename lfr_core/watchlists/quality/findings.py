"""From the suite's results to findings that name entry and reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import pandas as pd

from lfr_core.common.quality.findings import Finding, Unchecked
from lfr_core.common.quality.rules import Rule
from lfr_core.common.quality.suites import RuleResult
from lfr_core.domain.categories import parse_category
from lfr_core.domain.watchlists import Category, Refusal, RefusalReason
from lfr_core.watchlists.csv_file import Rows, parse_age, parse_day
from lfr_core.watchlists.eligibility import ADULT_YEARS
from lfr_core.watchlists.entries import WatchlistReport
from lfr_core.watchlists.quality.result import CategoryCount, MinorEntry

__all__ = ["composition", "findings_of", "minor_entries", "minors", "newest_check", "unchecked_of", "unnamed"]

_TAKEN = {
    "image_source": "the source is taken as not stated",
    "image_date": "the photographs are taken as undated",
    "age": "everybody is taken as 18 or over",
    "checked_on": "the day of the last check is taken as unknown",
}
"""The default where an evaluation's or a demo's file lacks the column."""

_OF_THE_WHOLE = frozenset({RefusalReason.TOO_MANY, RefusalReason.TEST_SUBJECTS_ONLY})


def findings_of(results: Iterable[RuleResult], frame: pd.DataFrame, refusals: Sequence[Refusal]) -> list[Finding]:
    """Return what broke the rules on `frame`. refusals: whose words explain a row that can't be taken."""
    by_line = {int(line): at for at, line in enumerate(frame["row"])}
    words = {refusal.line: refusal.message for refusal in refusals}
    found = []
    for result in results:
        rule = result.rule
        for values in result.failing:
            line = int(str(values["row"]))
            row = frame.iloc[by_line[line]]
            said = {"row-readable": words.get(line), "photograph-opens": str(row.get("why", ""))}.get(rule.name)
            found.append(
                Finding(
                    rule=rule.name,
                    line=line if line > 1 else None,
                    subject=str(row.get("subject_text", "")),
                    photograph=str(row.get("photograph_text", "")),
                    value=_text(row[rule.shows]),
                    message=said or rule.message,
                    refuses=rule.refuses,
                )
            )
    return found


def unnamed(refusals: Iterable[Refusal], found: Sequence[Finding]) -> list[Finding]:
    """Make findings of what enrolment refuses and no rule named: nothing that is left out goes unsaid."""
    lines = {finding.line for finding in found if finding.refuses}
    whole = None in lines
    return [
        Finding(
            rule=refusal.reason.value,
            line=refusal.line,
            subject=refusal.subject,
            photograph=refusal.photograph,
            value="",
            message=refusal.message,
            refuses=True,
        )
        for refusal in refusals
        if refusal.line not in lines and not (whole and refusal.reason in _OF_THE_WHOLE)
    ]


def unchecked_of(
    rules: Sequence[Rule], results: Sequence[RuleResult], columns: frozenset[str], *, why_not: str = ""
) -> list[Unchecked]:
    """List the rules that looked at nothing, and why.

    why_not: for those that weren't run though their column is there.
    """
    looked_at = Counter[str]()
    for result in results:
        looked_at[result.rule.name] += result.looked_at
    ran: Mapping[str, bool] = {result.rule.name: True for result in results}
    unchecked = []
    for rule in rules:
        if looked_at[rule.name]:
            continue
        if rule.needs and rule.needs not in columns:
            why = f"the file has no column {rule.needs}: {_TAKEN[rule.needs]}"
        elif rule.name not in ran:
            why = why_not
        else:
            why = "there is nothing to which it applies"
        unchecked.append(Unchecked(rule.name, why))
    return unchecked


def composition(read: Rows, report: WatchlistReport) -> tuple[CategoryCount, ...]:
    """Count subjects by category: those in the file with a permitted category, and those who can be enrolled."""
    submitted: dict[Category, set[str]] = defaultdict(set)
    for row in read.cells:
        category = parse_category(row.text.get("category", ""))
        if category and row.text["subject"]:
            submitted[category].add(row.text["subject"])
    fit = Counter(entry.category for entry in report.entries)
    return tuple(CategoryCount(category.value, len(submitted[category]), fit[category]) for category in Category)


def minors(read: Rows) -> int:
    """Count the subjects of whom a row says that they are under 18."""
    return len(
        {
            row.text["subject"]
            for row in read.cells
            if (age := parse_age(row.text.get("age", ""))) is not None and age < ADULT_YEARS
        }
    )


def minor_entries(read: Rows) -> tuple[MinorEntry, ...]:
    """Return every row that says somebody is under 18, with the reason it gives."""
    found = []
    for row in read.cells:
        age = parse_age(row.text.get("age", ""))
        if age is not None and age < ADULT_YEARS:
            text = row.text
            rationale, second = text.get("minor_rationale", ""), text.get("second_approver", "")
            found.append(MinorEntry(row.line, age, text.get("category", ""), rationale, second))
    return tuple(found)


def newest_check(read: Rows, today: date) -> date | None:
    """Return the latest day, not after `today`, on which an entry was checked."""
    days = (parse_day(row.text.get("checked_on", "")) for row in read.cells)
    return max((day for day in days if day and day <= today), default=None)


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"  # noqa: PLR0124  NaN is what differs from itself
    return "" if value is None else str(value)
