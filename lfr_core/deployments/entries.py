"""A watchlist's entries on their way into the records: what they must have, and their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from lfr_core.custody.crops import list_reference
from lfr_core.custody.vault.sealing import seal
from lfr_core.domain.watchlists import Category
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["EntryLike", "ReferenceLike", "read_entry_row", "read_reference_rows"]


class ReferenceLike(Protocol):
    """One enrolled photograph of an entry."""

    @property
    def id(self) -> str: ...
    @property
    def photograph(self) -> str: ...
    @property
    def crop_jpeg(self) -> bytes: ...


class EntryLike(Protocol):
    """One watchlist entry, as `lfr_core.watchlists` enrols it."""

    @property
    def id(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def category(self) -> Category: ...
    @property
    def legal_reference(self) -> str: ...
    @property
    def approved_by(self) -> str: ...
    @property
    def expires_on(self) -> date: ...
    @property
    def references(self) -> Sequence[ReferenceLike]: ...
    @property
    def age(self) -> int | None: ...


def read_entry_row(deployment: str, entry: EntryLike) -> WatchlistEntryRow:
    return WatchlistEntryRow(
        deployment=deployment,
        id=entry.id,
        subject=entry.subject,
        category=entry.category.value,
        legal_reference=entry.legal_reference,
        approved_by=entry.approved_by,
        expires_on=entry.expires_on,
        age=entry.age,
    )


def read_reference_rows(deployment: str, entry: EntryLike, key: bytes) -> list[WatchlistReferenceRow]:
    """Make the rows of an entry's photographs, their crops sealed under the list's `key` (32 bytes)."""
    return [
        WatchlistReferenceRow(
            deployment=deployment,
            id=reference.id,
            entry=entry.id,
            photograph=reference.photograph,
            crop_sealed=seal(key, crop, list_reference(deployment, reference.id)),
            crop_sha256=hashlib.sha256(crop).hexdigest(),
        )
        for reference, crop in ((each, each.crop_jpeg) for each in entry.references)
    ]
