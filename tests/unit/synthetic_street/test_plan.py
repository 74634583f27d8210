"""The plan of a street keeps its promises whatever the seed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.synthetic_street.plan import ENROLLED_GAP_S, PassPlan, Walker, plan_hash, street_plan
from apps.synthetic_street.world import WIDTH_PX, eye_distance_px, project

PEOPLE = [Walker("obama", 2, "obama"), *(Walker(f"passer-{n}", 1, largest_eye_px=50 + 10 * n) for n in range(8))]
SEEDS = st.integers(0, 10_000)


def plan(seed: int, seconds: float = 40, faces: float = 2.5, people: list[Walker] | None = None) -> list[PassPlan]:
    chosen = people or PEOPLE
    return street_plan(seed=seed, camera="north", seconds=seconds, faces_per_frame=faces, people=chosen)


def largest(one: PassPlan) -> float:
    return eye_distance_px(min(z for _, z in one.path))


@settings(max_examples=30)
@given(SEEDS)
def test_forty_seconds_hold_two_large_enrolled_passes_and_a_small_one(seed: int) -> None:
    sizes = [largest(p) for p in plan(seed, people=PEOPLE[:1]) if p.subject == "obama"]

    assert sum(size >= 32 for size in sizes) >= 2
    assert sum(24 <= size < 32 for size in sizes) >= 1


@settings(max_examples=30)
@given(SEEDS, st.sampled_from([20.0, 40.0, 90.0]))
def test_passes_of_an_enrolled_person_are_too_far_apart_to_be_merged(seed: int, seconds: float) -> None:
    mine = [p for p in plan(seed, seconds, people=PEOPLE[:1]) if p.subject == "obama"]

    assert mine
    assert all(b.start_s - a.end_s >= ENROLLED_GAP_S for a, b in pairwise(mine))
    assert all(p.start_s >= 0 and p.end_s <= seconds for p in mine), "an enrolled pass is cut off by the video's ends"


@settings(max_examples=5)
@given(SEEDS)
def test_nobody_is_in_two_places_at_once(seed: int) -> None:
    passes = plan(seed)

    for one in passes:
        others = [p for p in passes if p.person == one.person and p.id != one.id]
        assert not [p for p in others if p.start_s < one.end_s and one.start_s < p.end_s]


@settings(max_examples=5)
@given(SEEDS)
def test_everybody_enters_and_leaves_outside_the_picture_at_no_more_than_their_largest_size(seed: int) -> None:
    limits = {walker.name: walker.largest_eye_px for walker in PEOPLE}

    for one in plan(seed):
        for x, z in (one.path[0], one.path[-1]):
            assert not 0 <= project(x, 1.6, z)[0] <= WIDTH_PX
        assert largest(one) <= limits[one.person] + 0.01
        assert eye_distance_px(max(z for _, z in one.path)) >= 18


@pytest.mark.parametrize("faces", [1.0, 2.5, 5.0])
def test_as_many_faces_are_visible_as_asked_for(faces: float) -> None:
    people = [PEOPLE[0], *(Walker(f"p{n}", 1) for n in range(20))]
    passes = plan(3, seconds=60, faces=faces, people=people)
    moments = [0.5 * n for n in range(120)]
    visible = sum(
        (eyes := p.eyes(at)) is not None and 0 <= eyes[0] < WIDTH_PX and eyes[2] >= 18 for p in passes for at in moments
    )

    assert faces <= visible / len(moments) <= 1.25 * faces


def test_sizes_are_spread_from_24_to_90_pixels() -> None:
    sizes = [largest(p) for p in plan(5, seconds=120, people=[PEOPLE[0], *(Walker(f"p{n}", 1) for n in range(9))])]

    assert min(sizes) >= 24
    for low, high in ((24, 32), (32, 48), (48, 64), (64, 90.1)):
        assert sum(low <= size < high for size in sizes) >= 3, (low, high)


def test_the_same_seed_gives_the_same_plan_and_another_seed_or_camera_another() -> None:
    first = plan(7)
    south = street_plan(seed=7, camera="south", seconds=40, faces_per_frame=2.5, people=PEOPLE)

    assert plan_hash(first) == plan_hash(plan(7))
    assert len({plan_hash(first), plan_hash(plan(8)), plan_hash(south)}) == 3


def test_two_enrolled_people_both_pass() -> None:
    people = [Walker("ann", 1, "ann"), Walker("ben", 1, "ben"), *PEOPLE[1:]]

    assert {p.subject for p in plan(1, people=people)} == {None, "ann", "ben"}


@pytest.mark.parametrize(("people", "seconds", "faces"), [([], 40.0, 2.0), (PEOPLE, 0.0, 2.0), (PEOPLE, 40.0, 0.0)])
def test_a_street_of_nothing_is_refused(people: list[Walker], seconds: float, faces: float) -> None:
    with pytest.raises(ValueError, match="a street needs"):
        street_plan(seed=1, camera="c", seconds=seconds, faces_per_frame=faces, people=people)
