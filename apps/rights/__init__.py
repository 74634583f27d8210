"""The staff's page for enquiries and complaints: one module to be put into the staff app."""

from __future__ import annotations

__all__: list[str] = []
