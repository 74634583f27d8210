"""Fold what people type, a place or a nominal id, so that two ways to write it are compared as one.

Names of people are folded further, by `lfr_core.domain.actors.fold_name`.
"""

from __future__ import annotations

import unicodedata

__all__ = ["fold_text"]


def fold_text(text: str) -> str:
    """Take case, Unicode's variants (full-width letters and the like) and repeated spaces out of `text`."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
