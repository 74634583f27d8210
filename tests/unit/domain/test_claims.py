from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.circuit_breaker import circuit_breaker_limit, circuit_breaker_trips
from lfr_core.domain.claims import ClaimBinding, Evidence, ListBand, claim, clustered_upper_bound, faces_needed, pooled
from lfr_core.domain.rates import upper_bound

BOUND = ClaimBinding("contract-1", 0.64, ListBand.around(10_000))


@pytest.mark.parametrize(
    ("limit", "needed"),
    [  # docs/domain.md 4.1; the last row was checked with 60 digits
        (1_000, [2_995, 4_742, 6_294, 7_752, 9_151, 10_511]),
        (10_000, [29_956, 47_437, 62_956, 77_535, 91_533, 105_128]),
        (100_000, [299_572, 474_385, 629_578, 775_364, 915_350, 1_051_301]),
    ],
)
def test_a_claim_needs_the_faces_of_the_exact_bound(limit: int, needed: list[int]) -> None:
    assert [faces_needed(limit, k) for k in range(6)] == needed


@given(st.integers(2, 200_000), st.integers(0, 20))
def test_one_face_fewer_is_not_enough(limit: int, false_alerts: int) -> None:
    needed = faces_needed(limit, false_alerts)

    assert claim(limit, faces=needed, false_alerts=false_alerts, bound_to=BOUND).shown
    assert upper_bound(false_alerts, needed - 1) > 1 / limit


def test_an_unsupported_claim_says_how_many_faces_are_missing() -> None:
    made = claim(10_000, faces=12_400, false_alerts=0, bound_to=BOUND)

    assert not made.shown
    assert made.sentence == "under 1 in 10,000 faces: not yet shown: 12,400 of 29,956 faces"


def test_a_supported_claim_carries_its_bound_and_what_it_is_bound_to() -> None:
    made = claim(10_000, faces=100_000, false_alerts=2, bound_to=BOUND)

    assert made.shown
    assert made.sentence.startswith("under 1 in 10,000 faces: shown (2 false or not decided of 100,000 faces")
    assert str(made.bound_to) == "model contract-1, threshold 0.64, lists of 9,000 to 11,000 people"


@pytest.mark.parametrize(("faces", "false_alerts"), [(383_356, 1), (470_000, 1)])  # Essex, Croydon: docs/domain.md 4.1
def test_published_records_that_just_fail_to_show_one_in_100_000_do_fail(faces: int, false_alerts: int) -> None:
    assert not claim(100_000, faces=faces, false_alerts=false_alerts, bound_to=BOUND).shown


def test_evidence_of_another_model_threshold_or_list_size_is_left_out_and_counted() -> None:
    fits = Evidence("contract-1", 0.64, 10_500, 20_000, 0)
    others = [
        Evidence("contract-2", 0.64, 10_000, 90_000, 0),
        Evidence("contract-1", 0.60, 10_000, 90_000, 0),
        Evidence("contract-1", 0.64, 5_000, 90_000, 0),
    ]
    made, left_out = pooled(10_000, [fits, *others, fits], BOUND, np.random.default_rng(1))

    assert (made.faces, left_out) == (40_000, 3)
    assert made.shown
    with pytest.raises(Refused) as refused:
        pooled(10_000, others, BOUND, np.random.default_rng(1))
    assert refused.value.rule == "claim.no-evidence"


def test_false_alerts_that_fall_on_one_deployment_widen_the_bound() -> None:
    rng = np.random.default_rng(7)
    spread = [(10_000, 1)] * 20
    heaped = [(10_000, 0)] * 19 + [(10_000, 20)]
    exact = upper_bound(20, 200_000)
    together, apart = clustered_upper_bound(heaped, rng), clustered_upper_bound(spread, rng)

    assert together is not None
    assert apart is not None
    assert together > exact > apart
    assert claim(6_800, faces=200_000, false_alerts=20, bound_to=BOUND).shown
    heaped_claim = claim(6_800, faces=200_000, false_alerts=20, bound_to=BOUND, clustered_upper95=together)
    assert not heaped_claim.shown
    assert "few deployments" in heaped_claim.sentence


def test_one_deployment_alone_has_no_clustered_bound() -> None:
    assert clustered_upper_bound([(10_000, 3)], np.random.default_rng(1)) is None


@pytest.mark.parametrize(
    ("faces", "per_thousand", "per_ten_thousand"),
    [(500, 3, 1), (1_000, 4, 2), (5_000, 10, 3), (10_000, 16, 4), (20_000, 29, 6), (50_000, 63, 10)],
)
def test_the_circuit_breaker_is_the_table_of_the_plan(faces: int, per_thousand: int, per_ten_thousand: int) -> None:
    assert (circuit_breaker_limit(faces, 1_000), circuit_breaker_limit(faces, 10_000)) == (
        per_thousand,
        per_ten_thousand,
    )  # docs/domain.md 4.4
    assert circuit_breaker_trips(faces, per_thousand, 1_000)
    assert not circuit_breaker_trips(faces, per_thousand - 1, 1_000)


def test_no_false_alert_never_trips_the_circuit_breaker() -> None:
    assert not any(circuit_breaker_trips(faces, 0, 1_000) for faces in (0, 1, 100, 10_000_000))


def test_claims_that_cannot_be_are_refused() -> None:
    with pytest.raises(Poison):
        claim(10_000, faces=3, false_alerts=4, bound_to=BOUND)
    with pytest.raises(Poison):
        faces_needed(1)
    with pytest.raises(Poison):
        circuit_breaker_limit(-1, 1_000)
    with pytest.raises(Poison):
        ListBand(5, 4)
