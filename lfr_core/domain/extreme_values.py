"""The upper tail of impostor scores: a generalised Pareto distribution above a high score (Pickands-Balkema-de Haan).

Where the data end it says how the tail goes on, if it goes on as it began; that is an extrapolation and no
measurement, and whoever shows a number of it says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lfr_core.common.errors import Refused
from lfr_core.domain.identification import Doubles

__all__ = ["FARTHEST", "LEAST_EXCEEDANCES", "TailFit", "fit_tail"]

LEAST_EXCEEDANCES = 50
"""Scores above the tail's start, below which shape and scale are guesses. [proposal]"""
FARTHEST = 100.0
"""How far past the data a tail may be followed: to rates of one in so many times the comparisons made. [proposal]"""


@dataclass(frozen=True, slots=True)
class TailFit:
    """A fitted tail.

    start: the score above which it holds. share: of all comparisons, those above it. shape, scale: of scipy's
    genpareto; a negative shape ends at `start - scale / shape`. exceedances: scores it was fitted to. comparisons: of
    all, impostor ones. p_value: of Kolmogorov and Smirnov's test against the fit; it is too kind, since the same data
    were fitted.
    """

    start: float
    share: float
    shape: float
    scale: float
    exceedances: int
    comparisons: int
    p_value: float

    def rate_at(self, threshold: float) -> float:
        """Return the share of impostor comparisons that reach `threshold`, which isn't below `start`."""
        from scipy.stats import genpareto  # takes a second to load, and most who plan a threshold never ask

        return self.share * float(genpareto.sf(threshold - self.start, self.shape, scale=self.scale))

    def threshold_for(self, rate: float) -> float:
        """Return the threshold that `rate` of the impostor comparisons reach; `rate` isn't above `share`."""
        from scipy.stats import genpareto

        return self.start + float(genpareto.isf(rate / self.share, self.shape, scale=self.scale))

    def extrapolates(self, rate: float) -> bool:
        """Return whether fewer than one comparison of those made is expected at that rate: nothing was seen there."""
        return rate * self.comparisons < 1.0


def fit_tail(scores: Doubles, comparisons: int) -> TailFit:
    """Fit the tail to the highest scores of `comparisons` impostor comparisons, by maximum likelihood.

    Args:
        scores: the highest, any order; the lowest of them is where the tail starts.
        comparisons: how many there were in all.

    Raises:
        Refused: `accuracy.tail-too-short`.
    """
    from scipy.stats import genpareto, kstest

    ordered = np.sort(scores.astype(np.float64))
    if len(ordered) <= LEAST_EXCEEDANCES or float(ordered[-1]) <= float(ordered[0]):
        raise Refused(
            "accuracy.tail-too-short",
            f"{max(0, len(ordered) - 1)} scores make up the tail of the impostor scores; at least {LEAST_EXCEEDANCES} "
            "different ones are needed to fit how it goes on: add people to the photographs",
        )
    start = float(ordered[0])
    above = ordered[1:] - start
    shape, _, scale = genpareto.fit(above, floc=0.0)
    p_value = float(kstest(above, genpareto(shape, scale=scale).cdf).pvalue)
    if not (math.isfinite(shape) and scale > 0):
        raise Refused("accuracy.tail-too-short", "no tail fits the impostor scores: add people to the photographs")
    return TailFit(
        start, len(above) / comparisons, float(shape), float(scale), len(above), comparisons, round(p_value, 4)
    )
