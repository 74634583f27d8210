"""What the face functions ask of a model: run a batch. The pack's sessions do it; tests may count or break it."""

from __future__ import annotations

from typing import Protocol

from lfr_core.recognition.faces.types import Floats

__all__ = ["Network"]


class Network(Protocol):
    """One loaded graph."""

    def run(self, x: Floats) -> list[Floats]:
        """Return outputs in the graph's order for a batch `x`, shape (n, channels, height, width), float32."""
        ...
