"""Ids that the platform keeps for itself: entries of a gallery, and a camera, that stand for nobody."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CANARY_CAMERA",
    "CANARY_ENTRY",
    "LIVE_PROBE_CAMERA",
    "LIVE_PROBE_ENTRY",
    "LIVE_PROBE_REFERENCE",
    "MOST_CANARIES",
    "NOBODY",
]

CANARY_ENTRY: Final = "canary"
"""A sighting of this entry opens an alert of nobody: injected, to be looked for once it is deleted. No list has it:
entries' ids are UUIDs."""
LIVE_PROBE_ENTRY: Final = "proof-of-life"
"""The entry of the test face in every gallery. No list has it (entries' ids are UUIDs), and no row, count or
commitment knows of it; a match with it is never a sighting."""
NOBODY: Final = frozenset({CANARY_ENTRY, LIVE_PROBE_ENTRY})
"""Entries of a gallery that are nobody: no face seen is a match with them, and they stand before no person."""
MOST_CANARIES: Final = 8
"""In one gallery: a search asks for so many candidates beside the person and the test face."""
LIVE_PROBE_REFERENCE: Final = "proof-of-life"
"""Its one reference's id in the gallery."""
LIVE_PROBE_CAMERA: Final = "proof-of-life"
"""Whose frame it is, in the header; no camera has a session of that name."""
CANARY_CAMERA: Final = CANARY_ENTRY
"""Whose the injected footage is; no camera has that name either."""
