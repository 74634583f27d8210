"""Who may be on a list: the few facts that enrolment and the suite `watchlist` judge by alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from lfr_core.domain.actors import fold_name
from lfr_core.domain.watchlists import EntryRow, Refusal, RefusalReason

__all__ = ["ADULT_YEARS", "SUBJECT_FACTS", "count_approvers", "refusal_of", "select_eligible"]

ADULT_YEARS = 18
"""Under-18s aren't ordinarily listed (docs/domain.md W5; Family Law Reform Act 1969 s. 1)."""

SUBJECT_FACTS = (
    "category",
    "legal_reference",
    "approved_by",
    "expires_on",
    "age",
    "minor_rationale",
    "second_approver",
)
"""What is said of a subject, not of a photograph: its rows must agree."""


def count_approvers(*names: str) -> int:
    """Count the different people who are named; an empty name is nobody's. Two are one where `same_person` says so."""
    return len({fold_name(name) for name in names if fold_name(name)})


def select_eligible(
    rows: Iterable[EntryRow], *, today: date, last_day: date, refusals: list[Refusal]
) -> list[EntryRow]:
    """Return the rows whose faces may be embedded, and add a refusal for each of the others."""
    return _keep_consistent(_keep_lawful(_keep_current(rows, today, last_day, refusals), refusals), refusals)


def refusal_of(row: EntryRow, reason: RefusalReason, message: str) -> Refusal:
    """Make a refusal of `row`."""
    return Refusal(row.line, row.subject, row.photograph, reason, message)


def _keep_current(rows: Iterable[EntryRow], today: date, last_day: date, refusals: list[Refusal]) -> list[EntryRow]:
    current = []
    for row in rows:
        later = [
            name
            for name, day in (("image_date", row.image_date), ("checked_on", row.checked_on))
            if day and day > today
        ]
        if row.expires_on < last_day:
            refusals.append(
                refusal_of(
                    row, RefusalReason.EXPIRED, f"the entry expired on {row.expires_on}: renew it or leave it out"
                )
            )
        elif later:
            refusals.append(refusal_of(row, RefusalReason.BAD_DATE, f"{' and '.join(later)} still to come: correct it"))
        else:
            current.append(row)
    return current


def _keep_lawful(rows: list[EntryRow], refusals: list[Refusal]) -> list[EntryRow]:
    """Keep those of age, and those under age with a rationale and two people who approved (docs/domain.md W5)."""
    lawful = []
    for row in rows:
        minor = row.age is not None and row.age < ADULT_YEARS
        if minor and not (
            row.minor_rationale and count_approvers(row.approved_by, row.second_approver) == 2
        ):  # two people
            refusals.append(
                refusal_of(
                    row,
                    RefusalReason.MINOR_UNJUSTIFIED,
                    f"{row.age} years old: give a minor_rationale, and a second_approver other than approved_by",
                )
            )
        else:
            lawful.append(row)
    return lawful


def _keep_consistent(rows: list[EntryRow], refusals: list[Refusal]) -> list[EntryRow]:
    facts: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for row in rows:
        facts[row.subject].add(tuple(getattr(row, name) for name in SUBJECT_FACTS))
    refusals += [
        refusal_of(
            row,
            RefusalReason.CONFLICTING_ENTRY,
            f"rows of this subject disagree about one of {', '.join(SUBJECT_FACTS)}: make them alike",
        )
        for row in rows
        if len(facts[row.subject]) > 1
    ]
    return [row for row in rows if len(facts[row.subject]) == 1]
