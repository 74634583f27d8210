"""The staff's page for enquiries and complaints, a page of the staff's app."""

from __future__ import annotations

__all__: list[str] = []
