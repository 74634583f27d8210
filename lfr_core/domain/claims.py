"""What may be said of accuracy, and from when: a claim is printed only when the data bear it (docs/domain.md 4.1).

A claim is bound to what it was measured with (model contract, threshold, band of list sizes); evidence from
anything else isn't pooled. Faces of one deployment aren't independent (repeat visitors, one place), so beside the
exact bound stands a bootstrap over deployments, and the wider of the two decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.rates import CONFIDENCE, one_in, upper_bound

__all__ = [
    "Claim",
    "ClaimBinding",
    "Evidence",
    "ListBand",
    "claim",
    "clustered_upper_bound",
    "faces_needed",
    "pooled",
]

_DRAWS = 2_000
"""Of the bootstrap: the 95th percentile then moves by about a hundredth of itself between seeds."""


@dataclass(frozen=True, slots=True)
class ListBand:
    """Sizes of list, in people, whose deployments may be pooled; both ends belong to it."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.high:
            raise Poison(f"a band of list sizes from {self.low} to {self.high} is empty")

    @classmethod
    def around(cls, people: int, tolerance: float = 0.1) -> ListBand:
        """Return 90 % to 110 % of `people`: a test list is at least 90 % of the operational (docs/domain.md 4.5)."""
        return cls(max(1, math.ceil(people * (1 - tolerance))), max(1, math.floor(people * (1 + tolerance))))

    def __contains__(self, people: int) -> bool:
        return self.low <= people <= self.high

    def __str__(self) -> str:
        return f"{self.low:,} to {self.high:,} people"


@dataclass(frozen=True, slots=True)
class ClaimBinding:
    """What a claim is true of: the model's contract id, the threshold (cosine) and the band of list sizes."""

    model_contract: str
    threshold: float
    list_band: ListBand

    def __str__(self) -> str:
        return f"model {self.model_contract}, threshold {self.threshold:g}, lists of {self.list_band}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One deployment's contribution: faces compared, false alerts and those not decided, and what measured them."""

    model_contract: str
    threshold: float
    list_people: int
    faces: int
    false_alerts: int
    not_decided: int = 0
    """Any of them may have been false, so a claim has to hold with all of them."""

    def __post_init__(self) -> None:
        if not (self.not_decided >= 0 and 0 <= self.false_alerts <= self.most_false <= self.faces):
            raise Poison(f"{self.most_false} false alerts of {self.faces} faces: one of the counts is wrong")

    @property
    def most_false(self) -> int:
        """False alerts if every one that isn't decided were false."""
        return self.false_alerts + self.not_decided

    def supports(self, binding: ClaimBinding) -> bool:
        """Return whether it was measured with what `binding` names."""
        return (
            self.model_contract == binding.model_contract
            and math.isclose(self.threshold, binding.threshold, abs_tol=1e-9)
            and self.list_people in binding.list_band
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence "under 1 in `limit_one_in` faces", and whether the data bear it.

    false_alerts: with those not decided. needed_faces: with as many as there were, the faces from which the exact
    bound supports it.
    upper95: the wider one-sided 95 % bound; None without a face.
    """

    limit_one_in: int
    faces: int
    false_alerts: int
    needed_faces: int
    upper95: float | None
    shown: bool
    bound_to: ClaimBinding

    @property
    def sentence(self) -> str:
        """For the public: "shown", with the bound, or "not yet shown: 12,400 of 29,956 faces"."""
        if self.shown:
            wrong = "no false alert" if self.false_alerts == 0 else f"{self.false_alerts:,} false or not decided"
            return (
                f"under 1 in {self.limit_one_in:,} faces: shown ({wrong} of {self.faces:,} faces; "
                f"with 95 % confidence fewer than {one_in(self.upper95)})"
            )
        if self.faces >= self.needed_faces:
            return (
                f"under 1 in {self.limit_one_in:,} faces: not yet shown: {self.faces:,} faces, "
                "but the false alerts fell on few deployments"
            )
        return f"under 1 in {self.limit_one_in:,} faces: not yet shown: {self.faces:,} of {self.needed_faces:,} faces"


@lru_cache(maxsize=4096)
def faces_needed(limit_one_in: int, false_alerts: int = 0, confidence: float = CONFIDENCE) -> int:
    """Return the fewest faces with which `false_alerts` still support "under 1 in `limit_one_in`" (docs/domain.md 4.1).

    Raises:
        Poison: a limit below 1 in 2, or a negative count.
    """
    if limit_one_in < 2 or false_alerts < 0:  # "under 1 in 1" would say nothing
        raise Poison(f"under 1 in {limit_one_in} with {false_alerts} false alerts can't be a claim")
    limit = 1.0 / limit_one_in
    low, high = false_alerts, 2 * (false_alerts + 1)
    while upper_bound(false_alerts, high, confidence) > limit:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if upper_bound(false_alerts, middle, confidence) > limit else (low, middle)
    return high


def claim(
    limit_one_in: int,
    *,
    faces: int,
    false_alerts: int,
    bound_to: ClaimBinding,
    clustered_upper95: float | None = None,
) -> Claim:
    """Decide whether "under 1 in `limit_one_in` faces" may be printed.

    clustered_upper95: of `clustered_upper_bound`, where there are several deployments; the wider bound decides.

    Raises:
        Poison: counts that can't be.
    """
    if not 0 <= false_alerts <= faces:
        raise Poison(f"{false_alerts} false alerts of {faces} faces: one of the counts is wrong")
    needed = faces_needed(limit_one_in, false_alerts)
    upper = upper_bound(false_alerts, faces) if faces else None
    if upper is not None and clustered_upper95 is not None:
        upper = max(upper, clustered_upper95)
    shown = upper is not None and upper <= 1.0 / limit_one_in
    return Claim(limit_one_in, faces, false_alerts, needed, upper, shown, bound_to)


def pooled(
    limit_one_in: int, evidence: Sequence[Evidence], bound_to: ClaimBinding, rng: np.random.Generator
) -> tuple[Claim, int]:
    """Make the claim from those deployments that were measured with what `bound_to` names, and count the others.

    Alerts that aren't decided count against it.

    Raises:
        Refused: `claim.no-evidence`, there is a deployment and none was measured with that.
    """
    fitting = [each for each in evidence if each.supports(bound_to)]
    if evidence and not fitting:
        raise Refused(
            "claim.no-evidence",
            f"none of {len(evidence)} deployments ran with {bound_to}: a claim can't be made from other settings",
        )
    counts = [(each.faces, each.most_false) for each in fitting]
    made = claim(
        limit_one_in,
        faces=sum(each.faces for each in fitting),
        false_alerts=sum(each.most_false for each in fitting),
        bound_to=bound_to,
        clustered_upper95=clustered_upper_bound(counts, rng),
    )
    return made, len(evidence) - len(fitting)


def clustered_upper_bound(deployments: Sequence[tuple[int, int]], rng: np.random.Generator) -> float | None:
    """Return the one-sided 95 % bound of the false alert rate by percentile bootstrap over deployments.

    deployments: (faces, false alerts) of each. None with fewer than two, or no face: there is nothing to draw from.
    """
    if len(deployments) < 2 or not any(faces for faces, _ in deployments):  # one can't vary
        return None
    counts = np.asarray(deployments, dtype=np.int64)
    drawn = rng.integers(0, len(counts), size=(_DRAWS, len(counts)))
    faces, false = counts[drawn, 0].sum(axis=1), counts[drawn, 1].sum(axis=1)
    some = faces > 0
    return float(np.quantile(false[some] / faces[some], CONFIDENCE))
