"""Tracks that broke, joined by appearance: who is hidden for a moment begins a new track, but has the same face.

Motion alone can't follow a walker who moves by more than a face's width between two looks and is hidden in some of
them: five looks are five tracks with a shot each, and no two of a track agree. So the first template of a track is
compared with the last of those that ended shortly before it began; one as alike as two looks of a face are makes
both one person's. Tracks that were seen at one time are never joined.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lfr_core.common.biometric import Biometric
from lfr_core.recognition.faces.types import Floats

__all__ = ["Reassociation"]

JOIN_WITHIN_S: Final = 2.0
"""The longest time hidden: `Tracker` ends all tracks after as long a silence."""
KEPT_S: Final = 2 * JOIN_WITHIN_S
"""A batch of frames is looked at before its first is compared."""
SAME_FACE: Final = 0.60
"""Cosine of two looks of one face; docs/facts.md#faces: strangers reach 0.51-0.53 at 1e-5."""


@dataclass(slots=True)
class _Seen:
    first_ns: int
    last_ns: int
    person: int
    """The first of the tracks that were joined."""
    template: Biometric[Floats] | None = None
    """Shape (512,), of the newest shot."""


class Reassociation:
    """The tracks of one camera session. Templates are forgotten four seconds after their face was last seen."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}

    def see(self, tracks: Collection[int], at_ns: int) -> None:
        """Note that these tracks have a face in the look of `at_ns`."""
        for track in tracks:
            self._seen.setdefault(track, _Seen(at_ns, at_ns, track)).last_ns = at_ns

    def join(self, track: int, template: Floats) -> None:
        """Take a shot's template, shape (512,); a track's first decides whose it goes on."""
        mine = self._seen.get(track)
        if mine is None:
            return  # forgotten meanwhile
        if mine.template is None:
            earlier = [
                (float(template @ each.template.reveal()), each.person)
                for each in self._seen.values()
                if each.template is not None
                and each.last_ns < mine.first_ns <= each.last_ns + round(JOIN_WITHIN_S * 1e9)
            ]
            alike, person = max(earlier, default=(0.0, track))
            if alike >= SAME_FACE:
                mine.person = person
        mine.template = Biometric(template.copy())

    def person(self, track: int) -> int:
        """Return the first of the tracks that `track` was joined to; itself if it was joined to none."""
        seen = self._seen.get(track)
        return track if seen is None else seen.person

    def forget(self, now_ns: int, live: Collection[int]) -> set[int]:
        """Forget what can't be joined any more; the persons of whom nothing is left."""
        before = {each.person for each in self._seen.values()}
        self._seen = {
            track: each
            for track, each in self._seen.items()
            if track in live or now_ns <= each.last_ns + round(KEPT_S * 1e9)
        }
        return before - {each.person for each in self._seen.values()}
