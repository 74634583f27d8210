"""The read model of the planner's pages, and the services they act through; rules are the services'."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine

from apps.plain_words import plain_words
from apps.planner.forecast_chart import ForecastCurve, forecast_curves
from apps.planner.jobs import Jobs
from apps.planner.planner_services import NewDocument, PlannerServices
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.files import read_bounded
from lfr_core.custody.people.roles import AuthenticatedPerson, Person, Role
from lfr_core.deployments import announcement, withholding
from lfr_core.deployments.announcement import Plan, ReasonClass
from lfr_core.deployments.compliance_documents import (
    ComplianceDocumentsStatus,
    read_documents_status,
)
from lfr_core.deployments.compliance_documents.forms import FormKind, render
from lfr_core.deployments.compliance_documents.kinds import FORCE_DOCUMENTS
from lfr_core.deployments.false_alert_forecast import FalseAlertForecast, ForecastInputs, forecast_false_alerts
from lfr_core.deployments.list_history import EarlierList, list_before
from lfr_core.deployments.monitoring.selftest import SelfTest
from lfr_core.deployments.readiness import (
    CalendarEntry,
    DeploymentOverview,
    calendar,
    pending_withholdings,
    read_overview,
)
from lfr_core.deployments.reading import Call, TimelineEntry, open_calls, show_timeline
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.closing import still_to_decide
from lfr_core.publication.printing import build_form
from lfr_core.publication.published import revisions_of
from lfr_core.storage.engine import reading
from lfr_core.watchlists.quality.result import ListQuality
from lfr_core.watchlists.quality.service import RESULT_FILE

__all__ = ["PlannerView", "Waiting"]

_REPORT_BYTES = 50_000_000

_QUALITY = TypeAdapter(ListQuality)


@dataclass(frozen=True, slots=True)
class ForecastPointInputs:
    """A point of the forecast's chart."""

    threshold: float
    list_cap: int
    expected_faces: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for one of a person's roles."""

    deployment: str
    role: Role
    why: str
    since: datetime | None
    """London time; None where nobody called: the deployment just stands there."""


class PlannerView:
    """Everything the pages show and do. Each method raises Retryable when the records are away."""

    def __init__(self, engine: Engine, policy: Policy, clock: Clock, reports: Path, services: PlannerServices) -> None:
        """Set up the view. `reports`: folder of the suites' reports on watchlists, one folder a deployment."""
        self._engine = engine
        self._clock = clock
        self._reports = reports
        self._services = services
        self.policy = policy
        self.planning = services.planning
        self.store = services.store
        self.drafts = services.drafts
        self.plans = services.plans
        self.lists = services.lists
        self.cameras = services.cameras
        self.tests: Jobs[SelfTest] = Jobs()

    def open(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        """Let it recognise. Raises as `PlanningService.open`."""
        self.planning.open(deployment, by=by, compare=self._services.compare)

    def now(self) -> datetime:
        """Return London time."""
        return utc_from_ns(self._clock.time_ns()).astimezone(LONDON)

    def calendar(self, *, over: bool = False) -> tuple[CalendarEntry, ...]:
        return calendar(self._engine, over=over)

    def read_overview(self, deployment: str) -> DeploymentOverview:
        """Read where it stands. Raises Refused `deployment.unknown`, `life.trial`."""
        limits = GateLimits.of(self.policy)
        return read_overview(self._engine, deployment, limits, now_ns=self._clock.time_ns())

    def list_before(self, one: DeploymentOverview) -> EarlierList | None:
        """Find the list with which this one is compared when it is approved."""
        return list_before(self._engine, one.view.id, place=one.application.place)

    def is_published(self, deployment: str) -> bool:
        """Whether its record has been published."""
        return bool(revisions_of(self._engine, deployment))

    def documents(self, deployment: str) -> ComplianceDocumentsStatus:
        """Read which of its documents are missing or past their review."""
        with reading(self._engine) as session:
            return read_documents_status(session, deployment, self.now().date())

    def announcement(self, deployment: str) -> Plan:
        """Read what the public would be told now. Raises Refused `life.trial`."""
        return announcement.plan_of(self._engine, deployment)

    def timeline(self, deployment: str, *, by: AuthenticatedPerson) -> tuple[TimelineEntry, ...]:
        return show_timeline(self._services.looks, deployment, by=by)

    def waiting(self, person: Person) -> tuple[Waiting, ...]:
        """Find calls for the person's roles, and deployments that wait for an officer though nobody called."""
        calls = open_calls(self._engine, person.roles)
        found = [_waiting_of(each) for each in calls]
        officer = Role.AUTHORISING_OFFICER
        if officer in person.roles:
            called = {each.deployment for each in calls if each.role is officer}
            found += [
                Waiting(one.id, officer, _WAITS[one.status], None)
                for one in self.calendar()
                if one.status in _WAITS and one.id not in called
            ]
            found += [
                Waiting(one.deployment, officer, one.words, one.asked_at.astimezone(LONDON))
                for one in pending_withholdings(self._engine)
                if not person.is_called(one.asked_by)
            ]
        return tuple(found)

    def list_forms(self, one: DeploymentOverview) -> tuple[FormKind, ...]:
        """List the documents that there are of it now."""
        found = [FormKind.APPLICATION]
        if one.authority is not None:
            found.append(FormKind.AUTHORITY)
            if one.view.status.is_over:
                found.append(FormKind.CLOSING_REPORT)
        return tuple(found)

    def print_form(self, deployment: str, kind: FormKind) -> str:
        """Print one of them as HTML. Raises Refused as `build_form`."""
        evaluations = self._services.evaluations
        return render(build_form(self._engine, deployment, kind, self.policy, evaluations, now=self.now()))

    def forecast(self, asked: ForecastInputs, *, people: int | None = None) -> FalseAlertForecast:
        """Forecast the list's false alerts with the model in use."""
        return forecast_false_alerts(asked, self._services.evaluations, self.policy, people=people)

    def forecast_curves(self, asked: ForecastInputs) -> tuple[ForecastCurve, ...]:
        """Forecast false alerts over the thresholds that were measured, for half, all and twice the people."""
        evaluations = self._services.evaluations

        def expected(threshold: float, people: int) -> float | None:
            found = forecast_false_alerts(
                ForecastPointInputs(threshold, people, asked.expected_faces), evaluations, self.policy, people=people
            )
            return None if found.forecast is None else found.forecast.expected

        return forecast_curves(expected, sorted({each.threshold for each in evaluations}), asked.list_cap)

    def list_quality(self, deployment: str) -> ListQuality | None:
        """Read the suite's newest report on its list, without subjects and values: a planner mends the file by line.

        None if there is none. Raises Poison: it can't be read.
        """
        file = self._reports / deployment / RESULT_FILE
        try:
            found = _QUALITY.validate_json(read_bounded(file, _REPORT_BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise Poison(f"the report on the list, {file}, can't be read: check the list again") from error
        findings = tuple(replace(each, subject="", photograph="", value="") for each in found.findings)
        return replace(found, findings=findings)

    # -- what is done ----------------------------------------------------------------------------

    def authorise(self, deployment: str, *, revision: int, by: AuthenticatedPerson, reason: str, signed: bool) -> None:
        """Allow the revision that the officer saw.

        Raises:
            Refused: as `PlanningService.authorise`.
        """
        self.planning.authorise(deployment, by=by, reason=reason, claim_not_shown=signed, revision=revision)
        self._services.reschedule()

    def add_document(self, deployment: str, given: NewDocument, *, by: AuthenticatedPerson) -> None:
        """Register a version of a document; a community impact assessment is this deployment's own.

        Raises:
            Refused: as `ComplianceDocumentRegister.add`.
        """
        whose = "" if given.kind in FORCE_DOCUMENTS else deployment
        self._services.uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="document-", dir=self._services.uploads) as folder:
            file = Path(folder) / (PurePath(given.file_name).name or "document")
            file.write_bytes(given.content)
            self._services.documents.add(
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
        self.tests.start(
            deployment, "Self-test", lambda _progress: self._services.self_test(deployment, by), by=by.name
        )

    def announce(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        announcement.announce(self._engine, self._services.announcements, deployment, by=by)

    def ask_to_withhold(self, deployment: str, *, because: ReasonClass, by: AuthenticatedPerson) -> None:
        withholding.ask_to_withhold(self._services.announcements, deployment, because=because, by=by)

    def approve_withholding(self, deployment: str, *, request: str, by: AuthenticatedPerson) -> None:
        withholding.approve_withholding(self._services.announcements, deployment, request=request, by=by)

    def refuse_withholding(self, deployment: str, *, by: AuthenticatedPerson, reason: str) -> None:
        withholding.refuse_withholding(self._services.announcements, deployment, by=by, reason=reason)

    def still_to_decide(self, deployment: str) -> str:
        """Word in one sentence the alerts that nobody has judged; "" where all are."""
        return still_to_decide(self._engine, deployment)

    def close(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        """End it, and drop its gallery."""
        self._drop_gallery(deployment, self.store.close(deployment, by=by).gallery)

    def shorten(self, deployment: str, at: time, *, by: AuthenticatedPerson) -> None:
        """Let it end the next time that London's clocks show `at`. Raises as `DeploymentHours.shorten`."""
        self._services.hours.shorten(deployment, self._next(at), by=by)
        self._services.reschedule()

    def extend(self, deployment: str, at: time, *, by: AuthenticatedPerson) -> None:
        """Give it back hours that were taken, until then. Raises as `DeploymentHours.extend`."""
        self._services.hours.extend(deployment, self._next(at), by=by)
        self._services.reschedule()

    def _next(self, at: time) -> datetime:
        now = self.now()
        found = datetime.combine(now.date(), at, LONDON)
        return found if found > now else datetime.combine(now.date() + timedelta(days=1), at, LONDON)

    def cancel(self, deployment: str, why: str, *, by: AuthenticatedPerson) -> None:
        """Give it up; a list that was built goes with its gallery."""
        self._drop_gallery(deployment, self.store.cancel(deployment, why, by=by).gallery)

    def reschedule(self) -> None:
        """Schedule the runs anew, after an application was taken."""
        self._services.reschedule()

    def _drop_gallery(self, deployment: str, gallery: str) -> None:
        self.cameras.forget(deployment)
        self._services.reschedule()
        try:
            if gallery:
                self._services.drop_gallery(gallery)
        except Retryable as away:
            raise Retryable(
                f"{deployment} is over and its list's keys are destroyed, but its gallery couldn't be dropped now: "
                f"retention does that at its next sweep ({plain_words(str(away))})"
            ) from away


_WAITS = {
    DeploymentStatus.APPLIED: "decide on its application",
    DeploymentStatus.LIST_BUILT: "approve its list, or have it compiled anew",
}


def _waiting_of(one: Call) -> Waiting:
    return Waiting(one.deployment, one.role, one.why, one.at.astimezone(LONDON))
