"""Tracks over synthetic walks: speeds, gaps, crossings, misses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import TrackingPolicy
from lfr_core.recognition.faces.tracker import Tracker
from lfr_core.recognition.faces.types import Floats

POLICY = TrackingPolicy(max_shots_per_track=8, shot_spacing_looks=3, relook_looks=12, max_missed_looks=6)
LOOK_NS = 160_000_000  # 6.25 looks a second


def boxes(*faces: tuple[float, float, float]) -> Floats:
    """(centre x, centre y, size) each."""
    return np.array([[x - s / 2, y - s / 2, x + s / 2, y + s / 2] for x, y, s in faces], np.float32).reshape(-1, 4)


def ids(tracker: Tracker, look: int, *faces: tuple[float, float, float]) -> list[int]:
    return [a.track_id for a in tracker.update(boxes(*faces), look * LOOK_NS).assignments]


def test_a_walker_keeps_one_track_through_gait_and_jitter() -> None:
    rng = np.random.default_rng(1)
    tracker = Tracker(POLICY)
    seen = {
        ids(
            tracker,
            k,
            (50 + 40 * k + rng.normal(0, 3), 300 + 4 * math.sin(k) + rng.normal(0, 3), 80 * rng.normal(1, 0.04)),
        )[0]
        for k in range(28)
    }

    assert seen == {0}


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_a_face_that_moves_by_its_own_width_between_looks_is_one_track(share: float) -> None:
    tracker = Tracker(POLICY)

    assert {ids(tracker, k, (60 + 80 * share * k, 300, 80))[0] for k in range(12)} == {0}


def test_two_fast_walkers_one_behind_the_other_keep_their_tracks() -> None:
    tracker = Tracker(POLICY)
    seen = [ids(tracker, k, (60 + 40 * k, 300, 80), (220 + 40 * k, 310, 80)) for k in range(20)]

    assert seen == [[0, 1]] * 20


def test_people_who_cross_keep_their_tracks() -> None:
    tracker = Tracker(POLICY)
    seen = [ids(tracker, k, (100 + 30 * k, 300, 70), (900 - 30 * k, 320, 78)) for k in range(28)]

    assert seen == [[0, 1]] * 28


def test_people_who_cross_while_one_hides_the_other_keep_their_tracks() -> None:
    tracker = Tracker(POLICY)
    for k in range(28):
        near, far = (100 + 30 * k, 300, 80), (900 - 30 * k, 310, 66)
        if abs(near[0] - far[0]) < 60:
            assert ids(tracker, k, near) == [0]
        else:
            assert ids(tracker, k, near, far) == [0, 1]


def test_a_person_who_comes_towards_a_high_camera_is_one_track() -> None:
    tracker = Tracker(POLICY)
    size = [40 * math.exp(0.3 * k * 0.16) for k in range(30)]
    y = np.cumsum([1.2 * 0.16 * s for s in size])

    assert {ids(tracker, k, (600, 50 + float(y[k]), size[k]))[0] for k in range(30)} == {0}


@pytest.mark.parametrize("seed", range(4))
def test_in_a_street_of_five_tracks_are_pure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracker = Tracker(POLICY)
    walkers = [
        (
            float(rng.uniform(0, 1280)),
            float(rng.uniform(150, 550)),
            float(rng.uniform(45, 150)),
            float(rng.choice([-3, 3])),
        )
        for _ in range(5)
    ]
    people: dict[int, list[int]] = {}
    for look in range(40):
        now = look * 0.16
        faces: list[tuple[int, tuple[float, float, float]]] = []
        for person, (x, y, size, speed) in enumerate(walkers):
            at = (x + speed * size * now) % 1280  # whoever leaves comes in again at the other side
            jitter = rng.normal(0, 0.05, 3)
            if rng.random() < 0.93:
                faces.append((person, (at + jitter[0] * size, y + jitter[1] * size, size * (1 + jitter[2]))))
        for (person, _), track in zip(faces, ids(tracker, look, *(f for _, f in faces)), strict=True):
            people.setdefault(track, []).append(person)
    looks = sum(len(seen) for seen in people.values())
    strangers = sum(len(seen) - max(map(seen.count, set(seen))) for seen in people.values())

    assert strangers / looks < 0.06
    assert len(people) < 40


def test_looks_at_uneven_times_keep_the_track() -> None:
    rng = np.random.default_rng(4)
    tracker, time_s = Tracker(POLICY), 0.0
    seen: set[int] = set()
    for _ in range(40):
        time_s += float(rng.choice([0.04, 0.12, 0.16, 0.24, 0.4]))
        update = tracker.update(boxes((50 + 200 * time_s, 300, 80)), int(time_s * 1e9))
        seen |= {a.track_id for a in update.assignments}

    assert seen == {0}


def test_a_face_missed_for_a_few_looks_comes_back_to_its_track() -> None:
    tracker = Tracker(POLICY)
    for k in range(8):
        ids(tracker, k, (100 + 30 * k, 300, 80))
    for k in range(8, 13):
        assert tracker.update(boxes(), k * LOOK_NS).ended == []

    assert ids(tracker, 13, (100 + 30 * 13, 300, 80)) == [0]


def test_a_track_ends_when_the_policys_missed_looks_are_exceeded() -> None:
    tracker = Tracker(POLICY)
    ids(tracker, 0, (100, 300, 80))
    ended = [tracker.update(boxes(), k * LOOK_NS).ended for k in range(1, 9)]

    assert ended == [[], [], [], [], [], [], [0], []]
    assert tracker.live == ()
    assert ids(tracker, 9, (100, 300, 80)) == [1]


def test_faces_elsewhere_or_of_another_size_start_new_tracks() -> None:
    tracker = Tracker(POLICY)
    ids(tracker, 0, (100, 300, 40))

    assert ids(tracker, 1, (500, 300, 40)) == [1]
    assert ids(tracker, 2, (500, 300, 120)) == [2]


def test_a_start_says_so_once() -> None:
    tracker = Tracker(POLICY)
    first = tracker.update(boxes((100, 300, 80), (400, 300, 80)), 0).assignments
    second = tracker.update(boxes((405, 300, 80), (105, 300, 80)), LOOK_NS).assignments

    assert [(a.track_id, a.detection_index, a.started) for a in first] == [(0, 0, True), (1, 1, True)]
    assert [(a.track_id, a.detection_index, a.started) for a in second] == [(1, 0, False), (0, 1, False)]


def test_after_a_long_silence_nobody_is_who_they_were() -> None:
    tracker = Tracker(POLICY)
    ids(tracker, 0, (100, 300, 80))
    update = tracker.update(boxes((100, 300, 80)), 30 * 1_000_000_000)

    assert update.ended == [0]
    assert [(a.track_id, a.started) for a in update.assignments] == [(1, True)]


def test_time_that_goes_back_does_no_harm() -> None:
    tracker = Tracker(POLICY)
    for k in (5, 6, 3, 4, 7):
        assert ids(tracker, k, (300, 300, 80)) == [0]


@pytest.mark.parametrize("bad", [[[np.nan, 0, 1, 1]], [[5, 5, 5, 9]], [[9, 0, 1, 1]], [[0, 0, np.inf, 1]], [[0, 0, 1]]])
def test_a_bad_box_is_poison_and_nothing_changes(bad: list[list[float]]) -> None:
    tracker = Tracker(POLICY)
    ids(tracker, 0, (100, 300, 80))
    with pytest.raises(Poison):
        tracker.update(np.array(bad, np.float32), LOOK_NS)

    assert tracker.live == (0,)
    assert ids(tracker, 1, (100, 300, 80)) == [0]


def test_end_all_ends_every_track_and_never_uses_an_id_again() -> None:
    tracker = Tracker(POLICY)
    ids(tracker, 0, (100, 300, 80), (500, 300, 80))

    assert tracker.end_all() == [0, 1]
    assert ids(tracker, 1, (100, 300, 80)) == [2]


face = st.tuples(st.floats(0, 1280), st.floats(0, 720), st.floats(8, 400))


@settings(max_examples=60)
@given(looks=st.lists(st.tuples(st.lists(face, max_size=6), st.integers(-(10**8), 3 * 10**9)), max_size=25))
def test_each_face_has_one_track_each_track_one_face_and_ends_once(
    looks: list[tuple[list[tuple[float, float, float]], int]],
) -> None:
    tracker, now = Tracker(POLICY), 0
    started: set[int] = set()
    ended: set[int] = set()
    for faces, gap in looks:
        now += gap
        update = tracker.update(boxes(*faces), now)
        given_ids = [a.track_id for a in update.assignments]

        assert [a.detection_index for a in update.assignments] == list(range(len(faces)))
        assert len(set(given_ids)) == len(given_ids)
        assert not started & {a.track_id for a in update.assignments if a.started}
        assert not ended & {*given_ids, *update.ended}
        started |= {a.track_id for a in update.assignments if a.started}
        ended |= set(update.ended)
        assert set(given_ids) <= started
        assert set(tracker.live) == started - ended
