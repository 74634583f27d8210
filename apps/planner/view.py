"""The read model of the planner's pages, and the services they act through; rules are the services'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.files import read_bounded
from lfr_core.custody.people.roles import AuthenticatedPerson, Person, Role
from lfr_core.deployments import announcement, withholding
from lfr_core.deployments.announcement import AnnouncementStore, ReasonClass
from lfr_core.deployments.compliance_documents.forms import FormKind, render
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.false_alert_forecast import FalseAlertForecast, ForecastInputs, forecast_false_alerts
from lfr_core.deployments.readiness import CalendarEntry, Standing, calendar, pending_withholdings, standing
from lfr_core.deployments.reading import Call, TimelineEntry, open_calls, timeline
from lfr_core.deployments.service import PlanningService
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import same_person
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.closing import still_to_decide
from lfr_core.publication.printing import build_form
from lfr_core.watchlists.quality.result import ListQuality
from lfr_core.watchlists.quality.service import RESULT_FILE

__all__ = ["PlannerServices", "PlannerView", "Waiting"]

_REPORT_BYTES = 50_000_000

_QUALITY = TypeAdapter(ListQuality)


@dataclass(frozen=True, slots=True)
class PlannerServices:
    """What the pages act through."""

    planning: PlanningService
    store: DeploymentStore
    announcements: AnnouncementStore
    evaluations: Sequence[Evaluation]
    """The same that the planning service has."""
    compare: Callable[[str], str]
    """Compares a deployment's gallery with its list, as `PlanningService.open` asks for."""
    drop_gallery: Callable[[str], None] = lambda _gallery: None
    """Called with the gallery of a deployment that is over."""
    reschedule: Callable[[], None] = lambda: None
    """Called when a deployment was authorised, revised or given up, so that its runs are scheduled anew."""


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
        """`reports`: folder of the suites' reports on watchlists, one folder a deployment."""
        self._engine = engine
        self._clock = clock
        self._reports = reports
        self._services = services
        self.policy = policy
        self.planning = services.planning
        self.store = services.store

    def open(self, deployment: str, *, by: AuthenticatedPerson) -> None:
        """Let it recognise. Raises as `PlanningService.open`."""
        self.planning.open(deployment, by=by, compare=self._services.compare)

    def now(self) -> datetime:
        """Return London time."""
        return utc_from_ns(self._clock.time_ns()).astimezone(LONDON)

    def calendar(self, *, over: bool = False) -> tuple[CalendarEntry, ...]:
        return calendar(self._engine, over=over)

    def standing(self, deployment: str) -> Standing:
        """Read where it stands. Raises Refused `deployment.unknown`, `life.trial`."""
        limits = GateLimits.of(self.policy)
        return standing(self._engine, deployment, limits, now_ns=self._clock.time_ns())

    def timeline(self, deployment: str) -> tuple[TimelineEntry, ...]:
        return timeline(self._engine, deployment)

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
                if not same_person(one.asked_by, person.name)
            ]
        return tuple(found)

    def list_forms(self, one: Standing) -> tuple[FormKind, ...]:
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

    def cancel(self, deployment: str, why: str, *, by: AuthenticatedPerson) -> None:
        """Give it up; a list that was built goes with its gallery."""
        self._drop_gallery(deployment, self.store.cancel(deployment, why, by=by).gallery)

    def reschedule(self) -> None:
        """Schedule the runs anew, after an application was taken."""
        self._services.reschedule()

    def _drop_gallery(self, deployment: str, gallery: str) -> None:
        self._services.reschedule()
        try:
            if gallery:
                self._services.drop_gallery(gallery)
        except Retryable as away:
            raise Retryable(
                f"{deployment} is over and its list's keys are destroyed, but its gallery couldn't be dropped now: "
                f"retention does that at its next sweep ({away})"
            ) from away


_WAITS = {
    DeploymentStatus.APPLIED: "decide on its application",
    DeploymentStatus.LIST_BUILT: "approve its list, or have it compiled anew",
}


def _waiting_of(one: Call) -> Waiting:
    return Waiting(one.deployment, one.role, one.why, one.at.astimezone(LONDON))
