"""What an authorising officer approves when a list is approved: one digest of all its entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from lfr_core.records.entries import EntryLike

__all__ = ["list_digest"]


def list_digest(contract_id: str, entries: Sequence[EntryLike]) -> str:
    """SHA-256, hexadecimal, of the list as built: the model contract and each entry with its photographs.

    The order of entries and photographs doesn't matter; the same folder gives the same digest again.
    """
    lines = sorted(
        json.dumps(
            [
                entry.id,
                entry.subject,
                entry.category.value,
                entry.legal_reference,
                entry.approved_by,
                entry.expires_on.isoformat(),
                sorted([each.id, hashlib.sha256(each.crop_jpeg).hexdigest()] for each in entry.references),
            ],
            ensure_ascii=False,
        )
        for entry in entries
    )
    return hashlib.sha256("\n".join([contract_id, *lines]).encode()).hexdigest()
