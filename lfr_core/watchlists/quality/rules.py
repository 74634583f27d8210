"""The rules of a watchlist, each as the expectation that checks it (docs/domain.md W2, W3, W5, W6)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from lfr_core.common.quality.rules import Kind, Rule
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import WatchlistPolicy
from lfr_core.domain.watchlists import Category
from lfr_core.watchlists.eligibility import ADULT_YEARS

__all__ = ["ListSuite", "face_rules", "row_rules", "whole_rules"]

_READABLE = 'fault == ""'
_MINOR = f"{_READABLE} and age < {ADULT_YEARS}"


class ListSuite(StrEnum):
    """The suite's three parts; the first two are run before any face is embedded."""

    ROWS = "watchlist-rows"
    WHOLE = "watchlist-whole"
    FACES = "watchlist-faces"


def _present(name: str, column: str, message: str, needs: str = "") -> Rule:
    return Rule(name, Kind.NOT_EMPTY, (column,), message, f"{column}_text", _READABLE, needs=needs)


def _minor(name: str, column: str, message: str) -> Rule:
    return Rule(name, Kind.NOT_EMPTY, (column,), message, "age_text", _MINOR, needs="age")


def row_rules(today: date, last_day: date) -> tuple[Rule, ...]:
    """Return the rules of each row by itself. last_day: the deployment's."""
    now = _midnight(today)
    return (*_entry_rules(last_day), *_photograph_rules(now), *_person_rules(now))


def _entry_rules(last_day: date) -> tuple[Rule, ...]:
    return (
        Rule("row-readable", Kind.IN_SET, ("fault",), "the row can't be taken", "fault", allowed=("",)),
        _present("subject-present", "subject", "the subject has no reference"),
        Rule(
            "category-permitted",
            Kind.IN_SET,
            ("category",),
            f"the category is none of the closed list: {'; '.join(EXPLAINED[category] for category in Category)}",
            "category_text",
            _READABLE,
            allowed=tuple(category.value for category in Category),
        ),
        _present("legal-reference-present", "legal_reference", "no lawful ground is referred to"),
        _present("approver-present", "approved_by", "nobody is named who approved the entry"),
        _present("expiry-readable", "expires_on", "the expiry is missing, or no day as 2027-03-31"),
        Rule(
            "expiry-after-deployment",
            Kind.BETWEEN,
            ("expires_on",),
            f"the entry expires before the deployment's last day, {last_day.day} {last_day:%B %Y}",
            "expires_on_text",
            _READABLE,
            low=_midnight(last_day),
        ),
    )


def _photograph_rules(now: datetime) -> tuple[Rule, ...]:
    return (
        _present("photograph-named", "photograph", "no photograph is named"),
        Rule(
            "photograph-there",
            Kind.NOT_EMPTY,
            ("sha256",),
            "there is no such file, or it can't be read",
            "photograph_text",
            f'{_READABLE} and photograph_text != ""',
        ),
        Rule(
            "photograph-one-subject",
            Kind.IN_SET,
            ("other_subjects",),
            "the same photograph stands under another subject: find out whom it shows",
            "other_subjects",
            _READABLE,
            allowed=("",),
        ),
        _present("image-source-present", "image_source", "the source of the photograph isn't stated", "image_source"),
        _present(
            "image-date-readable",
            "image_date",
            "the photograph's date is missing, or no day as 2027-03-31",
            "image_date",
        ),
        Rule(
            "image-date-past",
            Kind.BETWEEN,
            ("image_date",),
            "the photograph's date is still to come",
            "image_date_text",
            _READABLE,
            high=now,
            needs="image_date",
        ),
    )


def _person_rules(now: datetime) -> tuple[Rule, ...]:
    return (
        _present("age-readable", "age", "the age is missing, or no number of years from 0 to 120", "age"),
        _minor("minor-rationale", "minor_rationale", "under 18, and no rationale is recorded"),
        _minor("minor-second-approver", "second_person", "under 18, and no second person has approved"),
        _present(
            "checked-on-readable",
            "checked_on",
            "the day of the last check is missing, or no day as 2027-03-31",
            "checked_on",
        ),
        Rule(
            "checked-on-past",
            Kind.BETWEEN,
            ("checked_on",),
            "the day of the last check is still to come",
            "checked_on_text",
            _READABLE,
            high=now,
            needs="checked_on",
        ),
        Rule(
            "subject-consistent",
            Kind.IN_SET,
            ("disagreements",),
            "rows of this subject disagree: make them alike",
            "disagreements",
            _READABLE,
            allowed=("",),
        ),
    )


def whole_rules(policy: WatchlistPolicy, kind: DeploymentKind) -> tuple[Rule, ...]:
    """Return the rules of the list as a whole."""
    always = (
        Rule(
            "list-within-cap",
            Kind.BETWEEN,
            ("subjects",),
            f"the list has more subjects than the {policy.max_entries} allowed: shorten it",
            "subjects",
            high=float(policy.max_entries),
        ),
        Rule(
            "list-fresh",
            Kind.BETWEEN,
            ("days_since_check",),
            f"nobody has checked an entry within {policy.max_days_since_check} days: review the list",
            "days_since_check",
            high=float(policy.max_days_since_check),
            needs="checked_on",
        ),
    )
    if kind is not DeploymentKind.OPERATIONAL:
        return always
    return (
        Rule(
            "columns-complete",
            Kind.IN_SET,
            ("missing_columns",),
            "an operational list needs these columns too",
            "missing_columns",
            allowed=("",),
        ),
        Rule(
            "list-not-only-test-subjects",
            Kind.BETWEEN,
            ("subjects",),
            "a list of test subjects alone belongs to an evaluation or a demo",
            "subjects",
            low=1.0,
        ),
        *always,
    )


def face_rules(policy: WatchlistPolicy) -> tuple[Rule, ...]:
    """Return the rules of each photograph that was looked at."""
    return (
        Rule("photograph-opens", Kind.IN_SET, ("opened",), "it can't be opened", "opened", allowed=("yes",)),
        Rule("one-face", Kind.IN_SET, ("faces",), "there isn't exactly one face in it", "faces", allowed=("one",)),
        Rule("image-quality", Kind.IN_SET, ("quality",), "the face isn't good enough", "quality", allowed=("good",)),
        Rule(
            "picture-one-subject",
            Kind.BETWEEN,
            ("other_similarity",),
            "the same picture stands under another subject: find out whom it shows",
            "nearest",
            high=policy.duplicate_photo_similarity,
            strict=True,
        ),
        Rule(
            "face-one-subject",
            Kind.BETWEEN,
            ("other_similarity",),
            "perhaps one person under two subjects: look at both photographs",
            "nearest",
            f"other_similarity < {policy.duplicate_photo_similarity}",
            high=policy.same_face_similarity,
            strict=True,
            refuses=False,
        ),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())
