"""The arithmetic of identification, against published tables, scipy and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.extreme_values import fit_tail
from lfr_core.domain.identification import (
    ThresholdGrid,
    bootstrap_quantiles,
    comparisons_needed,
    detectable_difference,
    passes_for_margin,
    per_group_for_difference,
    per_pass_factor,
    probability_of_none,
    ratio_interval,
)


def test_passes_and_groups_are_those_of_the_published_power_table() -> None:
    assert (passes_for_margin(0.9, 0.05), passes_for_margin(0.9, 0.03)) == (139, 385)  # docs/domain.md 4.3
    assert [per_group_for_difference(a, b) for a, b in ((0.9, 0.85), (0.9, 0.8), (0.6, 0.46))] == [686, 199, 199]


def test_the_difference_that_can_be_detected_is_the_inverse_of_the_power_table() -> None:
    found = detectable_difference(0.1, 199, 199)

    assert found == pytest.approx(0.1, abs=1e-3)
    assert detectable_difference(0.5, 1, 1) is None


def test_a_shorter_list_holds_nobody_with_the_hypergeometric_chance() -> None:
    from scipy.stats import hypergeom  # takes a second to load, and each process collects every file

    found = probability_of_none(50, 7)

    assert found == pytest.approx([hypergeom(50, c, 7).pmf(0) for c in range(51)], abs=1e-12)
    assert probability_of_none(10, 10).tolist() == [1.0] + [0.0] * 10


def test_the_chance_is_the_mean_over_every_list_that_can_be_drawn() -> None:
    scores, threshold = [0.1, 0.5, 0.3, 0.7, 0.2], 0.4
    lists = list(combinations(scores, 3))
    by_hand = sum(max(one) >= threshold for one in lists) / len(lists)

    assert 1 - probability_of_none(5, 3)[2] == pytest.approx(by_hand)


def test_the_ratio_of_rates_has_the_exact_conditional_interval() -> None:
    low, high = ratio_interval(4, 24, 2, 76)  # docs/domain.md 4.3: four of six among 24 %

    assert low < (4 / 24) / (2 / 76) < high
    assert low == pytest.approx(0.9076738, rel=1e-6)  # the bound of 4 of 6, 0.2227781, carried over
    assert ratio_interval(1, 10, 0, 10)[1] == float("inf")


def test_the_bootstrap_draws_people_and_not_their_searches() -> None:
    rng = np.random.default_rng(1)
    events, searches = np.zeros(100), np.full(100, 10.0)
    events[0] = 10.0  # all errors are one person's
    (low, high) = bootstrap_quantiles(events, searches, (0.025, 0.975), rng)[:, 0]

    assert low == 0.0
    assert high == pytest.approx(0.03, abs=0.011)  # three times that person, where 1,000 searches would say 0.018
    assert np.isnan(bootstrap_quantiles(np.ones(1), np.ones(1), (0.5,), rng)).all()


def test_a_pass_is_never_likelier_to_alert_than_the_bound_says() -> None:
    rng = np.random.default_rng(2)
    rate, shots = 0.02, 8
    independent = (rng.random((200_000, shots)) < rate).sum(axis=1) >= 2
    together = np.repeat(rng.random(200_000) < rate, shots).reshape(-1, shots).sum(axis=1) >= 2
    pairs = np.zeros((200_000, shots))
    pairs[:, :2] = (rng.random(200_000) < rate * shots / 2)[:, None]  # the worst there is: always two at a time

    bound = rate * per_pass_factor(shots, 2)
    assert max(independent.mean(), together.mean()) < bound
    assert (pairs.sum(axis=1) >= 2).mean() == pytest.approx(bound, rel=0.05)


def test_the_comparisons_that_a_claim_needs_are_those_of_the_published_table() -> None:
    assert comparisons_needed(1 / 10_000, 10_000) == 29_956 * 10_000  # docs/domain.md 4.1
    assert comparisons_needed(1 / 100_000, 1_000, false_matches=1) == 474_385 * 1_000


def test_a_score_at_a_threshold_reaches_it_also_as_float32() -> None:
    grid = ThresholdGrid()

    assert [grid.at_most(float(one)) for one in grid.thresholds] == list(range(grid.count))
    assert grid.reached(grid.thresholds.astype(np.float32)).tolist() == list(range(1, grid.count + 1))
    with pytest.raises(Poison, match="outside"):
        grid.at_most(1.2)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2])
def test_the_tail_that_was_drawn_is_found_again(shape: float) -> None:
    from scipy.stats import genpareto

    drawn = genpareto(shape, scale=0.05).rvs(size=2_000, random_state=np.random.default_rng(3))
    fit = fit_tail(np.concatenate([[0.3], 0.3 + drawn]), 200_000)

    assert fit.shape == pytest.approx(shape, abs=0.08)
    assert fit.scale == pytest.approx(0.05, rel=0.1)
    assert fit.rate_at(fit.threshold_for(1e-4)) == pytest.approx(1e-4)
    assert (fit.extrapolates(1e-6), fit.extrapolates(1e-4)) == (True, False)
    assert fit.p_value > 0.01


def test_a_tail_of_a_few_scores_is_not_fitted() -> None:
    with pytest.raises(Refused, match="add people") as refused:
        fit_tail(np.linspace(0.3, 0.4, 20), 1_000)
    assert refused.value.rule == "accuracy.tail-too-short"
