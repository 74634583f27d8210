"""The circuit breaker: how many false alerts are too many for the faces so far (docs/domain.md 4.4).

Looking again after every alert makes the true level higher than 5 %; the table is the floor that a
sequential test may only undercut.
"""

from __future__ import annotations

from lfr_core.common.errors import Poison

__all__ = ["LEVEL", "circuit_breaker_limit", "circuit_breaker_trips"]

LEVEL = 0.05
"""Chance of tripping although the limit is just kept."""


def circuit_breaker_limit(faces: int, limit_one_in: int, level: float = LEVEL) -> int:
    """Return the number of false alerts at which to suspend.

    It is the smallest k with P(X >= k) <= level, X ~ Poisson(faces/limit).

    Never below 1: without a false alert there is nothing to suspend for.

    Raises:
        Poison: a negative number of faces, a limit below 1 in 1 or a level outside (0, 1).
    """
    from scipy.special import pdtrc, pdtrik

    if faces < 0 or limit_one_in < 1 or not 0.0 < level < 1.0:
        raise Poison(f"no circuit breaker for {faces} faces, 1 in {limit_one_in}, level {level}")
    mean = faces / limit_one_in
    limit = max(1, round(float(pdtrik(1.0 - level, mean)))) if mean else 1
    while pdtrc(limit - 1, mean) > level:
        limit += 1
    while limit > 1 and pdtrc(limit - 2, mean) <= level:
        limit -= 1
    return limit


def circuit_breaker_trips(faces: int, false_alerts: int, limit_one_in: int, level: float = LEVEL) -> bool:
    """Return whether `false_alerts` among `faces` is reason to suspend."""
    return false_alerts >= circuit_breaker_limit(faces, limit_one_in, level)
