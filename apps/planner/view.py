"""The pages' one read model and their one way to act: they ask the desk and the records, and know no rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine

from apps.sign_in import registered
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.files import read_bounded
from lfr_core.custody.people.roles import Person, Role
from lfr_core.deployments import announcing
from lfr_core.deployments.announcement import AnnouncementStore, ReasonClass
from lfr_core.deployments.compliance_documents.forms import FormKind, render
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.false_alert_forecast import FalseAlertForecast, ForecastInputs, forecast_false_alerts
from lfr_core.deployments.readiness import Coming, Standing, calendar, standing
from lfr_core.deployments.reading import Call, TimelineEntry, open_calls, timeline
from lfr_core.deployments.service import PlanningService
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.closing import still_to_decide
from lfr_core.publication.printing import printed_paper
from lfr_core.watchlists.quality.result import ListQuality
from lfr_core.watchlists.quality.service import RESULT_FILE

__all__ = ["PlannerView", "Services", "Waiting"]

_REPORT_BYTES = 50_000_000

_QUALITY = TypeAdapter(ListQuality)


@dataclass(frozen=True, slots=True)
class Services:
    """What the pages act through."""

    engine: Engine
    policy: Policy
    clock: Clock
    desk: PlanningService
    store: DeploymentStore
    announcements: AnnouncementStore
    evaluations: Sequence[Evaluation]
    """The same that the desk has."""
    reports: Path
    """Folder of the suites' reports on watchlists, one folder a deployment."""
    compare: Callable[[str], str]
    """Compares a deployment's gallery with its list, as `PlanningService.open` asks for."""
    drop: Callable[[str], None] = lambda _gallery: None
    """Drops a gallery when its deployment is over."""
    moved: Callable[[], None] = lambda: None
    """Told when a deployment was authorised, revised or given up, so that its runs are scheduled anew."""


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

    def __init__(self, services: Services) -> None:
        self.services = self._of = services
        self.desk = services.desk
        self.store = services.store
        self.policy = services.policy

    def person(self, name: str) -> Person:
        """Who that is, of any role: nothing here is personal. Raises Refused as `registered`."""
        return registered(self._of.engine, name, frozenset(Role))

    def open(self, deployment: str, *, by: str) -> None:
        """Let it recognise. Raises as `PlanningService.open`."""
        self.desk.open(deployment, by=by, compare=self._of.compare)

    def now(self) -> datetime:
        """London time."""
        return utc_from_ns(self._of.clock.time_ns()).astimezone(LONDON)

    def calendar(self, *, over: bool = False) -> tuple[Coming, ...]:
        return calendar(self._of.engine, over=over)

    def standing(self, deployment: str) -> Standing:
        """Raises Refused `deployment.unknown`, `life.trial`."""
        limits = GateLimits.of(self._of.policy)
        return standing(self._of.engine, deployment, limits, now_ns=self._of.clock.time_ns())

    def timeline(self, deployment: str) -> tuple[TimelineEntry, ...]:
        return timeline(self._of.engine, deployment)

    def waiting(self, person: Person) -> tuple[Waiting, ...]:
        """Calls for the person's roles, and deployments that wait for an officer's decision though nobody called."""
        calls = open_calls(self._of.engine, person.roles)
        found = [_called(each) for each in calls]
        officer = Role.AUTHORISING_OFFICER
        if officer in person.roles:
            called = {each.deployment for each in calls if each.role is officer}
            found += [
                Waiting(one.id, officer, _WAITS[one.status], None)
                for one in self.calendar()
                if one.status in _WAITS and one.id not in called
            ]
        return tuple(found)

    def papers(self, one: Standing) -> tuple[FormKind, ...]:
        """Those that there are of it now."""
        found = [FormKind.APPLICATION]
        if one.authority is not None:
            found.append(FormKind.AUTHORITY)
            if one.view.status.is_over:
                found.append(FormKind.CLOSING_REPORT)
        return tuple(found)

    def paper(self, deployment: str, kind: FormKind) -> str:
        """It, printed: HTML. Raises Refused as `printed_paper`."""
        of = self._of
        now = utc_from_ns(of.clock.time_ns())
        return render(printed_paper(of.engine, deployment, kind, of.policy, of.evaluations, now=now))

    def forecast(self, asked: ForecastInputs, *, people: int | None = None) -> FalseAlertForecast:
        """What the list costs with the model in use."""
        of = self._of
        return forecast_false_alerts(asked, of.evaluations, of.policy, people=people)

    def list_quality(self, deployment: str) -> ListQuality | None:
        """The suite's newest report on its list, without subjects and values: a planner mends the file by line.

        None if there is none. Raises Poison: it can't be read.
        """
        file = self._of.reports / deployment / RESULT_FILE
        try:
            found = _QUALITY.validate_json(read_bounded(file, _REPORT_BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise Poison(f"the report on the list, {file}, can't be read: check the list again") from error
        findings = tuple(replace(each, subject="", photograph="", value="") for each in found.findings)
        return replace(found, findings=findings)

    # -- what is done ----------------------------------------------------------------------------

    def authorise(self, deployment: str, *, revision: int, by: str, reason: str, signed: bool) -> None:
        """Allow the revision that the officer saw.

        Raises:
            Refused: as `PlanningService.authorise`.
        """
        self.desk.authorise(deployment, by=by, reason=reason, claim_not_shown=signed, revision=revision)
        self._of.moved()

    def announce(self, deployment: str, *, by: str) -> None:
        announcing.announce(self._of.engine, self._of.announcements, deployment, by=by)

    def withhold(self, deployment: str, *, because: ReasonClass, by: str, approved_by: str) -> None:
        announcing.withhold(
            self._of.engine, self._of.announcements, deployment, because=because, by=by, approved_by=approved_by
        )

    def still_to_decide(self, deployment: str) -> str:
        """One sentence on the alerts that nobody has judged; "" where all are."""
        return still_to_decide(self._of.engine, deployment)

    def close(self, deployment: str, *, by: str) -> None:
        """End it, and drop its gallery."""
        self._dropped(deployment, self.store.close(deployment, by=by).gallery)

    def cancel(self, deployment: str, why: str, *, by: str) -> None:
        """Give it up; a list that was built goes with its gallery."""
        self._dropped(deployment, self.store.cancel(deployment, why, by=by).gallery)

    def moved(self) -> None:
        """Say that the world has moved."""
        self._of.moved()

    def _dropped(self, deployment: str, gallery: str) -> None:
        self._of.moved()
        try:
            if gallery:
                self._of.drop(gallery)
        except Retryable as away:
            raise Retryable(
                f"{deployment} is over and its list's keys are destroyed, but its gallery couldn't be dropped now: "
                f"retention does that at its next sweep ({away})"
            ) from away


_WAITS = {
    DeploymentStatus.APPLIED: "decide on its application",
    DeploymentStatus.LIST_BUILT: "approve its list, or have it compiled anew",
}


def _called(one: Call) -> Waiting:
    return Waiting(one.deployment, one.role, one.why, one.at.astimezone(LONDON))
