"""A watchlist that has been checked: its entries, their references, and what was refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from lfr_core.domain.watchlists import Category, Refusal, RefusalReason
from lfr_core.recognition.faces.types import Floats, Quality

__all__ = ["Entry", "EntryReference", "FaceCheck", "WatchlistReport", "entry_id", "reference_id"]

_NAMESPACE = uuid.UUID("0d5c9a52-3f0e-5d0b-8a57-2f4b1a6c7e91")


def entry_id(deployment: str, subject: str) -> str:
    """Return the id of a subject's entry in a deployment: a uuid5, the same whenever it is made again."""
    return str(uuid.uuid5(_NAMESPACE, f"{deployment}\x1f{subject}"))


def reference_id(entry: str, sha256: str) -> str:
    """Return the id of a photograph in an entry: a uuid5 of the entry and of the file's bytes."""
    return str(uuid.uuid5(_NAMESPACE, f"{entry}\x1f{sha256}"))


@dataclass(frozen=True, slots=True, eq=False)
class EntryReference:
    """One enrolled photograph."""

    id: str
    photograph: str
    """Path relative to the watchlist's folder."""
    template: Floats = field(repr=False)
    """Shape (512,), unit length. Goes to the gallery and nowhere else."""
    read_crop: Callable[[], bytes] = field(repr=False)
    """Gives `crop_jpeg`."""
    quality: Quality

    @property
    def crop_jpeg(self) -> bytes:
        """The face with a margin, 256 x 256, for the operator to compare."""
        return self.read_crop()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One subject and the photographs that were good enough."""

    id: str
    subject: str
    category: Category
    legal_reference: str
    approved_by: str
    expires_on: date
    references: Sequence[EntryReference]
    age: int | None = None
    """Whole years, known or believed, the lowest that a row gives; None where the list gives none."""


@dataclass(frozen=True, slots=True)
class FaceCheck:
    """What was seen in one photograph: nothing of the face itself."""

    line: int
    subject: str
    photograph: str
    refused: RefusalReason | None
    """Why the photograph is unusable, if it is."""
    other_similarity: float | None = None
    """Cosine of its template to the most alike one of any other subject; None where there is none to compare."""
    other_subject: str = ""
    """Whose that is."""
    why: str = ""
    """The same as `refused`, in words."""
    notes: tuple[str, ...] = ()
    """What was done to it: turned, or a face chosen by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchlistReport:
    """What may be enrolled, in the CSV's order, and what may not, by line."""

    contract_id: str
    """The embedding contract of every template in it."""
    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]
    faces: tuple[FaceCheck, ...] = ()
    """Each photograph that was looked at, by line."""
    live_probe_template: Floats | None = field(default=None, repr=False)
    """Of the drawn test face (`lfr_core.recognition.selftest`): in the gallery beside the list, and no part of it."""

    @property
    def size(self) -> int:
        """The list's size as published: test subjects don't count."""
        return sum(not entry.category.is_test_subject for entry in self.entries)

    @property
    def blue_list_size(self) -> int:
        """How many test subjects there are, apart."""
        return len(self.entries) - self.size
