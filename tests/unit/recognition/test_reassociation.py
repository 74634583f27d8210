"""Tracks that broke are joined by appearance, and by nothing else."""

import numpy as np

from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.reassociation import SAME_FACE, Reassociation

RNG = np.random.default_rng(17)
LOOK_NS = 160_000_000


def face() -> Floats:
    row = RNG.normal(size=512)
    unit: Floats = (row / np.linalg.norm(row)).astype(np.float32)
    return unit


def like(other: Floats, cosine: float) -> Floats:
    across = face().astype(np.float64)
    across -= (across @ other) * other
    row: Floats = (cosine * other + np.sqrt(1 - cosine**2) * across / np.linalg.norm(across)).astype(np.float32)
    return row


def one_after_another(gap_looks: int, cosine: float) -> int:
    """Whose the second of two tracks is."""
    tracks, first = Reassociation(), face()
    tracks.see([1], 0)
    tracks.join(1, first)
    tracks.see([2], gap_looks * LOOK_NS)
    tracks.join(2, like(first, cosine))
    return tracks.person(2)


def test_a_track_goes_on_that_of_the_same_face_which_ended_shortly_before() -> None:
    assert one_after_another(2, SAME_FACE + 0.01) == 1


def test_a_face_that_is_less_alike_is_somebody_else() -> None:
    assert one_after_another(2, SAME_FACE - 0.01) == 2


def test_after_two_seconds_nobody_is_joined() -> None:
    assert one_after_another(13, 0.9) == 2


def test_two_faces_of_one_look_are_two_people_however_alike() -> None:
    tracks, first = Reassociation(), face()
    tracks.see([1, 2], 0)
    tracks.join(1, first)
    tracks.join(2, first)

    assert tracks.person(2) == 2


def test_a_track_that_is_seen_again_is_not_the_one_that_began_meanwhile() -> None:
    tracks, first = Reassociation(), face()
    tracks.see([1], 0)
    tracks.join(1, first)
    tracks.see([2], LOOK_NS)
    tracks.see([1, 2], 2 * LOOK_NS)
    tracks.join(2, first)

    assert tracks.person(2) == 2


def test_only_a_tracks_first_template_decides_so_that_a_swap_joins_nobody() -> None:
    tracks, first = Reassociation(), face()
    tracks.see([1], 0)
    tracks.join(1, first)
    tracks.see([2], LOOK_NS)
    tracks.join(2, face())
    tracks.join(2, first)

    assert tracks.person(2) == 2


def test_pieces_of_one_walk_are_all_the_first_ones() -> None:
    tracks, first = Reassociation(), face()
    for track in range(5):
        tracks.see([track], track * 2 * LOOK_NS)
        tracks.join(track, first)

    assert [tracks.person(track) for track in range(5)] == [0] * 5


def test_whoever_is_gone_for_four_seconds_is_forgotten_and_named_once() -> None:
    tracks = Reassociation()
    tracks.see([1], 0)
    tracks.join(1, face())

    assert tracks.forget(3_900_000_000, live=[]) == set()
    assert tracks.forget(4_100_000_000, live=[1]) == set()
    assert tracks.forget(4_100_000_000, live=[]) == {1}
    assert tracks.forget(4_200_000_000, live=[]) == set()
    assert not tracks._seen  # what is forgotten can be seen nowhere else
