"""The embedded identity server as a child of `lfr up`."""

from __future__ import annotations
