"""Rows whose keyed digest stands in the row itself: what changes too often for an entry each (decision 0041).

Whoever has the database's login alone can make none. What such a row says is noted anew only where it was as noted
before: nobody has a row that was changed past the platform noted by having the platform change it again.
"""

from __future__ import annotations

import hmac
from typing import TypeAlias

from lfr_core.custody.audit.entry import record_digest
from lfr_core.storage.recorded import sealed_text_of
from lfr_core.storage.tables.alerts import AlertRow, SightingRow
from lfr_core.storage.tables.monitoring import LiveProbeRow

__all__ = ["is_as_noted", "note_state"]


_Row: TypeAlias = AlertRow | SightingRow | LiveProbeRow


def note_state(row: _Row, records_key: bytes) -> None:
    """Have the row say what it is now."""
    row.state_digest = record_digest(records_key, sealed_text_of(row))


def is_as_noted(row: _Row, records_key: bytes) -> bool:
    """Return whether the row is what it said when it was noted."""
    return hmac.compare_digest(row.state_digest, record_digest(records_key, sealed_text_of(row)))
