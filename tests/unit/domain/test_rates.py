from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.domain.rates import (
    AlertCounts,
    clopper_pearson,
    expected_false_alerts,
    natural_frequency,
    one_in,
    proportion,
    rates_of,
    rule_of_three,
    scaled_fpir,
    upper_bound,
)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [  # docs/domain.md 2.4 and 4.1
        (10, 3_147_436, "1 in 656,346", "1 in 171,146"),
        (25, 491_246, "1 in 30,364", "1 in 13,311"),
        (5, 1_863_630, "1 in 1,147,918", "1 in 159,717"),
    ],
)
def test_intervals_are_those_worked_out_for_the_published_records(k: int, n: int, low: str, high: str) -> None:
    assert tuple(map(one_in, clopper_pearson(k, n))) == (low, high)


@pytest.mark.parametrize(
    ("k", "n", "bound"),
    [(1, 383_356, "1 in 80,811"), (1, 470_000, "1 in 99,076"), (0, 2_500_000, "1 in 834,521")],  # docs/domain.md 4.1
)
def test_one_sided_bounds_are_those_worked_out_for_other_forces(k: int, n: int, bound: str) -> None:
    assert one_in(upper_bound(k, n)) == bound


@given(st.integers(1, 5_000), st.data())
def test_the_interval_is_scipys_exact_one(n: int, data: st.DataObject) -> None:
    from scipy.stats import binomtest  # takes a second to load, and each process collects every file

    k = data.draw(st.integers(0, n))
    reference = binomtest(k, n).proportion_ci(method="exact")

    assert clopper_pearson(k, n) == pytest.approx((reference.low, reference.high), abs=1e-9)
    assert upper_bound(k, n) == pytest.approx(
        binomtest(k, n, alternative="less").proportion_ci(method="exact").high, abs=1e-9
    )


@given(st.integers(100, 10_000_000))
def test_three_over_n_is_the_bound_of_nothing_seen(n: int) -> None:
    assert rule_of_three(n) == pytest.approx(upper_bound(0, n), rel=0.02)


def test_precision_is_shown_with_and_without_what_nobody_confirmed() -> None:
    rates = rates_of(AlertCounts(6, 3, 1, 2, 5), faces_compared=12_400, seeded_passes=40, recognised=36)

    assert (rates.false_alerts_per_face.k, rates.false_alerts_per_face.n) == (3, 12_400)
    assert (rates.most_false_per_face.k, rates.most_false_per_face.n) == (8, 12_400)
    assert (rates.false_share_of_alerts.k, rates.false_share_of_alerts.n) == (3, 12)
    assert (rates.precision_confirmed.k, rates.precision_confirmed.n) == (6, 7)
    assert (rates.precision_all.k, rates.precision_all.n) == (9, 12)
    assert rates.recognition.point == 0.9


def test_without_an_observation_there_is_no_rate_and_no_bound() -> None:
    assert proportion(0, 0).point is None
    assert proportion(0, 0).upper95_one_sided is None


@pytest.mark.parametrize(
    ("faces", "alerts", "wrong", "not_decided", "words"),
    [
        (12_400, 3, 1, 0, "of 12,400 faces, 3 alerts, 1 wrong"),
        (12_400, 1, 0, 0, "of 12,400 faces, 1 alert, none wrong"),
        (12_400, 140, 3, 137, "of 12,400 faces, 140 alerts, 3 wrong, 137 not decided"),
        (12_400, 140, 0, 140, "of 12,400 faces, 140 alerts, not decided"),
        (1, 0, 0, 0, "of 1 face, no alert"),
    ],
)
def test_results_are_said_in_whole_people(faces: int, alerts: int, wrong: int, not_decided: int, words: str) -> None:
    assert natural_frequency(faces=faces, alerts=alerts, false_alerts=wrong, not_decided=not_decided) == words


@pytest.mark.parametrize(("people", "expected"), [(1_000, 0.83), (2_000, 1.67), (5_000, 4.17), (16_000, 13.3)])
def test_expected_false_alerts_at_50_000_faces_are_those_of_the_tests_value(people: int, expected: float) -> None:
    fpir = scaled_fpir(1 / 6_000, 10_000, people)  # docs/domain.md F8: NPL at 0.60

    assert expected_false_alerts(50_000, fpir) == pytest.approx(expected, abs=0.05)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(Poison):
        clopper_pearson(4, 3)
    with pytest.raises(Poison):
        AlertCounts(1, 0, -1, 0, 0)
    with pytest.raises(Poison):
        AlertCounts(1, 0, 0, 0, -1)
    with pytest.raises(Poison):
        rates_of(AlertCounts(0, 0, 1, 0, 2), faces_compared=2)


def test_an_interval_of_another_confidence_is_that_confidence_s() -> None:
    from scipy.stats import binomtest  # takes a second to load, and each process collects every file

    reference = binomtest(3, 40).proportion_ci(confidence_level=0.8, method="exact")

    assert clopper_pearson(3, 40, 0.8) == pytest.approx((reference.low, reference.high), abs=1e-9)
    assert upper_bound(3, 40, 0.9) == pytest.approx(reference.high, abs=1e-9)
    assert upper_bound(0, 10, 0.8) == pytest.approx(1 - 0.2 ** (1 / 10), abs=1e-12)


def test_all_and_nothing_reach_the_ends_of_the_scale() -> None:
    ends = (*clopper_pearson(0, 1), *clopper_pearson(1, 1), upper_bound(1, 1), upper_bound(0, 1))
    assert ends == pytest.approx((0.0, 0.975, 0.025, 1.0, 1.0, 0.95), abs=1e-12)
    assert [rule_of_three(n) for n in (1, 3, 4)] == [1.0, 1.0, 0.75]


def test_a_proportion_has_its_base_its_point_its_interval_and_its_bound() -> None:
    found = proportion(1, 4)

    assert (found.k, found.n, found.point) == (1, 4, 0.25)
    assert (found.low95, found.high95) == clopper_pearson(1, 4)
    assert found.upper95_one_sided == upper_bound(1, 4)
    none_wrong = proportion(0, 5)
    assert (none_wrong.k, none_wrong.n, none_wrong.point, none_wrong.low95) == (0, 5, 0.0, 0.0)
    with pytest.raises(Poison):
        proportion(1, 0)
    nothing = proportion(0, 0)
    assert (nothing.k, nothing.n, nothing.low95, nothing.high95) == (0, 0, None, None)


def test_cells_add_up() -> None:
    counts = AlertCounts(1, 2, 4, 8, 16)

    assert (counts.true, counts.false, counts.decided, counts.total) == (3, 12, 15, 31)
    assert AlertCounts(0, 0, 0, 0, 0).total == 0


@pytest.mark.parametrize(
    ("rate", "words"), [(None, "not known"), (0.0, "none"), (1.0, "1 in 1"), (1 / 19_650, "1 in 19,650")]
)
def test_a_rate_is_said_as_one_in_so_many(rate: float | None, words: str) -> None:
    assert one_in(rate) == words


def test_alerts_are_decided_unless_it_is_said_that_some_are_not() -> None:
    assert natural_frequency(faces=10, alerts=1, false_alerts=1) == "of 10 faces, 1 alert, 1 wrong"


def test_large_numbers_are_said_with_commas() -> None:
    words = natural_frequency(faces=2_000_000, alerts=4_000, false_alerts=1_000, not_decided=2_000)

    assert words == "of 2,000,000 faces, 4,000 alerts, 1,000 wrong, 2,000 not decided"
    assert natural_frequency(faces=9, alerts=1_000, false_alerts=0, not_decided=1_000).endswith(
        "1,000 alerts, not decided"
    )


def test_every_count_may_be_as_large_as_what_it_is_a_part_of_and_no_larger() -> None:
    edge = rates_of(AlertCounts(0, 0, 1, 1, 2), faces_compared=4, seeded_passes=2, recognised=2)

    assert (edge.most_false_per_face.point, edge.recognition.point) == (1.0, 1.0)
    assert rates_of(AlertCounts(0, 0, 0, 0, 0), faces_compared=1).recognition.n == 0
    with pytest.raises(Poison, match="2 false alerts and 2 not decided of 3 faces"):
        rates_of(AlertCounts(0, 0, 1, 1, 2), faces_compared=3)
    with pytest.raises(Poison, match="3 recognised of 2 seeded"):
        rates_of(AlertCounts(0, 0, 0, 0, 0), faces_compared=3, seeded_passes=2, recognised=3)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (0, 0), (1, 0)])
def test_what_is_no_proportion_has_no_interval_and_no_bound(k: int, n: int) -> None:
    for made in (clopper_pearson, upper_bound):
        with pytest.raises(Poison, match=f"{k} of {n} is no proportion"):
            made(k, n)


@pytest.mark.parametrize("confidence", [-0.1, 0.0, 1.0, 1.1])
def test_a_confidence_lies_between_nothing_and_certainty(confidence: float) -> None:
    for made in (clopper_pearson, upper_bound):
        with pytest.raises(Poison, match="isn't between 0 and 1"):
            made(1, 3, confidence)


@pytest.mark.parametrize("arguments", [(-0.01, 10, 10), (1.0, 10, 10), (0.1, 0, 10), (0.1, 10, 0)])
def test_a_rate_or_a_list_that_cannot_be_is_not_scaled(arguments: tuple[float, int, int]) -> None:
    with pytest.raises(Poison, match="scaling needs"):
        scaled_fpir(*arguments)
    with pytest.raises(Poison, match="at least one observation"):
        rule_of_three(0)


def test_a_list_of_one_person_is_scaled_like_any_other_and_nothing_stays_nothing() -> None:
    assert scaled_fpir(0.1, 1, 1) == pytest.approx(0.1)
    assert scaled_fpir(0.1, 1, 2) == pytest.approx(0.19)
    assert scaled_fpir(0.0, 1_000, 5) == 0.0
