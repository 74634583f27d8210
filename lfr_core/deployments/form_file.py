"""An application as a file that a planner writes: TOML, with clock times of England."""

from __future__ import annotations

import tomllib
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lfr_core.common.errors import Poison
from lfr_core.common.files import read_toml
from lfr_core.deployments.announcement import plan as moments
from lfr_core.deployments.application import ApplicationForm
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import Policy

__all__ = ["FormFile", "form_template", "read_form"]


class FormFile(BaseModel):
    """What the file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DeploymentKind
    name: str
    form: ApplicationForm


def _refuse_number(value: object) -> object:
    if isinstance(value, int | float):  # pydantic would count seconds from midnight or from 1970, in UTC
        raise ValueError("a number is no time and no date: write 16:00:00, or 2026-12-04")  # noqa: TRY004  which pydantic reports
    return value


def _refuse_zone(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("write the time as clocks show it in London, without a zone: 16:00:00")
    return value


_ClockTime: TypeAlias = Annotated[time, BeforeValidator(_refuse_number), AfterValidator(_refuse_zone)]


class _When(BaseModel):
    model_config = ConfigDict(extra="ignore")

    date: Annotated[date, BeforeValidator(_refuse_number)]
    start: _ClockTime = Field(alias="from")
    end: _ClockTime = Field(alias="to")
    use_case: int = Field(ge=1, le=5)
    place: str
    purpose: str


def read_form(file: Path) -> FormFile:
    """Read and check an application.

    Raises:
        Poison: the file can't be read, isn't TOML, lacks a field, or has one that isn't known; each is named.
        Refused: `announcement.bad-time`: the clocks change at that time.
    """
    try:
        parsed: dict[str, Any] = read_toml(file, encoding="utf-8-sig")
        when = _When.model_validate(parsed)
        named = moments(
            place=when.place,
            day=when.date,
            start=when.start,
            end=when.end,
            purpose=when.purpose,
            use_case=list(UseCase)[when.use_case - 1],
        )
        rest = {key: value for key, value in parsed.items() if key not in {"date", "from", "to", "kind", "name"}}
        rest |= {"starts_at": named.starts_at, "ends_at": named.ends_at, "use_case": named.use_case}
        form = ApplicationForm.model_validate(rest)
        return FormFile(kind=parsed.get("kind", "operational"), name=parsed.get("name", ""), form=form)
    except OSError as error:
        raise Poison(f"{file} can't be read: {error.strerror}. `lfr deployment template` writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Poison(f"{file} isn't TOML in UTF-8: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}" for fault in error.errors()
        )
        raise Poison(f"{file} is no application: {faults}") from error


def form_template(policy: Policy) -> str:
    """Return a file to fill in, each field explained with the policy's limit beside it."""
    cases = "\n".join(f"#   {case.value}" for case in UseCase)
    return f'''# An application for a deployment. Fill it in, then: lfr deployment plan ID THIS-FILE
kind = "operational"        # operational or evaluation
name = ""                   # what people call it; empty: its id

# Where and when. Announced {policy.planning.notice_h:g} h before, open for {policy.vault.max_open_h:g} h at most.
place = ""                  # an area as the public knows it, never a camera's place
footprint = ""              # where cameras may stand: streets and sides
cameras = ["north"]         # their names; no other camera may send
date = 2026-12-04           # the day in England
from = 10:00:00
to = 16:00:00               # at or before `from`: the next day

# Why. Each at least a sentence.
use_case = 5                # one of:
{cases}
purpose = ""                # one line, published
sought = """"""             # who is looked for, by category
necessity = """"""          # why this, and why nothing less
proportionality = """"""    # what speaks against it, and why that is outweighed
grounds = """"""            # why listed people are expected there, or why it is a hotspot

# How. `lfr deployment forecast` tells what a list of that size costs in false alerts.
threshold = {policy.alerts.threshold:g}            # cosine, the policy's; another one needs a reason
threshold_reason = ""
list_cap = 1000             # entries at most; the policy's cap is {policy.watchlist.max_entries}
expected_faces = 10000      # faces compared in all, as forecast
watchlist_folder = ""       # photographs and watchlist.csv; empty: somebody compiles the list by hand
'''
