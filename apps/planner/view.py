"""The read model of the planner's pages, and the services they act through; rules are the services'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from apps.plain_words import plain_words
from apps.planner.camera_control import CameraControl
from apps.planner.draft_store import DraftStore
from apps.planner.forecast_chart import ForecastCurve, forecast_curves
from apps.planner.jobs import Jobs
from apps.planner.new_document import NewDocument
from apps.planner.uploaded_lists import UploadedLists
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson, Person
from lfr_core.deployments import announcement, withholding
from lfr_core.deployments.announcement import AnnouncementStore, Plan, ReasonClass
from lfr_core.deployments.compliance_documents import (
    ComplianceDocumentRegister,
    ComplianceDocumentsStatus,
    read_documents_status,
)
from lfr_core.deployments.compliance_documents.forms import FormKind
from lfr_core.deployments.compliance_documents.kinds import FORCE_DOCUMENTS
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.false_alert_forecast import FalseAlertForecast, ForecastInputs, forecast_false_alerts
from lfr_core.deployments.list_history import EarlierList, list_before
from lfr_core.deployments.list_thumbnails import ListThumbnails
from lfr_core.deployments.monitoring.last_self_test import read_last_self_test
from lfr_core.deployments.monitoring.selftest import SelfTest
from lfr_core.deployments.place_plan import PlacePlans
from lfr_core.deployments.readiness import (
    CalendarEntry,
    DeploymentOverview,
    calendar,
    read_overview,
)
from lfr_core.deployments.reading import TimelineEntry, show_timeline
from lfr_core.deployments.service import DeploymentService
from lfr_core.deployments.waiting import Waiting, read_waiting
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication import printing
from lfr_core.publication.closing import still_to_decide
from lfr_core.publication.published import read_revisions
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.storage.engine import reading
from lfr_core.watchlists.quality.result import ListQuality, read_result

__all__ = ["PlannerView"]


@dataclass(frozen=True, slots=True)
class ForecastPointInputs:
    """A point of the forecast's chart."""

    threshold: float
    list_cap: int
    expected_faces: int


@dataclass(eq=False)
class PlannerView:
    """Everything the pages show and do, and what they act through. Methods raise Retryable when the records are away.

    `planner_view` in `apps.planner.build` puts it together.
    """

    engine: Engine
    policy: Policy
    clock: Clock
    looks: Consultations
    deployments: DeploymentService
    announcements: AnnouncementStore
    evaluations: Sequence[Evaluation]
    """The same that the service of deployments has."""
    register: ComplianceDocumentRegister
    lists: UploadedLists
    cameras: CameraControl
    drafts: DraftStore
    plans: PlacePlans
    build_face_engine: Callable[[], FaceEngine]
    """Makes what finds faces in the plan of a place."""
    thumbnails: ListThumbnails
    run_self_test: Callable[[str, AuthenticatedPerson], SelfTest]
    reports: Path
    """Folder of the suites' reports on watchlists, one folder a deployment."""
    uploads: Path
    """Folder in which a document lies while it is registered."""
    drop_gallery: Callable[[str], None] = lambda _gallery: None
    """Called with the gallery of a deployment that is over."""
    has_tpm: Callable[[], bool | None] = lambda: None
    """Says whether a TPM guards the vault's keys, as the closing report prints it."""
    reschedule: Callable[[], None] = lambda: None
    """Called when a deployment was planned, authorised, moved or given up, so that its runs are scheduled anew."""
    tests: Jobs[SelfTest] = field(default_factory=Jobs)

    def open(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        """Let it recognise. Raises as `DeploymentService.open`."""
        self.deployments.open(deployment, by=by)

    def now(self) -> datetime:
        """Return London time."""
        return utc_from_ns(self.clock.time_ns()).astimezone(LONDON)

    def calendar(self, *, over: bool = False) -> tuple[CalendarEntry, ...]:
        return calendar(self.engine, over=over)

    def read_overview(self, deployment: str) -> DeploymentOverview:
        """Read where it stands. Raises Refused `deployment.unknown`, `deployment.trial`."""
        limits = GateLimits.of(self.policy)
        return read_overview(self.engine, deployment, limits, now_ns=self.clock.time_ns())

    def list_before(self, one: DeploymentOverview) -> EarlierList | None:
        """Find the list with which this one is compared when it is approved."""
        return list_before(self.engine, one.view.id, place=one.application.place)

    def is_published(self, deployment: str) -> bool:
        """Return whether its record has been published."""
        return bool(read_revisions(self.engine, deployment))

    def documents(self, deployment: str) -> ComplianceDocumentsStatus:
        """Read which of its documents are missing or past their review."""
        with reading(self.engine) as session:
            return read_documents_status(session, deployment, self.now().date())

    def is_public(self, deployment: str) -> bool:
        """Return whether its announcement was made, and isn't withheld."""
        try:
            return announcement.announcement_of(self.engine, deployment).place_is_public
        except Refused:  # there is none
            return False

    def announcement(self, deployment: str) -> Plan:
        """Read what the public would be told now. Raises Refused `deployment.trial`."""
        return announcement.plan_of(self.engine, deployment)

    def timeline(self, deployment: str, *, by: AuthenticatedPerson) -> tuple[TimelineEntry, ...]:
        return show_timeline(self.looks, deployment, by=by)

    def waiting(self, person: Person) -> tuple[Waiting, ...]:
        return read_waiting(self.engine, person)

    def print_form(self, deployment: str, kind: FormKind, *, by: AuthenticatedPerson) -> str:
        """Print one of its documents as HTML. Raises as `printing.print_form`."""
        return printing.print_form(
            self.looks, deployment, kind, self.policy, self.evaluations, by=by, now=self.now(), tpm=self.has_tpm()
        )

    def forecast(self, asked: ForecastInputs, *, people: int | None = None) -> FalseAlertForecast:
        """Forecast the list's false alerts with the model in use."""
        return forecast_false_alerts(asked, self.evaluations, self.policy, people=people)

    def forecast_curves(self, asked: ForecastInputs) -> tuple[ForecastCurve, ...]:
        """Forecast false alerts over the thresholds that were measured, for half, all and twice the people."""
        evaluations = self.evaluations

        def expected(threshold: float, people: int) -> float | None:
            found = forecast_false_alerts(
                ForecastPointInputs(threshold, people, asked.expected_faces), evaluations, self.policy, people=people
            )
            return None if found.forecast is None else found.forecast.expected

        return forecast_curves(expected, sorted({each.threshold for each in evaluations}), asked.list_cap)

    def list_quality(self, deployment: str) -> ListQuality | None:
        """Read the suite's newest report on its list: a planner mends the file by line. Raises as `read_result`."""
        found = read_result(self.reports / deployment)
        return None if found is None else found.without_people()

    # -- what is done ----------------------------------------------------------------------------

    def authorise(self, deployment: str, *, revision: int, by: AuthenticatedPerson, reason: str, signed: bool) -> None:
        """Allow the revision that the officer saw.

        Raises:
            Refused: as `DeploymentService.authorise`.
        """
        self.deployments.authorise(deployment, by=by, reason=reason, claim_not_shown=signed, revision=revision)
        self.reschedule()

    def add_document(self, deployment: str, given: NewDocument, *, by: AuthenticatedPerson) -> None:
        """Register a version of a document; a community impact assessment is this deployment's own.

        Raises:
            Refused: as `ComplianceDocumentRegister.add`.
        """
        whose = "" if given.kind in FORCE_DOCUMENTS else deployment
        self.uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="document-", dir=self.uploads) as folder:
            file = Path(folder) / (PurePath(given.file_name).name or "document")
            file.write_bytes(given.content)
            self.register.add(
                given.kind,
                file,
                title=given.title,
                version=given.version,
                review_by=given.review_by,
                by=by,
                deployment=whose,
            )

    def start_self_test(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        """Begin the self-test, unless one of this deployment runs."""
        self.tests.start(deployment, "Self-test", lambda _progress: self.run_self_test(deployment, by), by=by.name)

    def last_self_test(self, deployment: str) -> SelfTest | None:
        """Read what the last self-test came to, whoever ran it; None where none has ended."""
        return read_last_self_test(self.engine, deployment)

    def announce(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        announcement.announce(self.engine, self.announcements, deployment, by=by)

    def ask_to_withhold(self, deployment: str, *, because: ReasonClass, by: AuthenticatedPerson) -> None:
        withholding.ask_to_withhold(self.announcements, deployment, because=because, by=by)

    def approve_withholding(self, deployment: str, *, request: str, by: AuthenticatedPerson) -> None:
        withholding.approve_withholding(self.announcements, deployment, request=request, by=by)

    def refuse_withholding(self, deployment: str, *, by: AuthenticatedPerson, reason: str) -> None:
        withholding.refuse_withholding(self.announcements, deployment, by=by, reason=reason)

    def still_to_decide(self, deployment: str) -> str:
        """Say in one sentence how many alerts nobody has judged; "" where all are."""
        return still_to_decide(self.engine, deployment, retention_h=self.policy.alerts.retention_h)

    def close(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        """End it, and drop its gallery."""
        self._end_gallery(deployment, self.deployments.close(deployment, by=by).gallery)

    def shorten(self, deployment: str, at: time, *, by: AuthenticatedPerson) -> None:
        """Let it end the next time that London's clocks show `at`. Raises as `DeploymentService.shorten`."""
        self.deployments.shorten(deployment, self._next(at), by=by)
        self.reschedule()

    def extend(self, deployment: str, at: time, *, by: AuthenticatedPerson) -> None:
        """Give it back hours that were taken, until then. Raises as `DeploymentService.extend`."""
        self.deployments.extend(deployment, self._next(at), by=by)
        self.reschedule()

    def _next(self, at: time) -> datetime:
        now = self.now()
        found = datetime.combine(now.date(), at, LONDON)
        return found if found > now else datetime.combine(now.date() + timedelta(days=1), at, LONDON)

    def cancel(self, deployment: str, why: str, *, by: AuthenticatedPerson) -> None:
        """Give it up; a list that was built goes with its gallery."""
        self._end_gallery(deployment, self.deployments.cancel(deployment, why, by=by).gallery)

    def _end_gallery(self, deployment: str, gallery: str) -> None:
        self.cameras.forget(deployment)
        self.reschedule()
        try:
            if gallery:
                self.drop_gallery(gallery)
        except Retryable as away:
            raise Retryable(
                "it is over and its list's keys are destroyed, but the faces of the list couldn't be dropped now: "
                f"retention does that at its next sweep ({plain_words(str(away))})"
            ) from away
