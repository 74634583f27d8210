"""The demonstration's deployment goes the whole line: planner, officers, operator, publisher are different people.

Only the times are short: the demonstration's own policy asks for no notice, so that nobody waits two days. Everything
else is what a force does, through the same services.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine

from apps.auditing import trail_for
from apps.runs.deploy import DeployedSystem
from apps.runs.own import READY_S
from apps.stores import deployment_store
from apps.supervisor import ChildReport, Supervisor
from apps.supervisor.system import running_system
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import People, Rank, Role
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.client import vault_client
from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.deployments.announcing import announce
from lfr_core.deployments.application import ApplicationForm
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.compliance_documents import PaperKind, PaperRegister, paper_folder
from lfr_core.deployments.monitoring.gallery import compare_gallery
from lfr_core.deployments.reading import TimelineEntry, timeline
from lfr_core.deployments.service import PlanningService
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import Policy, default_policy_file, load_policy
from lfr_core.publication.assembly import build_public_site, build_results_service
from lfr_core.publication.record import DeploymentRecord
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.rotated import rotated_gallery
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.deployments import LifeRow
from lfr_core.watchlists.compile import compile_watchlist
from lfr_core.watchlists.entries import WatchlistReport
from streams.live_probe_selftest import run_self_test

__all__ = ["OPERATOR", "Life", "demo_policy", "planned_system", "told"]

COMPLIANCE, PLANNER, OFFICER, OPERATOR, PUBLISHER = (
    "Dana Compliance",
    "Pat Planner",
    "Sam Superintendent",
    "Ola Operator",
    "Uma Publisher",
)
_CAST = {
    COMPLIANCE: (Role.COMPLIANCE, Rank.POLICE_STAFF),
    PLANNER: (Role.PLANNER, Rank.SERGEANT),
    OFFICER: (Role.AUTHORISING_OFFICER, Rank.SUPERINTENDENT),
    OPERATOR: (Role.OPERATOR, Rank.CONSTABLE),
    PUBLISHER: (Role.PUBLICATION_OFFICER, Rank.POLICE_STAFF),
}
_LEAD_S = 8.0
"""From the application to the start: the announcement has to come before it."""
_HOURS = timedelta(hours=1)
_ITS_OWN = {
    "notice_h": "0.0",
    "name": '"A constabulary that was never there"',
    "enquiries": '"nobody: this is a demonstration"',
    "complaints": '"nobody: this is a demonstration"',
    "appeals": '"nobody: this is a demonstration"',
    "data_protection": '"nobody: this is a demonstration"',
}
"""What the demonstration's policy has instead."""
_SAID = "A test subject walks along a street that was drawn for this demonstration."


@dataclass(frozen=True, slots=True)
class Life:
    """What became of the deployment."""

    timeline: tuple[TimelineEntry, ...]
    record: DeploymentRecord
    """As published."""
    site: Path
    """The public site's first page."""


def demo_policy(settings: Settings) -> tuple[Settings, Policy]:
    """The policy with short times and nobody's addresses, written into the home folder for every process of the run.

    Raises:
        Fatal: the policy can't be read or written.
    """
    source = settings.policy_file or default_policy_file()
    file = settings.home / "policy.toml"
    try:
        text = source.read_text(encoding="utf-8")
        for key, value in _ITS_OWN.items():
            text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Fatal(f"the demonstration's policy can't be written: {error.strerror}") from error
    return settings.model_copy(update={"policy_file": file}), load_policy(file)


@contextmanager
def planned_system(
    report: WatchlistReport,
    deployment: str,
    *,
    name: str,
    cameras: tuple[str, ...],
    settings: Settings,
    policy: Policy,
    with_page: bool,
    on_change: Callable[[tuple[ChildReport, ...]], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[DeployedSystem]:
    """Everything up, and a deployment that went its whole line and is live. At the end it is closed and all stopped.

    Raises:
        Refused: a rule of the line says no.
        Retryable: Milvus or the records are away.
        Fatal: a child can't be started; the message names it and its log.
    """
    with running_system(settings, policy, with_page=with_page, on_change=on_change, say=say) as system:
        system.wait_ready(READY_S)
        database, trail = open_engine(settings.records_url), trail_for(settings)
        try:
            _settle(database, trail, settings, policy)
            with _live(report, deployment, name, cameras, settings, policy, database, trail, system) as at:
                yield at
        finally:
            database.dispose()


def _settle(database: Engine, trail: Trail, settings: Settings, policy: Policy) -> None:
    """People of every role. Papers come once the deployment is there."""
    people = People(database, trail, SystemClock())
    for name, (role, rank) in _CAST.items():
        people.add(name, {role}, rank, by=COMPLIANCE)
    for kind in (PaperKind.DPIA, PaperKind.APPROPRIATE_POLICY, PaperKind.EQUALITY):
        _paper(database, trail, settings, policy, kind)


def _paper(
    database: Engine, trail: Trail, settings: Settings, policy: Policy, kind: PaperKind, deployment: str = ""
) -> None:
    file = settings.home / f"{kind.word}.md"
    title = f"{kind.value.capitalize()} of a demonstration"
    file.write_text(f"# {title}\n\nNobody is watched.\n", encoding="utf-8")
    PaperRegister(database, trail, SystemClock(), paper_folder(settings.home), policy.papers).add(
        kind,
        file,
        title=title,
        version="1",
        review_by=date.today() + timedelta(days=30),  # noqa: DTZ011  a paper's review is a day where the force is
        by=COMPLIANCE,
        deployment=deployment,
    )


@contextmanager
def _live(
    report: WatchlistReport,
    deployment: str,
    name: str,
    cameras: tuple[str, ...],
    settings: Settings,
    policy: Policy,
    database: Engine,
    trail: Trail,
    system: Supervisor,
) -> Iterator[DeployedSystem]:
    clock = SystemClock()
    desk, store, vault = (
        PlanningService(database, trail, clock, policy),
        deployment_store(settings, database),
        vault_client(settings),
    )
    gallery = rotated_gallery(MilvusGallery(settings.gallery_uri), vault, actor=SystemActor.ENROLMENT, may_make=True)
    starts_at = utc_from_ns(clock.time_ns()) + timedelta(seconds=_LEAD_S)
    desk.plan(deployment, DeploymentKind.DEMO, _form(starts_at, cameras, policy), by=PLANNER, name=name)
    _paper(database, trail, settings, policy, PaperKind.COMMUNITY, deployment)
    desk.authorise(deployment, by=OFFICER, reason="nobody is watched: a demonstration", claim_not_shown=True)
    announcements = AnnouncementStore(database, trail, clock, lambda: secrets.token_hex(6))
    announce(database, announcements, deployment, by=PUBLISHER)
    compile_watchlist(report, deployment=deployment, store=store, gallery=gallery, attempt=uuid4().hex, by=PLANNER)
    with reading(database) as session:
        digest = session.get_one(LifeRow, deployment).list_digest
    desk.approve_list(deployment, digest, by=OFFICER)
    desk.confirm(deployment, by=PLANNER, signage=True, briefing=True)
    desk.ready(deployment, by=PLANNER)
    with Installation(settings, policy=policy) as installation:
        tested = run_self_test(installation, deployment, by=OPERATOR)
    if not tested.green:
        red = "; ".join(f"{line.name}: {line.said}" for line in tested.lines if not line.ok)
        raise Refused("demo.self-test", f"the self-test is red: {red}")
    time.sleep(max(0.0, (starts_at - utc_from_ns(clock.time_ns())).total_seconds()))

    def close() -> None:
        gallery.drop(store.close(deployment, by=OPERATOR).gallery)

    try:
        desk.open(deployment, by=OPERATOR, compare=partial(compare_gallery, settings, database, clock))
        SignOns(database, trail).sign_on(deployment, OPERATOR)
        with Attendance(database).kept_up(deployment, OPERATOR):
            yield DeployedSystem(system, database, close, OPERATOR)
    finally:
        close()
        vault.close()


def _form(starts_at: datetime, cameras: tuple[str, ...], policy: Policy) -> ApplicationForm:
    return ApplicationForm.model_validate(
        {
            "place": "A drawn street",
            "footprint": "The drawn street, both sides",
            "starts_at": starts_at,
            "ends_at": starts_at + _HOURS,
            "use_case": UseCase.SOUGHT_PERSONS,
            "purpose": "show what the platform does",
            "sought": _SAID,
            "necessity": _SAID,
            "proportionality": _SAID,
            "grounds": _SAID,
            "threshold": policy.alerts.threshold,
            "list_cap": 10,
            "expected_faces": 1_000,
            "cameras": cameras,
        }
    )


def told(settings: Settings, policy: Policy, database: Engine, deployment: str) -> Life:
    """Publish the record of the ended deployment and build the public site.

    Raises:
        Refused: the record doesn't pass its suite.
        Retryable: the records or the vault are away.
        Fatal: the site's folder can't be written.
    """
    with Installation(settings, policy=policy) as here:
        made = build_results_service(here).publish(deployment, by=PUBLISHER)
        built = build_public_site(here).refresh(here.now, wait=False)
    return Life(timeline(database, deployment), made.record, built.folder / "index.html")
