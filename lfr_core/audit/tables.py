"""Tables of `lfr_core.audit`; see `lfr_core.records.tables` for the rules all tables follow."""

from __future__ import annotations

__all__: list[str] = []
