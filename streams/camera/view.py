"""Watches what a live camera shows: the same picture again and again, nothing at all, or another place.

Looked at once a second, in a small grey copy of the picture. A quiet street isn't still: a sensor's noise makes no two
pictures the same, while many of a stream that stands still are, bit by bit. Pure but for decoding: the times come in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lfr_core.domain.frames import PictureState

__all__ = ["ViewWatch", "shrink"]

Grey = npt.NDArray[np.float32]
EVERY_S: Final = 1.0
STILL_AFTER_S: Final = 8.0
DARK_AFTER_S: Final = 3.0
MOVED_AFTER_S: Final = 5.0
"""With a second on the way and one for the page, an operator sees it well within 15 s."""
_WIDTH: Final = 160
"""Pixels across of the small copy: a person at the distance at which a face can still be found is some 10 wide."""
_CHANGED_LEVELS: Final = 8.0
"""Of 255: what an encoder makes of one picture differs by less, at key frames too."""
_CHANGED_SHARE: Final = 0.004
"""Of the picture: a clock that is written into it changes less, a person who passes more."""
_SAME_SHARE: Final = 0.2
"""Of the looks at a picture that stands still: an encoder with bits to spare refines it between key frames. Of the
pictures of a sensor none is the same as the one before."""
_COMPARED: Final = 64
"""Pictures that one is compared with: ten seconds of them. An encoder refines a picture from one key frame to the next,
and each look may fall on another step of that; the same step of another second is the same picture."""
_FLAT_LEVELS: Final = 8.0
"""Of 255, from the darkest to the brightest twentieth: a covered or blinded lens shows less contrast."""
_LEARN_S: Final = 10.0
"""The first so many seconds say what the camera's place looks like."""
_SAME_PLACE: Final = 0.35
"""Correlation of the edges; the same place by day and night, full and empty, has more, another place less."""
_FOLLOW: Final = 0.01
"""How much of each look goes into what the place looks like: light that changes over minutes is followed."""


def shrink(jpeg: bytes) -> Grey | None:
    """Make a grey copy, `_WIDTH` pixels across; None where it can't be decoded.

    Quick: JPEGs shrink while they decode.
    """
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_4)
    if image is None:
        return None
    height = max(1, round(image.shape[0] * _WIDTH / image.shape[1]))
    return np.asarray(cv2.resize(image, (_WIDTH, height), interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ViewWatch:
    """What has been seen so far. Frozen; `see` gives the next."""

    began_s: float | None = None
    looked_s: float = 0.0
    anchor: Grey | None = None
    """The picture since which nothing has changed."""
    still_since_s: float = 0.0
    coded: tuple[int, ...] = ()
    """Hashes of the newest pictures' coded pixels."""
    looks: int = 0
    """Since nothing has changed; and how many of them were the same, bit by bit, as one of those before."""
    same: int = 0
    dark_since_s: float | None = None
    place: Grey | None = None
    """Edges of what the camera looked at in its first seconds, followed slowly."""
    now: Grey | None = None
    """Edges of the last seconds."""
    moved_since_s: float | None = None

    def see(self, jpeg: bytes, now_s: float) -> ViewWatch:
        """Look at a picture that came at `now_s` (monotonic): closely, if the last close look is a second ago."""
        coded = hash(jpeg[jpeg.rfind(b"\xff\xda") :])  # without what a camera writes beside them
        kept = (*self.coded, coded)[-_COMPARED:]
        counted = replace(self, coded=kept, looks=self.looks + 1, same=self.same + (coded in self.coded))
        if self.began_s is not None and now_s - self.looked_s < EVERY_S:
            return counted
        small = shrink(jpeg)
        if small is None:
            return self
        seen = replace(counted, began_s=now_s if self.began_s is None else self.began_s, looked_s=now_s)
        if self.anchor is None or _differs(small, self.anchor):
            seen = replace(seen, anchor=small, still_since_s=now_s, looks=0, same=0)
        if _is_flat(small):
            return replace(seen, dark_since_s=now_s if self.dark_since_s is None else self.dark_since_s)
        return replace(seen, dark_since_s=None).compare_place(_edges(small), now_s)

    def compare_place(self, edges: Grey, now_s: float) -> ViewWatch:
        """Compare the place of the last seconds with that of the first; a camera that is turned back shows it again."""
        assert self.began_s is not None
        if self.place is None or self.now is None or self.place.shape != edges.shape:
            return replace(self, place=edges, now=edges, moved_since_s=None)
        now = 0.5 * self.now + 0.5 * edges
        if now_s - self.began_s < _LEARN_S:
            return replace(self, place=0.8 * self.place + 0.2 * edges, now=now)
        if _correlation(self.place, now) < _SAME_PLACE:
            return replace(self, now=now, moved_since_s=now_s if self.moved_since_s is None else self.moved_since_s)
        return replace(self, place=(1 - _FOLLOW) * self.place + _FOLLOW * edges, now=now, moved_since_s=None)

    def state(self, now_s: float) -> PictureState:
        """Return the worst that is the matter at `now_s`."""
        if self.dark_since_s is not None and now_s - self.dark_since_s >= DARK_AFTER_S:
            return PictureState.DARK
        if self.same >= _SAME_SHARE * self.looks > 0 and self.looked_s - self.still_since_s >= STILL_AFTER_S:
            return PictureState.STILL
        if self.moved_since_s is not None and now_s - self.moved_since_s >= MOVED_AFTER_S:
            return PictureState.MOVED
        return PictureState.SOUND


def _differs(one: Grey, other: Grey) -> bool:
    return one.shape != other.shape or float(np.mean(np.abs(one - other) > _CHANGED_LEVELS)) > _CHANGED_SHARE


def _is_flat(small: Grey) -> bool:
    low, high = np.percentile(small, (5, 95))
    return float(high - low) < _FLAT_LEVELS


def _edges(small: Grey) -> Grey:
    """Measure how sharply the grey changes, blurred a little, so that a camera that trembles shows the same."""
    smooth = cv2.GaussianBlur(small, (0, 0), 1.0)
    steep = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return np.asarray(cv2.GaussianBlur(np.minimum(steep, 100.0), (0, 0), 2.0), np.float32)


def _correlation(one: Grey, other: Grey) -> float:
    """Compute the correlation of two arrays of one shape, -1 to 1; 1 where both are flat."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return 1.0 if size == 0 else float((a * b).sum() / size)
