"""Watchlists: reading a folder with its CSV, checking it, enrolling it into a deployment's gallery; commitments."""

from lfr_core.domain.watchlists import Category, EntryRow, Refusal, RefusalReason, Response

__all__ = ["Category", "EntryRow", "Refusal", "RefusalReason", "Response"]
