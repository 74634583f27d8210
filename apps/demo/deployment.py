"""The demonstration's deployment: planned, authorised, enrolled, opened, closed and published by different people.

Only the times are short: the demonstration's own policy asks for no notice, so that nobody waits two days. Everything
else is what a force does, through the same services.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from apps.demo.people import COMPLIANCE, OFFICER, OPERATOR, PLANNER, PUBLISHER, DemoPerson, log_people_in
from apps.runs.deploy import DeployedSystem
from apps.runs.run_settings import READY_S
from apps.supervisor import ChildReport
from apps.supervisor.system import running_system
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.deployments.announcement import announce
from lfr_core.deployments.application import ApplicationForm
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.build import (
    build_announcement_store,
    build_deployment_service,
    build_document_register,
)
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.deployments.reading import TimelineEntry, timeline
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import Policy, default_policy_file
from lfr_core.publication.build import build_public_site, build_results_service
from lfr_core.publication.record import DeploymentRecord
from lfr_core.recognition.build import drop_gallery, open_list_gallery
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import PlannedDeploymentRow
from lfr_core.watchlists.compile import compile_watchlist
from lfr_core.watchlists.entries import WatchlistReport
from streams.live_probe_selftest import run_self_test

__all__ = ["PlannedSystem", "PublishedDeployment", "plan_system", "publish_results", "write_demo_policy"]

_People = Mapping[str, DemoPerson]
_LEAD_S = 8.0
"""From the application to the start: the announcement has to come before it."""
_DURATION = timedelta(hours=1)
_POLICY_CHANGES = {
    "notice_h": "0.0",
    "name": '"A constabulary that was never there"',
    "enquiries": '"nobody: this is a demonstration"',
    "complaints": '"nobody: this is a demonstration"',
    "appeals": '"nobody: this is a demonstration"',
    "data_protection": '"nobody: this is a demonstration"',
}
_REASONS = "A test subject walks along a street that was drawn for this demonstration."


@dataclass(frozen=True, slots=True)
class PlannedSystem(DeployedSystem):
    """A running system with a live deployment, and the people who brought it there."""

    people: Mapping[str, DemoPerson]


@dataclass(frozen=True, slots=True)
class PublishedDeployment:
    """What became of the deployment."""

    timeline: tuple[TimelineEntry, ...]
    record: DeploymentRecord
    """As published."""
    site: Path
    """The public site's first page."""


def write_demo_policy(settings: Settings) -> Settings:
    """Write the policy with short times and nobody's addresses into the home folder, for every process of the run.

    Raises:
        Fatal: the policy can't be read or written.
    """
    source = settings.policy_file or default_policy_file()
    file = settings.home / "policy.toml"
    try:
        text = source.read_text(encoding="utf-8")
        for key, value in _POLICY_CHANGES.items():
            text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Fatal(f"the demonstration's policy can't be written: {error.strerror}") from error
    return settings.model_copy(update={"policy_file": file})


@contextmanager
def plan_system(
    report: WatchlistReport,
    deployment: str,
    *,
    name: str,
    cameras: tuple[str, ...],
    installation: Installation,
    with_page: bool,
    on_change: Callable[[tuple[ChildReport, ...]], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[PlannedSystem]:
    """Start everything, and take a deployment through all steps until it is live. At the end it is closed.

    Raises:
        Refused: a rule says no to a step.
        Retryable: Milvus or the records are away.
        Fatal: a child can't be started; the message names it and its log.
    """
    with running_system(
        installation.settings,
        installation.policy,
        installation.clock,
        with_page=with_page,
        with_login=True,
        on_change=on_change,
        say=say,
    ) as system:
        system.wait_ready(READY_S)
        people = log_people_in(installation)
        for kind in (
            ComplianceDocumentKind.DPIA,
            ComplianceDocumentKind.APPROPRIATE_POLICY,
            ComplianceDocumentKind.EQUALITY,
        ):
            _register_document(installation, people, kind)
        starts_at = installation.now + timedelta(seconds=_LEAD_S)
        _plan(installation, people, deployment, name, cameras, starts_at)
        _compile(installation, people, deployment, report)
        _test(installation, people, deployment)
        time.sleep(max(0.0, (starts_at - installation.now).total_seconds()))

        def close() -> None:
            closed = build_deployment_service(installation).close(deployment, by=people[OPERATOR].person)
            drop_gallery(installation, closed.gallery)

        try:
            build_deployment_service(installation).open(deployment, by=people[OPERATOR].person)
            SignOns(installation.engine, installation.trail, installation.clock).sign_on(
                deployment, people[OPERATOR].person
            )
            attending = Attendance(installation.engine, installation.trail, installation.clock)
            with attending.keep_alive(deployment, people[OPERATOR].person):
                yield PlannedSystem(system, installation, close, people[OPERATOR].person, people)
        finally:
            close()


def publish_results(
    installation: Installation, people: Mapping[str, DemoPerson], deployment: str
) -> PublishedDeployment:
    """Publish the record of the ended deployment and build the public site.

    Raises:
        Refused: the record doesn't pass its suite.
        Retryable: the records or the vault are away.
        Fatal: the site's folder can't be written.
    """
    made = build_results_service(installation).publish(deployment, by=people[PUBLISHER].person)
    built = build_public_site(installation).refresh(installation.now, wait=False)
    return PublishedDeployment(timeline(installation.engine, deployment), made.record, built.folder / "index.html")


def _register_document(
    installation: Installation, people: _People, kind: ComplianceDocumentKind, deployment: str = ""
) -> None:
    file = installation.settings.home / f"{kind.word}.md"
    title = f"{kind.value.capitalize()} of a demonstration"
    file.write_text(f"# {title}\n\nNobody is watched.\n", encoding="utf-8")
    build_document_register(installation).add(
        kind,
        file,
        title=title,
        version="1",
        review_by=date.today() + timedelta(days=30),  # noqa: DTZ011  a document's review is a day where the force is
        by=people[COMPLIANCE].person,
        deployment=deployment,
    )


def _plan(
    installation: Installation,
    people: _People,
    deployment: str,
    name: str,
    cameras: tuple[str, ...],
    starts_at: datetime,
) -> None:
    """Apply for the deployment, authorise and announce it."""
    service = build_deployment_service(installation)
    form = _application(starts_at, cameras, installation.policy)
    made = service.plan(deployment, DeploymentKind.DEMO, form, by=people[PLANNER].person, name=name)
    _register_document(installation, people, ComplianceDocumentKind.COMMUNITY, deployment)
    why = "nobody is watched: a demonstration"
    service.authorise(deployment, by=people[OFFICER].person, reason=why, revision=made.revision, claim_not_shown=True)
    announce(installation.engine, build_announcement_store(installation), deployment, by=people[PUBLISHER].person)


def _compile(installation: Installation, people: _People, deployment: str, report: WatchlistReport) -> None:
    """Enrol the list, have it approved, and confirm that all is ready."""
    service = build_deployment_service(installation)
    with open_list_gallery(installation) as gallery:
        compile_watchlist(
            report,
            deployment=deployment,
            store=service,
            gallery=gallery,
            attempt=uuid4().hex,
            by=people[PLANNER].person,
        )
    with reading(installation.engine) as session:
        digest = session.get_one(PlannedDeploymentRow, deployment).list_digest
    service.approve_list(deployment, digest, by=people[OFFICER].person)
    service.confirm(deployment, by=people[PLANNER].person, signage=True, briefing=True)
    service.mark_ready(deployment, by=people[PLANNER].person)


def _test(installation: Installation, people: _People, deployment: str) -> None:
    """Run the self-test. Raises Refused `demo.self-test` when it is red."""
    tested = run_self_test(installation, deployment, by=people[OPERATOR].person)
    if not tested.green:
        red = "; ".join(f"{line.name}: {line.message}" for line in tested.lines if not line.ok)
        raise Refused("demo.self-test", f"the self-test is red: {red}")


def _application(starts_at: datetime, cameras: tuple[str, ...], policy: Policy) -> ApplicationForm:
    return ApplicationForm.model_validate(
        {
            "place": "A drawn street",
            "footprint": "The drawn street, both sides",
            "starts_at": starts_at,
            "ends_at": starts_at + _DURATION,
            "use_case": UseCase.SOUGHT_PERSONS,
            "purpose": "show what the platform does",
            "sought": _REASONS,
            "necessity": _REASONS,
            "proportionality": _REASONS,
            "grounds": _REASONS,
            "threshold": policy.alerts.threshold,
            "list_cap": 10,
            "expected_faces": 1_000,
            "cameras": cameras,
        }
    )
