"""Which shots of a track are embedded, and when: one chooser per camera, pure and deterministic.

Embedding is the dear step, so a track gives a few shots, spread over its looks and each the best of its
window (docs/facts.md#faces: 6-8 spread shots lose no pass; the first shot alone loses a third):

1. the first good look at once; if none is good, the best of the first window;
2. then one shot for each `shot_spacing_looks` looks, the best of them, up to `max_shots_per_track`;
3. afterwards one for each `relook_looks` looks, since tracks can swap people;
4. while hot (a shot reached the threshold) every usable look, until agreement or until as many looks as a
   track has shots have been tried;
5. at the track's end the candidate in hand, if the track gave fewer than two shots;
6. a track whose good shot resembled nobody (`note_unlike`) waits twice as long for its next one, and after a second
   such shot as long as in 3: it is of nobody on the list, and embedding it again tells nothing new.

Only one candidate per track is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from lfr_core.domain.policy import TrackingPolicy
from lfr_core.recognition.faces.types import Face, Quality

__all__ = ["ChosenShot", "Offer", "ShotChooser"]

_ENOUGH_SHOTS: Final = 2  # a track that ends with fewer gives its candidate too: an alert needs two to agree
_SURELY_FAR: Final = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Offer(Generic[T]):
    """A track's face in the present look."""

    track_id: int
    face: Face
    usable: bool
    """`quality.find_fault(...) is None`."""
    context: T
    """Whatever the caller needs beside the face when it is chosen looks later: sequence, time, crop."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenShot(Generic[T]):
    """A face to embed now."""

    track_id: int
    face: Face
    context: T
    shot: int
    """0 for the track's first shot, then 1, 2, ..."""


@dataclass(slots=True, eq=False)
class _State(Generic[T]):
    window_start: int
    """The look with which the present window began."""
    shots: int = 0
    hot_left: int = 0
    far: int = 0
    """Good shots in a row that resembled nobody."""
    pending: Offer[T] | None = None


class ShotChooser(Generic[T]):
    """Chooses the shots of one camera's tracks.

    Args:
        policy: how many shots, how far apart.
        good_sharpness: from here on sharper isn't better: the first face as sharp is its window's, and a track's first
            such look is taken at once (`quality.GOOD_SHARPNESS`).
    """

    def __init__(self, policy: TrackingPolicy, *, good_sharpness: float) -> None:
        self._policy = policy
        self._good = good_sharpness
        self._look = -1
        self._tracks: dict[int, _State[T]] = {}

    def wants(self, track_id: int) -> bool:
        """Return whether the next look of this track could be of use; if not, it needn't even be described.

        It isn't where the candidate in hand is as sharp as a face need be: describing costs a fifth of embedding.
        """
        state = self._tracks.get(track_id)
        return state is None or self._collects(state, self._look + 1)

    def choose(self, offers: Sequence[Offer[T]], ended: Iterable[int] = ()) -> list[ChosenShot[T]]:
        """Take one look: the faces offered and the tracks that ended with it; the shots to embed now.

        Call it for every look, also one without faces: windows are counted in looks.

        Raises:
            ValueError: two offers of one track.
        """
        if len({offer.track_id for offer in offers}) != len(offers):
            raise ValueError("two faces of one look are offered for the same track")
        self._look += 1
        shots: list[ChosenShot[T]] = []
        for offer in offers:
            state = self._tracks.setdefault(offer.track_id, _State(window_start=self._look))
            if offer.usable and self._collects(state, self._look):
                self._consider(state, offer)
        for track_id, state in self._tracks.items():
            if state.pending is not None and self._due(state):
                shots.append(self._take(track_id, state, state.pending))
        return shots + self.end(ended)

    def end(self, track_ids: Iterable[int]) -> list[ChosenShot[T]]:
        """Forget tracks that ended; their last shots, where they gave fewer than two."""
        shots: list[ChosenShot[T]] = []
        for track_id in track_ids:
            state = self._tracks.pop(track_id, None)
            if state is not None and state.pending is not None and state.shots < _ENOUGH_SHOTS:
                shots.append(self._take(track_id, state, state.pending))
        return shots

    def note_hit(self, track_id: int) -> None:
        """Note that a shot of the track reached the threshold: its next usable looks are taken at once."""
        state = self._tracks.get(track_id)
        if state is not None and state.hot_left == 0:
            state.hot_left = self._policy.max_shots_per_track
        self.note_alike(track_id)

    def note_agreement(self, track_id: int) -> None:
        """Note that enough shots agree: the track goes back to its ordinary pace."""
        state = self._tracks.get(track_id)
        if state is not None:
            state.hot_left = 0

    def note_unlike(self, track_id: int) -> None:
        """Note that a good shot of the track resembled nobody who is looked for: its next ones come less often."""
        state = self._tracks.get(track_id)
        if state is not None:
            state.far += 1

    def note_alike(self, track_id: int) -> None:
        """Note that a shot of the track resembled somebody, or told nothing: its next ones come as often as ever."""
        state = self._tracks.get(track_id)
        if state is not None:
            state.far = 0

    def _spacing(self, state: _State[T]) -> int:
        if state.shots >= self._policy.max_shots_per_track or state.far >= _SURELY_FAR:
            return self._policy.relook_looks
        return self._policy.shot_spacing_looks * (1 + state.far)

    def _last_look(self, state: _State[T]) -> int:
        """Return the look at which the present window closes."""
        return state.window_start + self._spacing(state) - 1

    def _collects(self, state: _State[T], look: int) -> bool:
        """Return whether a usable face of `choose` may become the candidate: while young until one is good; a
        relook, and what comes after a shot that was far, must be fresh.
        """
        if state.hot_left > 0:
            return True
        fresh_from = self._last_look(state) - self._policy.shot_spacing_looks + 1
        is_good = state.pending is not None and state.pending.face.quality.sharpness >= self._good
        return look >= fresh_from and not is_good

    def _due(self, state: _State[T]) -> bool:
        if state.pending is None:
            return False
        first = state.shots == 0 and state.pending.face.quality.sharpness >= self._good
        return state.hot_left > 0 or first or self._look >= self._last_look(state)

    def _consider(self, state: _State[T], offer: Offer[T]) -> None:
        held = state.pending
        # While hot the fresh look is what counts, not the best of an old window.
        if held is None or state.hot_left > 0 or self._rank(offer.face.quality) > self._rank(held.face.quality):
            state.pending = offer

    def _rank(self, quality: Quality) -> tuple[float, float]:
        return min(quality.sharpness, self._good), quality.eye_distance_px

    def _take(self, track_id: int, state: _State[T], offer: Offer[T]) -> ChosenShot[T]:
        shot = ChosenShot(track_id, offer.face, offer.context, state.shots)
        state.shots += 1
        state.hot_left = max(0, state.hot_left - 1)
        state.window_start = self._look + 1
        state.pending = None
        return shot
