"""A camera's thumbnail on its way from the worker that made it to the page that shows it: gone in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["EVERY_S", "FRESH_S", "Thumbnail"]

EVERY_S: Final = 0.6
"""Of one camera: between one and two a second."""
FRESH_S: Final = 3.0
"""What is older is gone: where recognition has ended nothing is left of what was seen."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A camera's newest."""

    camera: str
    jpeg: bytes
    """160 pixels wide, every face covered; empty where that wasn't certain."""
    age_s: float
