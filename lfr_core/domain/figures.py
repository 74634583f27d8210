"""What the record is computed from: plain figures, as the stream and people's decisions left them.

Nothing here is typed in by hand. Whoever holds the database fills these and calls `record_builder.from_figures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lfr_core.domain.alerts import Decision, EngagementOutcome
from lfr_core.domain.watchlists import Category

__all__ = [
    "AlertFigures",
    "BlueListFigures",
    "CameraFigures",
    "DocumentReferences",
    "EngagementOutcome",
    "Figures",
    "ListFigures",
    "ModelFigures",
    "Notice",
    "UseCase",
]


class UseCase(StrEnum):
    """The Met's table of use cases (docs/domain.md 2.1), printed by others too. The value is what is published."""

    CRIME_HOTSPOT = "1 Crime Hotspot"
    MISSING_PERSON_HOTSPOT = "2 Missing Person Hotspot"
    PROTECTION_OF_CNI = "3 Protection of critical national infrastructure"
    PROTECTION_OF_EVENT = "4 Protection of an event"
    SOUGHT_PERSONS = "5 Specific intelligence on the location of sought persons"


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """One alert, without its images.

    entry: the entry it was on; two alerts on one entry are one person. None: deleted with the alert.
    outcome: None where nobody was engaged or nothing was recorded.
    minutes: how long the person was detained, None where nobody was engaged or nobody measured.
    group: as `demographics_method` says; "" where it isn't recorded.
    """

    entry: str | None
    category: Category
    decision: Decision
    outcome: EngagementOutcome | None = None
    minutes: float | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class ListFigures:
    """The watchlist of the deployment, blue list left out. Times are aware; under_18 is None where ages aren't kept."""

    size_people: int
    size_images: int
    by_category: Mapping[Category, int]
    under_18: int | None
    built_at: datetime | None = None
    destroyed_at: datetime | None = None
    destruction_receipt: str = ""


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What recognised. `contract` is the model pack's contract id; threshold is a cosine."""

    vendor: str
    name: str
    version: str
    sha256: str
    contract: str
    threshold: float
    embedding_metric: str = "cosine"
    test_report: str = ""


@dataclass(frozen=True, slots=True)
class CameraFigures:
    """Cameras and faces. seen = quality_rejected + compared; each is a count of tracks."""

    count: int
    faces_seen: int
    faces_compared: int
    counting_method: str
    counting_method_version: str


@dataclass(frozen=True, slots=True)
class BlueListFigures:
    """Seeded passes of test subjects and how many were recognised. They count nowhere else."""

    seeded_passes: int
    recognised: int


@dataclass(frozen=True, slots=True)
class Notice:
    """The advance notice: when it was published (aware), or the class of reason why it was withheld."""

    published_at: datetime | None = None
    withheld_because: str = ""


@dataclass(frozen=True, slots=True)
class DocumentReferences:
    """References to the documents behind the deployment; "" where there is none yet."""

    policy: str = ""
    authority: str = ""
    authorising_rank: str = ""
    data_quality_report: str = ""
    audit_root_hash: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of one deployment. started_at and ended_at are aware; `session` is unique within the force.

    demographics_method: how groups were found ("operator-perceived", "self-defined"); "" when they weren't recorded.
    outcomes_recorded: False where nobody keeps what came of engagements: then none is printed, not even 0.
    complaints_received: None where complaints aren't counted.
    rows_sha256: digest of the records that they were read from (`lfr_core.custody.audit.counted_rows`).
    """

    force: str
    session: str
    location: str
    area: str
    started_at: datetime
    ended_at: datetime
    use_case: UseCase
    notice: Notice
    watchlist: ListFigures
    model: ModelFigures
    cameras: CameraFigures
    alerts: Sequence[AlertFigures]
    blue_list: BlueListFigures | None = None
    documents: DocumentReferences = field(default_factory=DocumentReferences)
    demographics_method: str = ""
    complaints_received: int | None = None
    outcomes_recorded: bool = True
    rows_sha256: str = ""
