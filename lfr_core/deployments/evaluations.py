"""Measured evaluations of the face model: the register that the false alert forecast is worked out from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.files import read_toml
from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.recognition.faces.pack.opening import open_pack

__all__ = ["Evaluation", "default_evaluations_file", "evaluations_for", "load_evaluations"]

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

    @model_validator(mode="after")
    def _some_were_right(self) -> Self:
        if self.false_matches >= self.probes:
            raise ValueError("as many false matches as probes measure nothing")
        return self


class _Register(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    evaluation: tuple[Evaluation, ...] = ()


def evaluations_for(settings: Settings) -> tuple[Evaluation, ...]:
    """Those of the face model in use; all of them where no model is installed.

    Raises:
        Fatal: as `load_evaluations`.
    """
    found = load_evaluations()
    try:
        pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
    except LfrError:
        return found
    return tuple(each for each in found if each.contract == pack.contract_id)


def default_evaluations_file() -> Path:
    """The register that comes with the source tree."""
    return PROJECT / "infra" / "evaluations.toml"


def load_evaluations(path: Path | None = None) -> tuple[Evaluation, ...]:
    """Read and check a register of evaluations.

    Raises:
        Fatal: the file can't be read, isn't TOML, holds an unknown key or a value out of range, or two evaluations of
            one model, threshold and list size; the message names each.
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
    keys = [(each.contract, each.threshold, each.list_people) for each in found]
    for contract, threshold, people in keys:
        if keys.count((contract, threshold, people)) > 1:
            raise Fatal(
                f"the evaluations {file} are refused: two of model {contract} at threshold {threshold:g} and a list of "
                f"{people}: add their probes and false matches up in one"
            )
    return found
