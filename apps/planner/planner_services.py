"""What the planner's pages act through, and what is filled in on them: plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from apps.planner.camera_control import CameraControl
from apps.planner.draft_store import DraftStore
from apps.planner.uploaded_lists import UploadedLists
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind, ComplianceDocumentRegister
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.hours import DeploymentHours
from lfr_core.deployments.monitoring.selftest import SelfTest
from lfr_core.deployments.place_plan import PlacePlans
from lfr_core.deployments.service import PlanningService
from lfr_core.deployments.store import DeploymentStore

__all__ = ["NewDocument", "PlannerServices"]


@dataclass(frozen=True, slots=True)
class PlannerServices:
    """What the pages act through."""

    looks: Consultations
    planning: PlanningService
    store: DeploymentStore
    hours: DeploymentHours
    announcements: AnnouncementStore
    evaluations: Sequence[Evaluation]
    """The same that the planning service has."""
    compare: Callable[[str], str]
    """Compares a deployment's gallery with its list, as `PlanningService.open` asks for."""
    documents: ComplianceDocumentRegister
    lists: UploadedLists
    cameras: CameraControl
    drafts: DraftStore
    plans: PlacePlans
    self_test: Callable[[str, AuthenticatedPerson], SelfTest]
    uploads: Path
    """Folder in which a document lies while it is registered."""
    drop_gallery: Callable[[str], None] = lambda _gallery: None
    """Called with the gallery of a deployment that is over."""
    reschedule: Callable[[], None] = lambda: None
    """Called when a deployment was authorised, revised or given up, so that its runs are scheduled anew."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A version of a compliance document, as somebody filled it in."""

    kind: ComplianceDocumentKind
    title: str
    version: str
    review_by: date
    file_name: str
    content: bytes
