"""An evaluation as it is kept: figures and scores, bound to what was measured, without a name or a template."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sized
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lfr_core.common.errors import Refused
from lfr_core.common.files import read_bounded
from lfr_core.domain.identification import per_pass_factor

__all__ = [
    "AccuracyEvaluation",
    "AtRate",
    "EvaluationBinding",
    "Failures",
    "GroupFigures",
    "GroupTable",
    "ListSizeFigures",
    "Rate",
    "TailScores",
    "read_evaluation",
]

_MOST_BYTES = 64_000_000
QUANTILES = frozenset({"0.025", "0.9", "0.95", "0.975", "0.99"})
"""Of every bootstrap that is kept."""
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Rate(_Part):
    """k of n with its exact two-sided 95 % interval (docs/domain.md F9); None throughout where n is 0."""

    k: int
    n: int
    point: Share | None
    low95: Share | None
    high95: Share | None


class EvaluationBinding(_Part):
    """What was measured: another model, rule or gate needs an evaluation of its own (docs/domain.md M7)."""

    contract_id: str
    model_id: str
    quality_gate: str
    """`quality_gate_id` of the policy."""
    agreeing_shots: int = Field(ge=1)
    most_shots: int = Field(ge=1)
    """Shots of a pass that are compared, at most."""


class Failures(_Part):
    """Failures to enrol or to acquire (docs/domain.md F17), photographs, and why."""

    rate: Rate
    reasons: dict[str, int]


class ListSizeFigures(_Part):
    """Errors at one size of list, by threshold. Lists are of the same length as the evaluation's `thresholds`."""

    people: int = Field(ge=1)
    searches: int = Field(ge=0)
    """By people who weren't listed: distinct photographs."""
    fpir: list[Share]
    """Measured, expected over all lists of that size (docs/domain.md F6)."""
    false_matches: list[int]
    """Searches that found somebody, rounded up."""
    bootstrap: dict[str, list[Share]]
    """Quantiles of the rate, subjects drawn: "0.025", "0.9", "0.95", "0.975", "0.99". Empty with too few subjects."""
    scaled: list[Share]
    """The rate of single comparisons, scaled by 1 - (1 - FPIR(1))^N (F7): it assumes that entries err independently."""
    tpir: list[Share] | None
    """Mated searches whose own entry is first and at or above the threshold; None: nobody has two photographs."""
    tpir_bootstrap: dict[str, list[Share]]
    mated_searches: int


class AtRate(_Part):
    """What the model gives at one FPIR: the lowest threshold that keeps it, and the TPIR there."""

    fpir: Share
    list_people: int
    threshold: float | None
    """None: no threshold keeps it, or the data end before it."""
    tpir: Rate | None
    tpir_low95_subjects: Share | None = None
    tpir_high95_subjects: Share | None = None


class TailScores(_Part):
    """The highest scores of two different people's photographs, ascending, and how many comparisons there were."""

    scores: list[float]
    comparisons: int = Field(ge=0)


class GroupFigures(_Part):
    """One group at the threshold. Ratios are over the reference group; None where they can't be computed."""

    group: str
    people: int
    searches: int
    misses: Rate | None
    false_matches: Rate | None
    miss_ratio: float | None = None
    miss_ratio_low95: float | None = None
    miss_ratio_high95: float | None = None
    """Exact and conditional (docs/domain.md F11); infinite bounds are None."""
    miss_p: Share | None = None
    """Fisher's exact test against the reference group."""
    false_ratio: float | None = None
    false_p: Share | None = None
    detectable: float | None = None
    """By how much its rate of misses would have to be higher for this many people to show it; None: nothing could."""
    note: str = ""


class GroupTable(_Part):
    """A way of grouping."""

    column: str
    reference: str
    """The group with the most people: the others are compared with it."""
    groups: list[GroupFigures]
    miss_p: Share | None
    """Fisher, Freeman and Halton's exact test over all groups."""
    worst_over_best: float | None
    in_none: int
    """Subjects whom the file puts into no group."""


class AccuracyEvaluation(_Part):
    """The whole."""

    version: Literal[1] = 1
    unit: Literal["photograph", "pass"] = "photograph"
    made_at: datetime
    bound_to: EvaluationBinding
    dataset: str
    """SHA-256 over the photographs' digests and who is who: the same people and pictures again give the same."""
    subjects: int
    listed: int
    """Subjects of whom at least one photograph could be enrolled."""
    photographs: int
    rotations: int
    enrolment: Failures
    acquisition: Failures
    not_listable: Rate
    """Subjects of whom none could be."""
    threshold: float
    """At which groups are compared: the policy's unless another was asked for."""
    thresholds: list[float]
    lists: list[ListSizeFigures]
    """The last one is of everybody else."""
    at_rates: list[AtRate]
    impostor_histogram: list[int]
    """Comparisons by the number of thresholds reached, one longer than `thresholds`; genuine ones too."""
    genuine_histogram: list[int]
    tail: TailScores
    groups: list[GroupTable]
    remarks: list[str]
    """What couldn't be computed, and why."""
    content_sha256: str = ""
    """`digest`, as it was written into a file."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        count = len(self.thresholds)
        if not self.lists or not self._is_ascending():
            raise ValueError("a list and ascending thresholds from 0 to 1 belong to an evaluation")
        for one in self.lists:
            tables: tuple[Sized, ...] = (
                one.fpir,
                one.false_matches,
                one.scaled,
                *one.bootstrap.values(),
                *one.tpir_bootstrap.values(),
            )
            if any(len(each) != count for each in (*tables, one.tpir or one.fpir)):
                raise ValueError(f"a list of {one.people} hasn't as many figures as there are thresholds")
            if any(drawn and not set(drawn) >= QUANTILES for drawn in (one.bootstrap, one.tpir_bootstrap)):
                raise ValueError(f"a list of {one.people} lacks bounds of the bootstrap")
            if any(not 0 <= false <= one.searches for false in one.false_matches):
                raise ValueError(f"a list of {one.people} has more false matches than searches")
            if self.unit == "photograph" and one.searches > self.photographs:
                raise ValueError(f"a list of {one.people} has more searches than there are photographs")
        if not len(self.impostor_histogram) == len(self.genuine_histogram) == count + 1:
            raise ValueError("the histograms haven't one step more than there are thresholds")
        return self

    def _is_ascending(self) -> bool:
        at = self.thresholds
        return bool(at) and at[0] >= 0.0 and at[-1] <= 1.0 and all(low < high for low, high in pairwise(at))

    @property
    def per_pass(self) -> float:
        """By how much a pass is likelier to raise a false alert than what was measured, at most."""
        bound = self.bound_to
        return 1.0 if self.unit == "pass" else per_pass_factor(bound.most_shots, bound.agreeing_shots)

    def digest(self) -> str:
        """Return SHA-256 (hex) over its content, whatever its file looks like."""
        found = self.model_dump(mode="json", exclude={"content_sha256"})
        content = json.dumps(found, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    def as_file(self) -> bytes:
        """Return what `read_evaluation` reads."""
        whole = self.model_copy(update={"content_sha256": self.digest()})
        return whole.model_dump_json(indent=1).encode() + b"\n"


def read_evaluation(file: Path) -> AccuracyEvaluation:
    """Read what `lfr accuracy evaluate --json FILE` wrote.

    Raises:
        Refused: `accuracy.evaluation`: it can't be read, is no evaluation, or was typed or changed by hand.
    """
    try:
        found = AccuracyEvaluation.model_validate_json(read_bounded(file, _MOST_BYTES))
    except OSError as error:
        raise Refused("accuracy.evaluation", f"{file} can't be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise Refused(
            "accuracy.evaluation",
            f"{file} is no evaluation ({where}: {first['msg']}): `lfr accuracy evaluate --json FILE` writes one",
        ) from error
    if found.content_sha256 != found.digest():
        raise Refused(
            "accuracy.evaluation",
            f"{file} isn't as it was written: it was typed or changed by hand, or by an earlier version. Evaluate anew",
        )
    return found
