"""How often a decoder has to go over a JPEG: a progressive one of 300 kB can ask for thousands of passes.

libjpeg-turbo's authors leave the bound to the caller (`djpeg -maxscans`). Each pass costs about a millisecond a
megapixel even where it holds no data, so passes times pixels bounds the seconds.
"""

from __future__ import annotations

import re
from typing import Final

from lfr_core.common.errors import Poison

__all__ = ["MOST_PASSES_MEGAPIXELS", "MOST_SCANS", "check_scans"]

MOST_SCANS: Final = 100
"""libjpeg writes 10 for a progressive picture in colour, the most eager optimisers some 30."""

MOST_PASSES_MEGAPIXELS: Final = 1_500
"""Scans times megapixels: 25 scans of 60 megapixels; about two seconds."""

_SCAN: Final = b"\xff\xda"
# The next marker as libjpeg looks for it: FF, fill bytes, and neither a stuffed zero nor a restart (RST0-7).
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_END: Final = 0xD9
_FIRST_WITH_LENGTH: Final = 0xC0
_START: Final = 0xD8


def check_scans(data: bytes, megapixels: float) -> None:
    """Refuse a JPEG that takes too many passes. Counts only, decodes nothing: some 20 µs for 200 kB.

    Raises:
        Poison: more than `MOST_SCANS`, or more than `MOST_PASSES_MEGAPIXELS`.
    """
    limit = int(min(MOST_SCANS, max(1.0, MOST_PASSES_MEGAPIXELS / megapixels)))
    # No scan goes uncounted so; but previews and other pictures within the file are counted too.
    if data.count(_SCAN) > limit and _scans(data, limit) > limit:
        raise Poison(
            f"the JPEG image has more than {limit} scans: it would take too long to decode. Save it "
            "again as an ordinary JPEG."
        )


def _scans(data: bytes, limit: int) -> int:
    """Count the scans of the picture itself, as a decoder meets them; counting ends past `limit`."""
    at, found = 2, 0
    while found <= limit and (marker := _MARKER.search(data, at)) is not None:
        code, at = marker[1][0], marker.end()
        if code == _END:
            break
        found += code == _SCAN[1]
        if code >= _FIRST_WITH_LENGTH and code != _START:
            at += int.from_bytes(data[at : at + 2], "big")
    return found
