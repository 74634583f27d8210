"""The deployment record: one model, versioned, that is published as JSON and CSV (DOMAIN.md 2.2).

It can't be built with totals that don't add up: its validators are the arithmetic of DOMAIN.md 2.3. It is made by
`building.from_figures`, and its JSON Schema is committed in `infra/schemas/`.
"""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lfr_core.publication.figures import UseCase
from lfr_core.publication.suppression import PublishedCount

__all__ = [
    "SCHEMA_FILE",
    "SCHEMA_VERSION",
    "AdvanceNotice",
    "Alerts",
    "Algorithm",
    "BlueList",
    "Cameras",
    "Correction",
    "Demographic",
    "DeploymentRecord",
    "Engagements",
    "Outcomes",
    "PublishedRate",
    "PublishedRates",
    "Watchlist",
    "schema_text",
]

SCHEMA_VERSION: Final = "1.0"
"""A new field raises the second number; a changed meaning the first, with a schema file of its own."""
SCHEMA_FILE = Path(__file__).resolve().parents[2] / "infra" / "schemas" / "deployment-record-1.json"

Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AdvanceNotice(_Part):
    """When the public was told beforehand, or the class of reason why it wasn't."""

    published_at: AwareDatetime | None
    withheld_because: str

    @model_validator(mode="after")
    def _one_of_both(self) -> AdvanceNotice:
        if (self.published_at is None) == (not self.withheld_because):
            raise ValueError("a notice is published at a time or withheld for a reason, exactly one of both")
        return self


class Watchlist(_Part):
    """The list, in counts. People fewer than the policy's limit are a range; see `suppression`."""

    size_people: Count
    size_images: Count
    by_category: dict[str, PublishedCount]
    under_18: PublishedCount
    built_at: AwareDatetime | None
    destroyed_at: AwareDatetime | None
    destruction_receipt: str


class Algorithm(_Part):
    """What recognised; the claims of accuracy are bound to `contract` and `threshold_min`."""

    vendor: str
    model_name: Text
    model_version: Text
    model_sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = Field(
        description="Empty where the pack was not at hand when the record was made; the contract binds it all the same."
    )
    contract: Text
    threshold_min: Annotated[float, Field(gt=0.0, lt=1.0)]
    embedding_metric: Text
    test_report: str


class Cameras(_Part):
    """How many, and how faces were counted."""

    count: Count
    counting_method: Text
    counting_method_version: Text


class Alerts(_Part):
    """The four cells, each alert in exactly one. The last three say more of the same alerts and add nothing."""

    total: Count
    true_confirmed: Count
    true_unconfirmed: Count
    false_confirmed: Count
    false_unconfirmed: Count
    operator_dismissed: Count = Field(description="Of the false: the operator judged the pair to be different people.")
    unanswered: Count = Field(description="Of the false, unconfirmed: nobody has judged the pair.")
    duplicate_of_same_person: Count | None = Field(
        description="Alerts beyond the first on one entry of the list; null where alerts were deleted before the count."
    )

    @property
    def false(self) -> int:
        """FC + FU."""
        return self.false_confirmed + self.false_unconfirmed

    @model_validator(mode="after")
    def _adds_up(self) -> Alerts:
        parts = self.true_confirmed + self.true_unconfirmed + self.false
        if self.total != parts:
            raise ValueError(f"total {self.total} is not the sum of its four cells, {parts}")
        return self


class Engagements(_Part):
    """People stopped, counted by alert; the median is in minutes, None where nobody was stopped or measured."""

    total: Count
    following_true: Count
    following_false: Count
    median_minutes_false: Annotated[float, Field(ge=0.0)] | None

    @model_validator(mode="after")
    def _adds_up(self) -> Engagements:
        if self.total != self.following_true + self.following_false:
            raise ValueError("engagements are not the sum of those following true and false alerts")
        return self


class Outcomes(_Part):
    """What came of confirmed true alerts, once for each person engaged, and of all other engagements apart.

    arrest + other_disposal + no_action + repeat_alerts + without_outcome = true alerts, confirmed.
    """

    arrest: Count
    other_disposal: Count
    no_action: Count
    repeat_alerts: Count = Field(description="Confirmed true alerts on a person already counted here.")
    without_outcome: Count = Field(description="Confirmed true alerts without an engagement or a recorded outcome.")
    after_other_alerts_arrest: Count = Field(description="After false alerts and those never confirmed.")
    after_other_alerts_other_disposal: Count
    after_other_alerts_no_action: Count


class PublishedRate(_Part):
    """K of n with its exact 95 % interval (Clopper-Pearson) and one-sided 95 % bound; null where n is 0."""

    k: Count
    n: Count
    point: Rate | None
    ci95: tuple[Rate, Rate] | None
    upper95_one_sided: Rate | None

    @model_validator(mode="after")
    def _is_k_of_n(self) -> PublishedRate:
        if self.k > self.n:
            raise ValueError(f"{self.k} of {self.n} is no proportion")
        values = (self.point, self.ci95, self.upper95_one_sided)
        if any((value is None) != (self.n == 0) for value in values):
            raise ValueError("a rate has its point and bounds exactly when something was observed")
        if self.point is not None and abs(self.point - self.k / self.n) > 1e-12:  # noqa: PLR2004  of rounding in JSON
            raise ValueError(f"the point {self.point} is not {self.k} / {self.n}")
        return self


class PublishedRates(_Part):
    """DOMAIN.md F1 to F3. `in_words` is the same in whole people."""

    false_alerts_per_face: PublishedRate
    false_share_of_alerts: PublishedRate
    precision_confirmed: PublishedRate
    precision_all: PublishedRate
    in_words: Text


class BlueList(_Part):
    """Seeded test subjects: the true recognition rate. They are in no other figure of the record."""

    seeded_passes: Annotated[int, Field(ge=1)]
    recognised: Count
    true_recognition_rate: PublishedRate


class Demographic(_Part):
    """One group. People are suppressed where they are few; false alerts are always exact."""

    group: Text
    alerts_true: PublishedCount
    alerts_false: Count
    engaged: PublishedCount


class Correction(_Part):
    """Why a revision replaced the one before."""

    revision: Annotated[int, Field(ge=2)]
    corrected_at: AwareDatetime
    reason: Text
    changed: tuple[str, ...]


class DeploymentRecord(_Part):
    """The published record of one deployment. Dates are ISO 8601, clock times London's, moments carry their zone."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    record_id: Text
    revision: Annotated[int, Field(ge=1)]
    supersedes: int | None = Field(description="The revision this one replaces.")
    published_at: AwareDatetime
    due_at: AwareDatetime
    on_time: bool = Field(description="Whether the first revision was published by due_at.")
    force: Text
    session_id: Text
    location_text: Text
    location_area: Text
    date: date
    start_local: time
    end_local: time
    duration_min: Annotated[int, Field(ge=0)]
    use_case: UseCase
    policy_ref: str
    authority_ref: str
    authorising_rank: str
    advance_notice: AdvanceNotice
    watchlist: Watchlist
    algorithm: Algorithm
    cameras: Cameras
    faces_seen: Count
    faces_quality_rejected: Count
    faces_compared: Count
    alerts: Alerts
    engagements: Engagements
    outcomes: Outcomes | Literal["not recorded"]
    rates: PublishedRates
    blue_list: BlueList | Literal["not tested"]
    demographics: tuple[Demographic, ...]
    demographics_method: str
    complaints_received: Count | None = Field(description="null: not counted.")
    corrections: tuple[Correction, ...]
    data_quality_report_ref: str
    audit_root_hash: str

    @model_validator(mode="after")
    def _is_consistent(self) -> DeploymentRecord:
        faults = []
        if self.faces_seen != self.faces_quality_rejected + self.faces_compared:
            faults.append("faces seen are not those rejected plus those compared")
        rate = self.rates.false_alerts_per_face
        if (rate.k, rate.n) != (self.alerts.false, self.faces_compared):
            faults.append("the false alert rate is not false alerts of faces compared")
        share = self.rates.false_share_of_alerts
        if (share.k, share.n) != (self.alerts.false, self.alerts.total):
            faults.append("the false share is not false alerts of alerts")
        if isinstance(self.outcomes, Outcomes):
            of = self.outcomes
            accounted = of.arrest + of.other_disposal + of.no_action + of.repeat_alerts + of.without_outcome
            if accounted != self.alerts.true_confirmed:
                faults.append(f"outcomes account for {accounted} of {self.alerts.true_confirmed} confirmed true alerts")
        if (self.supersedes is None) != (self.revision == 1) or (self.supersedes or 0) >= self.revision:
            faults.append("a revision after the first supersedes an earlier one, and the first none")
        if faults:
            raise ValueError("; ".join(faults))
        return self


def schema_text() -> str:
    """The JSON Schema of the record (draft 2020-12), as committed in `SCHEMA_FILE`."""
    schema = DeploymentRecord.model_json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_FILE.name} | schema
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
