"""Where the source tree is, with the files that come with it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["PROJECT"]

PROJECT: Final = Path(__file__).resolve().parents[2]
"""The folder that holds `lfr_core` and `infra`."""
