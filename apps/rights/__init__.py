"""The staff's page for enquiries and complaints."""

from __future__ import annotations

__all__: list[str] = []
