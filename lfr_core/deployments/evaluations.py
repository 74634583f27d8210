"""Measured evaluations of the face model: the register that the false alert forecast is worked out from.

A row that may carry a claim is written by `lfr accuracy plan-threshold` and never typed: it names the evaluation that
it comes from, holds for one model, one rule of agreeing shots and one quality gate, and carries a checksum of itself.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.files import read_toml
from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.domain.identification import per_pass_factor, shots_of_pass
from lfr_core.domain.policy import Policy
from lfr_core.recognition.accuracy.cache import quality_gate_id
from lfr_core.recognition.faces.pack.opening import open_pack

__all__ = ["Evaluation", "default_evaluations_file", "find_evaluations", "load_evaluations"]

Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Evaluation(BaseModel):
    """One measurement: how many searches by people who weren't on the list found somebody all the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Words
    """Embedding contract of the model that was measured."""
    threshold: float = Field(gt=0.0, lt=1.0)
    """Cosine similarity."""
    probes: int = Field(ge=1)
    """Searches by people who weren't on the list."""
    list_people: int = Field(ge=1)
    """How many people the list held; 1 where single comparisons were counted."""
    false_matches: int = Field(ge=0)
    """Of the probes: those with at least one candidate at or above the threshold (docs/domain.md F6)."""
    source: Words
    indicative: bool
    """Good enough to plan with, never to claim anything in public."""
    upper95: float | None = Field(default=None, gt=0.0, le=1.0)
    """One-sided 95 % bound with people drawn, where it is wider than the exact one over searches."""
    agreeing_shots: int = Field(default=0, ge=0)
    """The rule that it was planned for; 0: of none."""
    shots_a_pass: int = Field(default=0, ge=0)
    """Shots of a pass, at most, where searches are photographs; 0: a search is a pass, or it isn't said."""
    quality_gate: str = ""
    """`quality_gate_id` that was measured with; "" where it isn't said."""
    evaluation_sha256: str = ""
    """`AccuracyEvaluation.digest` of what it comes from."""
    row_sha256: str = ""
    """`checksum`, as it was written."""

    @property
    def per_pass(self) -> float:
        """By how much a pass is likelier to raise a false alert than one of its shots, at most."""
        return per_pass_factor(self.shots_a_pass, max(1, self.agreeing_shots)) if self.shots_a_pass else 1.0

    def checksum(self) -> str:
        """Return SHA-256 (hex) over everything else in the row."""
        content = json.dumps(self.model_dump(exclude={"row_sha256"}), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    def holds_for(self, policy: Policy) -> bool:
        """Return whether the rule and the quality gate that it was measured for are the policy's."""
        alerts, shots = policy.alerts.agreeing_shots, shots_of_pass(policy.tracking.max_shots_per_track)
        return (
            self.agreeing_shots in {0, alerts}
            and (not self.shots_a_pass or self.shots_a_pass >= shots)
            and self.quality_gate in {"", quality_gate_id(policy.faces)}
        )

    @model_validator(mode="after")
    def _some_were_right(self) -> Self:
        if self.false_matches >= self.probes:
            raise ValueError("as many false matches as probes measure nothing")
        return self


class _Register(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    evaluation: tuple[Evaluation, ...] = ()


def find_evaluations(settings: Settings, policy: Policy) -> tuple[Evaluation, ...]:
    """Return evaluations of the model in use, the policy's rule and its quality gate; without a model, of all models.

    Raises:
        Fatal: as `load_evaluations`.
    """
    found = tuple(each for each in load_evaluations(settings.evaluations_file) if each.holds_for(policy))
    try:
        pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
    except LfrError:
        return found
    return tuple(each for each in found if each.contract == pack.contract_id)


def default_evaluations_file() -> Path:
    """Return the path of the register that comes with the source tree."""
    return PROJECT / "infra" / "evaluations.toml"


def load_evaluations(path: Path | None = None) -> tuple[Evaluation, ...]:
    """Read and check a register of evaluations.

    Raises:
        Fatal: the file can't be read, isn't TOML, holds an unknown key or a value out of range, or two evaluations of
            one model, threshold, list size and rule; or one that may carry a claim was typed or changed by hand.
    """
    file = path or default_evaluations_file()
    try:
        found = _Register.model_validate(read_toml(file)).evaluation
    except OSError as error:
        raise Fatal(f"the evaluations {file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Fatal(f"the evaluations {file} aren't TOML in UTF-8: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors())
        raise Fatal(f"the evaluations {file} are refused: {faults}") from error
    for each in found:
        if not each.indicative and each.row_sha256 != each.checksum():
            raise Fatal(
                f"the evaluations {file} are refused: the row of threshold {each.threshold:g} and a list of "
                f"{each.list_people:,} was typed or changed by hand; `lfr accuracy plan-threshold --write` writes rows"
            )
    keys = [(each.contract, each.threshold, each.list_people, each.agreeing_shots, each.quality_gate) for each in found]
    for key in keys:
        contract, threshold, people, *_ = key
        if keys.count(key) > 1:
            raise Fatal(
                f"the evaluations {file} are refused: two of model {contract} at threshold {threshold:g} and a list of "
                f"{people}: add their probes and false matches up in one"
            )
    return found
