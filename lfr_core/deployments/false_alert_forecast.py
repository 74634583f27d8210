"""The false alert forecast: how many false alerts its size and threshold are expected to cost. Pure.

docs/domain.md F7: FPIR(N) = 1 - (1 - FPIR(N0))^(N/N0), the rate grows with the list. F8: expected = faces * FPIR(N).
The interval is that of the measured count, Clopper-Pearson (F9), carried through both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lfr_core.common.counts import counted, expected_count
from lfr_core.common.errors import Refused
from lfr_core.deployments.application import default_one_in
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.domain.claims import ListBand
from lfr_core.domain.policy import Policy
from lfr_core.domain.rates import clopper_pearson, expected_false_alerts, scaled_fpir, upper_bound

__all__ = ["Expectation", "FalseAlertForecast", "ForecastInputs", "check_signed", "forecast_false_alerts"]

STEP = 1_000
"""Names; what one more step of them costs is said."""


class ForecastInputs(Protocol):
    """What can be forecast: an application, or a form that isn't one yet."""

    @property
    def threshold(self) -> float: ...
    @property
    def list_cap(self) -> int: ...
    @property
    def expected_faces(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Expectation:
    """False alerts of the whole deployment, as forecast from one evaluation."""

    expected: float
    low: float
    high: float
    """low, high: at the ends of the 95 % interval of the measured rate. The day's own chance comes on top."""
    per_1000_more: float
    """What 1,000 more names would add."""
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class FalseAlertForecast:
    """The false alert forecast."""

    forecast: Expectation | None
    """None: not measured. That isn't zero."""
    one_in: int
    """The public claim for a list of this size: under 1 false alert in so many faces."""
    allowed: float
    """False alerts of the whole deployment at that claim's limit."""
    shown: bool
    """Whether a measured evaluation supports the public claim; else the authorising officer signs "claim not shown"."""
    why_not_shown: str
    """"" when it is."""
    words: str
    """All of it, for people."""
    basis: str
    """What it was measured on, and why it shows no public claim: what stands beside the figures, without them."""


def forecast_false_alerts(
    asked: ForecastInputs,
    evaluations: Sequence[Evaluation],
    policy: Policy,
    *,
    contract: str = "",
    people: int | None = None,
) -> FalseAlertForecast:
    """Forecast what a list of that size costs at that threshold.

    Between two measured thresholds the lower one counts, which is the worse. Outside them nothing is measured.
    Evaluations that may support a claim go before indicative ones.

    Args:
        asked: threshold (cosine), list_cap (people), expected_faces.
        evaluations: the register.
        policy: whose claims of accuracy are asked about.
        contract: of the model in use; "" if the register is about one model only.
        people: the list as built, where it is; else the cap counts.
    """
    size = asked.list_cap if people is None else people
    one_in = default_one_in(size, policy)
    allowed = asked.expected_faces / one_in
    about = [each for each in evaluations if not contract or each.contract == contract]
    missing = _why_nothing_fits(about, asked.threshold, contract)
    found = None if missing or size < 1 else _choose_evaluation(about, asked.threshold, size)
    claim = f"under 1 in {one_in:,} faces"
    if found is None:
        why = missing or "there is nobody on the list"
        words = f"Not measured: {why}. Nobody knows what it costs; that isn't nothing. The public claim is {claim}."
        basis = f"{_capitalise(why)}. Nobody knows what it costs; that isn't nothing."
        return FalseAlertForecast(None, one_in, allowed, shown=False, why_not_shown=why, words=words, basis=basis)
    forecast = _forecast(found, size, asked.expected_faces)
    why_not = _why_not_shown(found, size, one_in)
    return FalseAlertForecast(
        forecast,
        one_in,
        allowed,
        shown=not why_not,
        why_not_shown=why_not,
        words=_words(asked, size, forecast, allowed, claim, why_not),
        basis=_basis(asked, found, one_in, why_not),
    )


def check_signed(found: FalseAlertForecast, *, signed: bool) -> None:
    """Check that an authorising officer knows what has to be known before the authority is given.

    Raises:
        Refused: `deployment.claim-not-shown`: no evaluation shows the public claim, and that isn't signed for.
    """
    if not (found.shown or signed):
        raise Refused(
            "deployment.claim-not-shown",
            f"no evaluation shows the public claim of under 1 false alert in {found.one_in:,} faces for this list "
            f"({found.why_not_shown}): sign that you know it (`--claim-not-shown`), or refuse the application",
        )


def _why_nothing_fits(about: Sequence[Evaluation], threshold: float, contract: str) -> str:
    if not about:
        return f"no evaluation of the model {contract} is registered" if contract else "no evaluation is registered"
    if len({each.contract for each in about}) > 1:
        return "evaluations of several models are registered, and it isn't said which of them is in use"
    low, high = min(each.threshold for each in about), max(each.threshold for each in about)
    if not low <= threshold <= high:
        return f"faces that must be {threshold:g} alike are outside what was measured, {low:g} to {high:g}"
    return ""


def _choose_evaluation(about: Sequence[Evaluation], threshold: float, size: int) -> Evaluation:
    """Return the evaluation that counts. One exists: the threshold is within those measured."""
    firm = [each for each in about if not each.indicative]
    within = firm and min(e.threshold for e in firm) <= threshold <= max(e.threshold for e in firm)
    pool = firm if within else about
    at = max(each.threshold for each in pool if each.threshold <= threshold)
    return min(
        (each for each in pool if each.threshold == at),
        key=lambda each: (each.indicative, max(each.list_people / size, size / each.list_people)),
    )


def _forecast(found: Evaluation, size: int, faces: int) -> Expectation:
    def alerts(rate: float, people: int) -> float:
        return expected_false_alerts(faces, min(1.0, found.per_pass * scaled_fpir(rate, found.list_people, people)))

    rate = found.false_matches / found.probes
    low, high = clopper_pearson(found.false_matches, found.probes)
    expected = alerts(rate, size)
    return Expectation(
        expected=expected,
        low=alerts(low, size),
        high=alerts(high, size),
        per_1000_more=alerts(rate, size + STEP) - expected,
        evaluation=found,
    )


def _why_not_shown(found: Evaluation, size: int, one_in: int) -> str:
    """Return why no public claim rests on it; "" when one may."""
    if found.indicative:
        return "the evaluation is indicative only"
    if found.list_people < ListBand.around(size).low:
        return f"it was measured with a list of {found.list_people:,}, at least nine tenths of {size:,} are asked for"
    upper = max(upper_bound(found.false_matches, found.probes), found.upper95 or 0.0)
    if found.per_pass * scaled_fpir(upper, found.list_people, max(size, found.list_people)) > 1.0 / one_in:
        of_shots = f", of which a pass has up to {found.shots_a_pass}," if found.shots_a_pass else ""
        return f"{_counts(found)}{of_shots} don't show under 1 in {one_in:,} faces"
    return ""


def _words(asked: ForecastInputs, size: int, of: Expectation, allowed: float, claim: str, why_not: str) -> str:
    measured = of.evaluation
    at = "" if measured.threshold == asked.threshold else f", the measured threshold below {asked.threshold:g}"
    shown = f"not shown: {why_not}" if why_not else "shown"
    return (
        f"List of {size:,}, faces at least {asked.threshold:g} alike, {counted(asked.expected_faces, 'face')} seen: "
        "false alerts expected: "
        f"{expected_count(of.expected)}, most likely between {expected_count(of.low)} and {expected_count(of.high)}; "
        f"1,000 more names add about {expected_count(of.per_1000_more)}. The public claim, {claim}, would allow "
        f"{expected_count(allowed)}; it is {shown}. Measured: {measured.false_matches:,} of {measured.probes:,} at "
        f"{measured.threshold:g}{at} ({measured.source})."
    )


def _basis(asked: ForecastInputs, measured: Evaluation, one_in: int, why_not: str) -> str:
    below = "" if measured.threshold == asked.threshold else f", the next below {asked.threshold:g} that was measured"
    alarms = "was a false alarm" if measured.false_matches == 1 else "were false alarms"
    said = (
        f"Measured with faces that must be {measured.threshold:g} alike{below}: of "
        f"{counted(measured.probes, 'face')} of people who were on no list {measured.false_matches:,} {alarms} "
        f"({measured.source})."
    )
    if not why_not:
        return said
    if why_not.startswith(_counts(measured)):  # which stand there already
        return f"{said} That doesn't show under 1 in {one_in:,}."
    return f"{said} It shows no public claim: {why_not}."


def _counts(measured: Evaluation) -> str:
    return f"{measured.false_matches:,} false matches in {measured.probes:,} searches"


def _capitalise(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
