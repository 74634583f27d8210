"""Errors of an identification system by threshold and list size: the arithmetic of ISO/IEC 19795-1 and NIST FRTE 1:N.

Pure functions of counts and scores. A search by somebody who isn't listed has `c` of `others` people at or above the
threshold; a list of `listed` of them, drawn without replacement, holds none of those with the hypergeometric
probability C(others - c, listed) / C(others, listed). So one comparison with everybody gives the false positive
identification rate (docs/domain.md F6) for every shorter list exactly, without drawing lists.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lfr_core.common.errors import Poison
from lfr_core.domain.claims import faces_needed
from lfr_core.domain.rates import CONFIDENCE, clopper_pearson

__all__ = [
    "Doubles",
    "ThresholdGrid",
    "bootstrap_quantiles",
    "comparisons_needed",
    "detectable_difference",
    "passes_for_margin",
    "per_group_for_difference",
    "per_pass_factor",
    "probability_of_none",
    "ratio_interval",
    "shots_of_pass",
]

Doubles = npt.NDArray[np.float64]

POWER = 0.8
"""How surely a difference of the size asked about is to be found (docs/domain.md 4.3)."""
_DRAWS_AT_ONCE = 50
"""Bootstrap draws whose weights are held at a time: 50 x 100,000 subjects are 40 MB."""


@dataclass(frozen=True, slots=True)
class ThresholdGrid:
    """Thresholds from `low` in steps of `step`; a score belongs to bin b if it reaches threshold b and not b + 1."""

    low: float = 0.0
    step: float = 0.005
    count: int = 201

    @property
    def thresholds(self) -> Doubles:
        """Shape (count,), ascending, cosines."""
        return np.round(self.low + self.step * np.arange(self.count), 6)

    def reached(self, scores: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """Return how many thresholds each score reaches, 0 to `count`; same shape as `scores`."""
        nudged = scores + 1e-4 * self.step  # a score of float32 at a threshold reaches it
        return np.asarray(np.searchsorted(self.thresholds, nudged, side="right"), dtype=np.int64)

    def at_most(self, threshold: float) -> int:
        """Return the index of the highest threshold that isn't above `threshold`. Raises Poison: there is none."""
        index = int(np.searchsorted(self.thresholds, threshold + 1e-9, side="right")) - 1
        if index < 0 or threshold > float(self.thresholds[-1]) + 1e-9:
            raise Poison(f"a threshold of {threshold:g} is outside what is measured, {self.low:g} to 1")
        return index


def probability_of_none(others: int, listed: int) -> Doubles:
    """Return, by the number `c` of people who would match, the chance that none of them is listed: (others + 1,).

    Raises:
        Poison: a list longer than those that there are, or without people.
    """
    from scipy.special import gammaln

    if not 1 <= listed <= others:
        raise Poison(f"a list of {listed} can't be drawn from {others} people")
    c = np.arange(others + 1, dtype=np.float64)
    free = np.maximum(others - c, listed)  # where fewer are free than listed the chance is nil
    log = gammaln(free + 1) - gammaln(free - listed + 1) - gammaln(others + 1) + gammaln(others - listed + 1)
    chance = np.where(others - c >= listed, np.exp(log), 0.0)
    chance[0] = 1.0
    return chance


def bootstrap_quantiles(
    events: Doubles,
    searches: Doubles,
    quantiles: Sequence[float],
    rng: np.random.Generator,
    *,
    draws: int = 1_000,
) -> Doubles:
    """Return quantiles of the rate when subjects, not searches, are drawn with replacement (percentile bootstrap).

    Searches of one person aren't independent, so an interval over searches alone is too narrow.

    Args:
        events: shape (subjects, thresholds): errors of each subject's searches; or (subjects,).
        searches: shape (subjects,).
        quantiles: of the rate, 0 to 1.
        rng: draws.
        draws: how often.

    Returns:
        Shape (quantiles, thresholds); NaN throughout with fewer than two subjects who searched.
    """
    table = events.reshape(len(searches), -1)
    count = len(searches)
    if np.count_nonzero(searches) < 2:  # one can't vary
        return np.full((len(quantiles), table.shape[1]), np.nan)
    rates: list[Doubles] = []
    for start in range(0, draws, _DRAWS_AT_ONCE):
        drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=min(_DRAWS_AT_ONCE, draws - start))
        weights = drawn.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            rates.append((weights @ table) / (weights @ searches)[:, None])
    return np.asarray(np.nanquantile(np.concatenate(rates), list(quantiles), axis=0))


def shots_of_pass(max_shots_per_track: int) -> int:
    """Return how many shots of a pass are compared at most, for a pass of up to some 20 s.

    The policy's spread shots; as many at once while one of them has reached the threshold; and as many that are looked
    at again later, or of a track that goes on one that broke (`lfr_core.recognition.faces.shots`). [proposal]
    """
    return 3 * max_shots_per_track


def per_pass_factor(most_shots: int, agreeing_shots: int) -> float:
    """Return how much likelier a pass is to raise a false alert than one of its shots, at most.

    An alert needs `agreeing_shots` shots of a pass that find the same entry, and a shot finds at most one. Whatever
    the shots have to do with each other, by Markov's inequality P(k of S agree) <= S / k * P(a shot finds somebody).

    Raises:
        Poison: a count below 1.
    """
    if min(most_shots, agreeing_shots) < 1:
        raise Poison("a pass has at least one shot, and at least one has to agree")
    return most_shots / agreeing_shots


def comparisons_needed(fpir: float, listed: int, *, false_matches: int = 0, confidence: float = CONFIDENCE) -> int:
    """Return the fewest comparisons that can show `fpir` at a list of `listed`.

    They are the searches without a false one, times the list.

    Raises:
        Poison: as `faces_needed`.
    """
    return faces_needed(math.floor(round(1.0 / fpir, 6)), false_matches, confidence) * listed


def passes_for_margin(rate: float, margin: float) -> int:
    """Return how many passes put a rate near `rate` within `margin`: z^2 p (1-p) / margin^2, 95 % (docs/domain.md 4.3).

    Raises:
        Poison: a rate or margin outside (0, 1).
    """
    if not (0.0 < rate < 1.0 and 0.0 < margin < 1.0):
        raise Poison("the expected rate and its margin are between 0 and 1, as 0.9 and 0.05")
    return math.ceil(_z(0.975) ** 2 * rate * (1.0 - rate) / margin**2)


def per_group_for_difference(first: float, second: float, *, power: float = POWER) -> int:
    """Return how many of each of two groups show that their rates differ, two-sided 5 % level (docs/domain.md 4.3).

    Normal approximation with the pooled variance under the null hypothesis (Fleiss, without continuity correction).

    Raises:
        Poison: a rate outside (0, 1), or twice the same.
    """
    if not (0.0 < first < 1.0 and 0.0 < second < 1.0) or first == second:
        raise Poison("two different rates between 0 and 1 are compared, as 0.9 and 0.8")
    pooled = (first + second) / 2
    null = _z(0.975) * math.sqrt(2 * pooled * (1 - pooled))
    other = _z(power) * math.sqrt(first * (1 - first) + second * (1 - second))
    return math.ceil(((null + other) / (first - second)) ** 2)


def detectable_difference(rate: float, first: int, second: int, *, power: float = POWER) -> float | None:
    """Return how much higher another group's error rate must be to show among so many people; None: nothing could.

    Two-sided 5 % level, normal approximation with unequal numbers. `rate` is the reference group's.

    Raises:
        Poison: a group without people, or a rate that is none.
    """
    if min(first, second) < 1 or not 0.0 <= rate <= 1.0:
        raise Poison("a difference needs people in both groups and a rate")

    def power_at(other: float) -> float:
        pooled = (first * rate + second * other) / (first + second)
        null = math.sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
        spread = math.sqrt(rate * (1 - rate) / first + other * (1 - other) / second)
        return other - rate - _z(0.975) * null - _z(power) * spread

    low, high = rate, 1.0
    if power_at(high) < 0:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if power_at(middle) < 0 else (low, middle)
    return high - rate


def ratio_interval(events: int, exposure: float, reference_events: int, reference: float) -> tuple[float, float]:
    """Return the exact conditional 95 % interval of a rate ratio (docs/domain.md F11).

    Given all events, those of the group are binomial with r E / (r E + E_ref); Clopper-Pearson's bounds carried over.

    Raises:
        Poison: there is no event, or nothing was exposed.
    """
    total = events + reference_events
    if total < 1 or not (exposure > 0 and reference > 0):
        raise Poison("a ratio needs at least one event and both groups")
    low, high = clopper_pearson(events, total)

    def ratio(share: float) -> float:
        return math.inf if share >= 1.0 else share / (1.0 - share) * reference / exposure

    return ratio(low), ratio(high)


def _z(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
