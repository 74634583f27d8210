"""Rates with their uncertainty: the formulas of docs/domain.md F1 to F4, F9 and F10.

Pure functions of counts. A rate without its base is never returned: each is a `Proportion`, k of n.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from lfr_core.common.errors import Poison

__all__ = [
    "AlertCounts",
    "Proportion",
    "Rates",
    "clopper_pearson",
    "expected_false_alerts",
    "natural_frequency",
    "one_in",
    "proportion",
    "rates_of",
    "rule_of_three",
    "scaled_fpir",
    "upper_bound",
]

CONFIDENCE = 0.95
"""Of every interval and bound that is published (docs/domain.md F9, F10)."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """k of n. The point and the bounds are None when n is 0: nothing was observed.

    low95, high95: the two-sided 95 % Clopper-Pearson interval. upper95_one_sided: the one-sided 95 % upper bound.
    """

    k: int
    n: int
    point: float | None
    low95: float | None
    high95: float | None
    upper95_one_sided: float | None


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """The four published cells (docs/domain.md 2.1, columns 8 to 11) and those not decided, in alerts.

    Raises Poison when one is negative.
    """

    true_confirmed: int
    true_unconfirmed: int
    false_confirmed: int
    false_unconfirmed: int
    not_decided: int

    def __post_init__(self) -> None:
        if min(astuple(self)) < 0:
            raise Poison("a count of alerts is negative: count them again")

    @property
    def true(self) -> int:
        """TC + TU."""
        return self.true_confirmed + self.true_unconfirmed

    @property
    def false(self) -> int:
        """FC + FU."""
        return self.false_confirmed + self.false_unconfirmed

    @property
    def decided(self) -> int:
        """The four cells: alerts of which somebody said that they were right or wrong."""
        return self.true + self.false

    @property
    def total(self) -> int:
        """Every alert."""
        return self.decided + self.not_decided


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one or more deployments.

    false_alerts_per_face    F1: (FC + FU) / faces compared
    most_false_per_face      F1 if every alert that isn't decided were false: (FC + FU + ND) / faces compared
    false_share_of_alerts    F2: (FC + FU) / alerts decided, TC + TU + FC + FU
    precision_confirmed      F3: TC / (TC + FC), what somebody established
    precision_all            F3: (TC + TU) / alerts decided, with what the operator said and nobody established
    recognition              F4: recognised / seeded passes of the blue list; n is 0 when it wasn't tested
    """

    false_alerts_per_face: Proportion
    most_false_per_face: Proportion
    false_share_of_alerts: Proportion
    precision_confirmed: Proportion
    precision_all: Proportion
    recognition: Proportion


def clopper_pearson(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact two-sided interval of k of n: Beta(a/2; k, n-k+1) to Beta(1-a/2; k+1, n-k) (F9).

    Raises:
        Poison: not 0 <= k <= n with n >= 1, or a confidence outside (0, 1).
    """
    from scipy.special import betaincinv

    _check(k, n, confidence)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1.0 - tail))
    return low, high


def upper_bound(k: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided upper bound of k of n: Beta(confidence; k+1, n-k).

    For k = 0 it is 1 - 0.05^(1/n) (F10).

    Raises:
        Poison: as `clopper_pearson`.
    """
    from scipy.special import betaincinv

    _check(k, n, confidence)
    if k == n:
        return 1.0
    if k == 0:
        return -math.expm1(math.log1p(-confidence) / n)  # the closed form: no loss of digits for a large n
    return float(betaincinv(k + 1, n - k, confidence))


def rule_of_three(n: int) -> float:
    """Return the bound 3 / n for nothing in n, which can be worked out in one's head (F10). Raises Poison for n < 1."""
    if n < 1:
        raise Poison("the rule of three needs at least one observation")
    return min(1.0, 3.0 / n)


def proportion(k: int, n: int) -> Proportion:
    """Return the proportion k of n with its interval and bound. Raises Poison unless 0 <= k <= n."""
    if n == 0 and k == 0:
        return Proportion(0, 0, None, None, None, None)
    low, high = clopper_pearson(k, n)
    return Proportion(k, n, k / n, low, high, upper_bound(k, n))


def rates_of(alerts: AlertCounts, *, faces_compared: int, seeded_passes: int = 0, recognised: int = 0) -> Rates:
    """Return every published rate, from counts (docs/domain.md F1 to F4).

    Raises:
        Poison: more false alerts than faces, or more recognised than seeded: a count is wrong.
    """
    if alerts.false + alerts.not_decided > faces_compared:
        raise Poison(
            f"{alerts.false} false alerts and {alerts.not_decided} not decided of {faces_compared} faces compared: "
            "one of the counts is wrong"
        )
    if recognised > seeded_passes:
        raise Poison(f"{recognised} recognised of {seeded_passes} seeded passes: one of the counts is wrong")
    return Rates(
        false_alerts_per_face=proportion(alerts.false, faces_compared),
        most_false_per_face=proportion(alerts.false + alerts.not_decided, faces_compared),
        false_share_of_alerts=proportion(alerts.false, alerts.decided),
        precision_confirmed=proportion(alerts.true_confirmed, alerts.true_confirmed + alerts.false_confirmed),
        precision_all=proportion(alerts.true, alerts.decided),
        recognition=proportion(recognised, seeded_passes),
    )


def one_in(rate: float | None) -> str:
    """Write a rate as people say it: "1 in 19,650". "none" for 0, "not known" for None."""
    if rate is None:
        return "not known"
    return "none" if rate == 0.0 else f"1 in {round(1.0 / rate):,}"


def natural_frequency(*, faces: int, alerts: int, false_alerts: int, not_decided: int = 0) -> str:
    """Write the result in whole people.

    It reads "of 12,400 faces, 3 alerts, 1 wrong", and ", 2 not decided" where there are such.
    """
    plural = "" if alerts == 1 else "s"
    faces_word = "face" if faces == 1 else "faces"
    if alerts == 0:
        return f"of {faces:,} {faces_word}, no alert"
    if not_decided == alerts:
        return f"of {faces:,} {faces_word}, {alerts:,} alert{plural}, not decided"
    wrong = "none" if false_alerts == 0 else f"{false_alerts:,}"
    waiting = f", {not_decided:,} not decided" if not_decided else ""
    return f"of {faces:,} {faces_word}, {alerts:,} alert{plural}, {wrong} wrong{waiting}"


def scaled_fpir(fpir: float, measured_at_people: int, for_people: int) -> float:
    """Return the FPIR at another list size: 1 - (1 - FPIR(N0))^(N/N0) (F7); it assumes that entries err independently.

    Raises:
        Poison: an FPIR outside [0, 1) or a list without people.
    """
    if not 0.0 <= fpir < 1.0 or measured_at_people < 1 or for_people < 1:
        raise Poison("scaling needs a false positive rate from 0 to below 1 and lists of at least one person")
    return -math.expm1(math.log1p(-fpir) * for_people / measured_at_people)


def expected_false_alerts(faces: int, fpir: float) -> float:
    """Return the expected false alerts, F * FPIR(N, T) (F8), in alerts."""
    return faces * fpir


def _check(k: int, n: int, confidence: float) -> None:
    if not (n >= 1 and 0 <= k <= n):
        raise Poison(f"{k} of {n} is no proportion: one of the counts is wrong")
    if not 0.0 < confidence < 1.0:
        raise Poison(f"a confidence of {confidence} isn't between 0 and 1")
