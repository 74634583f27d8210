"""What a watchlist is made of. Plain types; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = ["Category", "EntryRow", "Refusal", "RefusalReason", "Response"]


class Category(StrEnum):
    """The closed list of lawful grounds for being on a watchlist, and the test subjects apart.

    Source: the constabulary's public page, docs/design.md#the-promises. There is no "intelligence interest".
    """

    WANTED_BY_FORCE = "wanted_by_force"
    WANTED_BY_COURTS = "wanted_by_courts"
    BREACH_OF_COURT_ORDER = "breach_of_court_order"
    HIGH_RISK_MISSING = "high_risk_missing"
    VICTIM = "victim"
    CRUCIAL_WITNESS = "crucial_witness"
    BLUE_LIST = "blue_list"
    """Volunteers who test the accuracy: never counted in the list's size, its alerts or its outcomes."""

    @property
    def is_test_subject(self) -> bool:
        return self is Category.BLUE_LIST


class Response(StrEnum):
    """The response agreed before the deployment (docs/domain.md H3): how urgent, and of what kind."""

    ARREST = "arrest"
    SAFEGUARD = "safeguard"
    SPEAK_TO = "speak_to"
    RECORD_ONLY = "record_only"
    """Test subjects: nobody approaches them."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One row of `watchlist.csv`: one photograph of one subject."""

    line: int
    """Line in the file, the header being 1."""
    subject: str
    category: Category
    legal_reference: str
    approved_by: str
    expires_on: date
    """The last day on which the entry may be used."""
    photograph: str
    """Path relative to the watchlist's folder."""
    image_source: str = ""
    """Where the photograph comes from and on what ground it is held. "" where the file has no such column."""
    image_date: date | None = None
    """When it was taken. None, as with what follows, where the file has no such column."""
    age: int | None = None
    """Whole years, known or believed, on the day of the list."""
    minor_rationale: str = ""
    """Why somebody under 18 is listed all the same."""
    second_approver: str = ""
    """Who approved that beside `approved_by`: another person."""
    checked_on: date | None = None
    """When somebody last checked that the ground still holds."""


class RefusalReason(StrEnum):
    """Why a row, a photograph or an entry was refused. Stable words for reports and tests."""

    BAD_ROW = "bad_row"
    BAD_CATEGORY = "bad_category"
    BAD_DATE = "bad_date"
    BAD_AGE = "bad_age"
    FORMULA = "formula"
    """A value that a spreadsheet would run."""
    MINOR_UNJUSTIFIED = "minor_unjustified"
    """Somebody under 18 without a rationale or without a second person who approved."""
    MISSING_VALUE = "missing_value"
    EXPIRED = "expired"
    CONFLICTING_ENTRY = "conflicting_entry"
    """Two rows of one subject disagree about category, legal reference, approver or expiry."""
    FILE_MISSING = "file_missing"
    OUTSIDE_FOLDER = "outside_folder"
    NOT_AN_IMAGE = "not_an_image"
    IMAGE_TOO_LARGE = "image_too_large"
    NO_FACE = "no_face"
    TWO_FACES = "two_faces"
    TOO_SMALL = "too_small"
    TOO_BLURRED = "too_blurred"
    POSE = "pose"
    EXPOSURE = "exposure"
    NEGATIVE = "negative"
    """Dark and light exchanged, as on film."""
    CUT_BY_BORDER = "cut_by_border"
    SHARED_PHOTOGRAPH = "shared_photograph"
    """One photograph (the same file, or the same picture) under two subjects."""
    TEST_SUBJECTS_ONLY = "test_subjects_only"
    """A deployment of this kind takes blue-list entries alone, or none."""
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that was refused, where, and what to do about it."""

    line: int
    subject: str
    photograph: str
    reason: RefusalReason
    message: str
