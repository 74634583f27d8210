"""The deployment record: one model, versioned, that is published as JSON and CSV (docs/domain.md 2.2).

It can't be built with totals that don't add up: its validators are the arithmetic of docs/domain.md 2.3. It is made by
`record_builder.from_figures`, and its JSON Schema is committed in `infra/schemas/`.
"""

from __future__ import annotations

import json
from datetime import date, time
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, model_validator

from lfr_core.common.project import PROJECT
from lfr_core.domain.figures import UseCase
from lfr_core.publication.record_parts import (
    AdvanceNotice,
    Alerts,
    Algorithm,
    BlueList,
    Cameras,
    Correction,
    Count,
    Demographic,
    Engagements,
    NotDecided,
    Outcomes,
    PublishedRate,
    PublishedRates,
    RecordPart,
    Text,
    Watchlist,
)

__all__ = [
    "SCHEMA_FILE",
    "SCHEMA_FILES",
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
    "NotDecided",
    "Outcomes",
    "PublishedRate",
    "PublishedRates",
    "Watchlist",
    "schema_text",
]

SCHEMA_VERSION: Final = "2.0"
"""A new field, which has a default, raises the second number, and `schema_version` goes on taking earlier ones; a
changed meaning raises the first, with a schema file of its own."""
SCHEMA_FILE = PROJECT / "infra" / "schemas" / "deployment-record-2.json"
SCHEMA_FILES = (SCHEMA_FILE, SCHEMA_FILE.with_name("deployment-record-1.json"))
"""Also of what was published in version 1, which counted alerts that nobody judged as false; see `record_v1`."""


class DeploymentRecord(RecordPart):
    """The published record of one deployment. Dates are ISO 8601, clock times London's, moments carry their zone."""

    schema_version: Literal["2.0"] = SCHEMA_VERSION
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
    not_decided: NotDecided | None = Field(
        description="Whose word it is that alerts nobody judged were published so; null where all were judged."
    )
    engagements: Engagements
    outcomes: Outcomes | Literal["not recorded"]
    rates: PublishedRates
    blue_list: BlueList | Literal["not recorded"]
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
        most = self.rates.most_false_per_face
        if (most.k, most.n) != (self.alerts.false + self.alerts.not_decided, self.faces_compared):
            faults.append("the most false alerts are not those false or not decided of faces compared")
        share, right = self.rates.false_share_of_alerts, self.rates.precision_all
        if (share.k, share.n) != (self.alerts.false, self.alerts.decided):
            faults.append("the false share is not false alerts of alerts decided")
        if (right.k, right.n) != (self.alerts.decided - self.alerts.false, self.alerts.decided):
            faults.append("the true share is not true alerts of alerts decided")
        if (self.not_decided.alerts if self.not_decided else 0) != self.alerts.unanswered:
            faults.append("nobody's word is given for the alerts that nobody judged")
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
    """Return the JSON Schema of the record (draft 2020-12), as committed in `SCHEMA_FILE`."""
    schema = DeploymentRecord.model_json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_FILE.name} | schema
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
