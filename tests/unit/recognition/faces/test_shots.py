"""Which shots are taken: never too many, never none, spread, the best of their windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.domain.policy import TrackingPolicy
from lfr_core.recognition.faces.shots import ChosenShot, Offer, ShotChooser
from lfr_core.recognition.faces.types import Detection, Face, Quality

POLICY = TrackingPolicy(max_shots_per_track=4, shot_spacing_looks=3, relook_looks=10, max_missed_looks=6)
GOOD, SOFT = 0.6, 0.3


def face(sharpness: float, eyes: float = 30.0) -> Face:
    return Face(
        detection=Detection(np.array([0, 0, 60, 80], np.float32), 0.9),
        landmarks=np.zeros((68, 2), np.float32),
        points=np.zeros((5, 2), np.float32),
        aligned=np.zeros((112, 112, 3), np.uint8),
        quality=Quality(eyes, sharpness, 0.0, 1.0, cut_by_border=False),
    )


def chooser(policy: TrackingPolicy = POLICY) -> ShotChooser[int]:
    return ShotChooser(policy, good_sharpness=0.45)


def offer(context: int, sharpness: float, *, eyes: float = 30.0, usable: bool = True, track: int = 7) -> Offer[int]:
    return Offer(track, face(sharpness, eyes), usable, context)


def contexts(shots: list[ChosenShot[int]]) -> list[int]:
    return [shot.context for shot in shots]


def play(shot_chooser: ShotChooser[int], sharpness: Sequence[float | None], start: int = 0) -> list[tuple[int, int]]:
    """Look by look; None: the face isn't seen. (look, look the shot is of) of each shot."""
    taken: list[tuple[int, int]] = []
    for look, value in enumerate(sharpness, start):
        shots = shot_chooser.choose([] if value is None else [offer(look, value)])
        taken += [(look, shot.context) for shot in shots]
    return taken


def test_a_good_first_look_is_taken_at_once() -> None:
    assert play(chooser(), [GOOD]) == [(0, 0)]


def test_a_soft_first_look_waits_for_the_best_of_its_window() -> None:
    assert play(chooser(), [0.30, 0.40, 0.35]) == [(2, 1)]


def test_a_good_look_ends_the_first_window_early() -> None:
    assert play(chooser(), [SOFT, GOOD]) == [(1, 1)]


def test_later_shots_are_spread_and_the_sharpest_of_their_windows() -> None:
    assert play(chooser(), [GOOD, 0.3, 0.44, 0.4, 0.41, 0.3, 0.3]) == [(0, 0), (3, 2), (6, 4)]


def test_a_windows_first_good_look_is_its_shot_and_the_rest_of_the_window_is_not_even_described() -> None:
    shot_chooser = chooser()
    shot_chooser.choose([offer(0, GOOD)])
    wanted = [shot_chooser.wants(7)]
    shot_chooser.choose([offer(1, 0.5, eyes=25)])
    wanted.append(shot_chooser.wants(7))
    shot_chooser.choose([offer(2, 0.9, eyes=40)])

    assert contexts(shot_chooser.choose([offer(3, 0.7, eyes=30)])) == [1]
    assert wanted == [True, False]


def test_among_soft_looks_the_sharper_is_taken_and_of_the_same_the_larger() -> None:
    shot_chooser = chooser()
    shot_chooser.choose([offer(0, GOOD)])
    shot_chooser.choose([offer(1, 0.40, eyes=25)])
    shot_chooser.choose([offer(2, 0.40, eyes=40)])

    assert contexts(shot_chooser.choose([offer(3, 0.35, eyes=50)])) == [2]


def test_a_candidate_is_taken_at_its_windows_end_though_the_face_is_gone() -> None:
    assert play(chooser(), [GOOD, GOOD, None, None, None]) == [(0, 0), (3, 1)]


def test_after_its_shots_a_track_is_looked_at_again_at_intervals_and_freshly() -> None:
    taken = play(chooser(), [GOOD] * 60)
    looks = [look for look, _ in taken]

    assert looks[:4] == [0, 3, 6, 9]
    assert looks[4:] == [19, 29, 39, 49, 59]
    assert all(look - of < 3 for look, of in taken)


def test_unusable_looks_are_never_taken() -> None:
    shot_chooser = chooser()
    taken = [shot for look in range(30) for shot in shot_chooser.choose([offer(look, GOOD, usable=False)])]

    assert taken == []
    assert shot_chooser.end([7]) == []


def test_a_hot_track_gives_its_next_usable_looks_until_agreement() -> None:
    shot_chooser = chooser()
    play(shot_chooser, [GOOD])
    shot_chooser.note_hit(7)

    assert play(shot_chooser, [SOFT, SOFT], start=1) == [(1, 1), (2, 2)]
    shot_chooser.note_agreement(7)
    assert play(shot_chooser, [GOOD, GOOD, GOOD], start=3) == [(5, 3)]


def test_heat_without_agreement_ends_by_itself() -> None:
    shot_chooser = chooser()
    play(shot_chooser, [GOOD])
    shot_chooser.note_hit(7)

    assert len(play(shot_chooser, [GOOD] * POLICY.max_shots_per_track, start=1)) == POLICY.max_shots_per_track
    assert play(shot_chooser, [GOOD] * 4, start=20) == []


def test_a_track_of_nobody_is_looked_at_half_as_often_and_after_a_second_such_shot_as_seldom_as_an_old_one() -> None:
    shot_chooser = chooser()
    taken = []
    for look in range(40):
        for shot in shot_chooser.choose([offer(look, GOOD)]):
            taken.append((look, shot.context))
            shot_chooser.note_unlike(7)

    assert [look for look, _ in taken] == [0, 6, 16, 26, 36]
    assert all(look - of < POLICY.shot_spacing_looks for look, of in taken)


def test_a_shot_that_resembles_somebody_brings_the_ordinary_pace_back() -> None:
    shot_chooser = chooser()
    play(shot_chooser, [GOOD])
    shot_chooser.note_unlike(7)
    shot_chooser.note_alike(7)

    assert play(shot_chooser, [GOOD] * 6, start=1) == [(3, 1), (6, 4)]


def test_a_hot_track_is_no_longer_of_nobody() -> None:
    shot_chooser = chooser()
    play(shot_chooser, [GOOD])
    shot_chooser.note_unlike(7)
    shot_chooser.note_unlike(7)
    shot_chooser.note_hit(7)
    shot_chooser.note_agreement(7)

    assert play(shot_chooser, [GOOD] * 3, start=1) == [(3, 1)]


def test_a_track_that_ends_with_fewer_than_two_shots_gives_its_candidate() -> None:
    shot_chooser = chooser()
    shot_chooser.choose([offer(0, SOFT)])

    assert contexts(shot_chooser.choose([], ended=[7])) == [0]

    shot_chooser.choose([offer(2, GOOD)])
    shot_chooser.choose([offer(3, SOFT)])
    assert [(s.context, s.shot) for s in shot_chooser.end([7])] == [(3, 1)]


def test_a_track_that_ends_with_two_shots_keeps_its_candidate_to_itself() -> None:
    shot_chooser = chooser()
    play(shot_chooser, [GOOD] * 4 + [SOFT])

    assert shot_chooser.end([7]) == []


def test_ended_and_unknown_tracks_are_nothing_to_hot_agreed_and_end() -> None:
    shot_chooser = chooser()
    shot_chooser.note_hit(99)
    shot_chooser.note_agreement(99)
    shot_chooser.note_unlike(99)
    shot_chooser.note_alike(99)

    assert shot_chooser.end([99]) == []
    assert shot_chooser.wants(99)


def test_two_faces_of_one_look_cannot_be_one_track() -> None:
    with pytest.raises(ValueError, match="same track"):
        chooser().choose([offer(0, GOOD), offer(0, GOOD)])


looks_strategy = st.lists(
    st.dictionaries(st.integers(0, 3), st.tuples(st.floats(0, 1), st.floats(10, 90), st.booleans()), max_size=4),
    max_size=80,
)
policies = st.builds(
    TrackingPolicy,
    max_shots_per_track=st.integers(1, 8),
    shot_spacing_looks=st.integers(1, 5),
    relook_looks=st.integers(1, 20),
    max_missed_looks=st.just(6),
)


@given(policy=policies, looks=looks_strategy)
def test_never_more_shots_than_the_policy_and_one_for_each_track_with_a_usable_look(
    policy: TrackingPolicy, looks: list[dict[int, tuple[float, float, bool]]]
) -> None:
    shot_chooser: ShotChooser[int] = ShotChooser(policy, good_sharpness=0.45)
    taken: list[tuple[int, ChosenShot[int]]] = []
    usable: set[int] = set()
    seen: dict[int, int] = {}
    for look, faces in enumerate(looks):
        offers = [offer(look, s, eyes=e, usable=u, track=t) for t, (s, e, u) in faces.items()]
        usable |= {t for t, (_, _, u) in faces.items() if u}
        for t in faces:
            seen.setdefault(t, look)
        taken += [(look, shot) for shot in shot_chooser.choose(offers)]
    taken += [(len(looks), shot) for shot in shot_chooser.end(range(4))]
    counts = Counter(shot.track_id for _, shot in taken)

    assert set(counts) == usable
    for track, count in counts.items():
        lived = len(looks) - seen[track]
        relooks = max(0, lived - 1) // policy.relook_looks
        assert count <= policy.max_shots_per_track + relooks + 1
        at = [look for look, shot in taken if shot.track_id == track][: policy.max_shots_per_track]
        inside = [look for look in at if look < len(looks)]
        gaps = np.diff(inside)
        assert (gaps >= policy.shot_spacing_looks).all()
        assert len({shot.context for _, shot in taken if shot.track_id == track}) == count  # no look twice
        assert [s.shot for _, s in taken if s.track_id == track] == list(range(count))


@given(looks=looks_strategy)
def test_a_face_that_is_not_wanted_changes_nothing(looks: list[dict[int, tuple[float, float, bool]]]) -> None:
    everything, only_wanted = chooser(), chooser()
    for look, faces in enumerate(looks):
        offers = [offer(look, s, eyes=e, usable=u, track=t) for t, (s, e, u) in faces.items()]
        wanted = [o for o in offers if only_wanted.wants(o.track_id)]
        expected = [(s.track_id, s.context) for s in everything.choose(offers)]

        assert [(s.track_id, s.context) for s in only_wanted.choose(wanted)] == expected
