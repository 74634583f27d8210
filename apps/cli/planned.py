"""What the commands of planned deployments share: the desk at hand, and where a deployment stands as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.cli.common import console, errors, load_settings, policy_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from lfr_core.common.clock import Clock
    from lfr_core.common.settings import Settings
    from lfr_core.deployments.announcement import AnnouncementStore
    from lfr_core.deployments.application import Application
    from lfr_core.deployments.false_alert_forecast import FalseAlertForecast
    from lfr_core.deployments.obligations import Obligation
    from lfr_core.deployments.readiness import Standing
    from lfr_core.deployments.service import PlanningService
    from lfr_core.deployments.views import DeploymentReader
    from lfr_core.domain.policy import Policy

__all__ = ["At", "ListAsBuilt", "Status", "at_desk", "build_list", "forecast_of", "status_of"]


@dataclass(frozen=True, slots=True)
class ListAsBuilt:
    """What an officer looks at before approving it. No names of anybody on it."""

    deployment: str
    digest: str
    built_at: str
    compiler: str
    shares: tuple[tuple[str, int, int], ...]
    """Category, people, photographs."""

    @property
    def words(self) -> str:
        """For people."""
        lines = [f"{self.deployment}: the list built {self.built_at} by {self.compiler}, digest {self.digest}"]
        lines += [f"  {category}: {people} people, {images} photographs" for category, people, images in self.shares]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        categories = {category: {"people": people, "images": images} for category, people, images in self.shares}
        return {
            "deployment": self.deployment,
            "digest": self.digest,
            "built_at": self.built_at,
            "compiler": self.compiler,
            "by_category": categories,
        }


@dataclass(frozen=True, slots=True)
class At:
    """The desk of these settings, and what belongs to it."""

    settings: Settings
    policy: Policy
    engine: Engine
    clock: Clock
    desk: PlanningService
    announcements: AnnouncementStore

    @property
    def reader(self) -> DeploymentReader:
        """Deployments of both lines, to be looked up."""
        from lfr_core.deployments.views import DeploymentReader

        return DeploymentReader(self.engine)

    def standing(self, deployment: str) -> Standing:
        """Where it stands. Raises Refused `deployment.unknown`, `life.trial`."""
        from lfr_core.deployments.readiness import standing
        from lfr_core.domain.gate import GateLimits

        return standing(self.engine, deployment, GateLimits.of(self.policy), now_ns=self.clock.time_ns())

    def application(self, deployment: str) -> Application:
        """Its newest application. Raises Refused `deployment.unknown`, `life.trial`."""
        return self.standing(deployment).application

    def list_as_built(self, deployment: str) -> ListAsBuilt:
        """The list that waits for approval. Raises Refused `life.no-list`."""
        from lfr_core.common.errors import Refused

        one = self.standing(deployment)
        if not one.life.list_digest:
            raise Refused("life.no-list", f"{deployment} has no list yet: `lfr deployment compile` builds it")
        shares = tuple((share.category, share.people, share.images) for share in one.composition)
        built = one.list_built_at.isoformat() if one.list_built_at else ""
        return ListAsBuilt(deployment, one.life.list_digest, built, one.life.compiler, shares)

    def reschedule(self) -> None:
        """Move the runs of flows to where they belong now; with Prefect away, `flows` does so once it is back."""
        from flows.reconcile import schedule_now
        from lfr_core.common.logs import configure_logs

        configure_logs("WARNING")  # that Prefect is away is no matter here, and a log line would spoil --json
        schedule_now(self.settings, self.policy)


@contextmanager
def at_desk() -> Iterator[At]:
    """The desk over these settings' records, made if need be. Raises as the settings, policy and records do."""
    import secrets

    from apps.auditing import trail_for
    from lfr_core.common.clock import SystemClock
    from lfr_core.deployments.announcement import AnnouncementStore
    from lfr_core.deployments.evaluations import evaluations_for
    from lfr_core.deployments.service import PlanningService
    from lfr_core.storage.engine import open_engine
    from lfr_core.storage.migrate import upgrade

    settings = load_settings()
    policy = policy_of(settings)
    upgrade(settings.records_url)
    engine, clock, trail = open_engine(settings.records_url), SystemClock(), trail_for(settings)
    try:
        announcements = AnnouncementStore(engine, trail, clock, lambda: secrets.token_hex(6))
        desk = PlanningService(engine, trail, clock, policy, evaluations_for(settings))
        yield At(settings, policy, engine, clock, desk, announcements)
    finally:
        engine.dispose()


def forecast_of(settings: Settings, size: int, threshold: float, faces: int, policy: Policy) -> FalseAlertForecast:
    """Forecast false alerts for a list of that size. Raises Fatal when the register of evaluations is damaged."""
    from lfr_core.deployments.evaluations import evaluations_for
    from lfr_core.deployments.false_alert_forecast import forecast_false_alerts

    @dataclass(frozen=True, slots=True)
    class Asked:
        threshold: float
        list_cap: int
        expected_faces: int

    return forecast_false_alerts(Asked(threshold, size, faces), evaluations_for(settings), policy)


def build_list(at: At, deployment: str, folder: Path | None, *, by: str, quiet: bool) -> None:
    """Compile its list from `folder`, or from the one that its application names, with a bar and the report.

    Raises:
        Refused: `life.no-folder`, and as `ListBuilder.build`.
        Poison, Fatal, Retryable: as `ListBuilder.build`.
    """
    from datetime import datetime
    from uuid import uuid4

    from apps.cli.watchlist import photograph_bar
    from apps.cli.watchlist_text import show_report
    from apps.stores import deployment_store
    from lfr_core.common.errors import Refused
    from lfr_core.custody.vault.client import vault_client
    from lfr_core.domain.actors import SystemActor
    from lfr_core.domain.working_days import LONDON
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.recognition.gallery import MilvusGallery
    from lfr_core.recognition.gallery.rotated import rotated_gallery
    from lfr_core.watchlists.building import ListBuilder, quality_pages

    made, settings = at.application(deployment), at.settings
    named = folder or (Path(made.watchlist_folder) if made.watchlist_folder else None)
    if named is None:
        raise Refused("life.no-folder", f"the application of {deployment} names no folder: give one")
    gallery = rotated_gallery(
        MilvusGallery(settings.gallery_uri), vault_client(settings), actor=SystemActor.ENROLMENT, may_make=True
    )
    builder = ListBuilder(
        policy=at.policy,
        store=deployment_store(settings, at.engine),
        gallery=gallery,
        engine=lambda: build_engine(settings, at.policy),
        home=settings.home,
    )
    errors.print("[dim]Great Expectations takes some seconds to start …[/dim]")
    with photograph_bar() as progress:
        builder.build(
            named,
            deployment,
            today=datetime.now(LONDON).date(),
            last_day=made.ends_at.astimezone(LONDON).date(),
            by=by,
            attempt=uuid4().hex,
            progress=progress,
            show=(lambda _: None) if quiet else show_report,
        )
    if not quiet:
        pages = quality_pages(settings.home, deployment) / "index.html"
        console.print(f"The report: {pages}", soft_wrap=True, highlight=False, markup=False)


@dataclass(frozen=True, slots=True)
class Status:
    """Where a planned deployment stands."""

    standing: Standing
    digest: str
    obligations: tuple[Obligation, ...]
    runs: tuple[tuple[str, str], ...]
    """Scheduled runs of flows: name and time; empty while Prefect is away."""

    def as_dict(self) -> dict[str, object]:
        one = self.standing
        return {
            "id": one.view.id,
            "name": one.name,
            "kind": one.view.kind.value,
            "status": one.view.status.value,
            "revision": one.application.revision,
            "place": one.application.place,
            "starts_at": one.application.starts_at.isoformat(),
            "ends_at": one.application.ends_at.isoformat(),
            "planner": one.life.planner,
            "officer": one.life.officer,
            "list": {
                "digest": self.digest,
                "people": one.list_people,
                "by_category": {share.category: share.people for share in one.composition},
                "approved": one.life.list_is_approved,
            },
            "conditions": [
                {
                    "condition": line.finding.condition.value,
                    "met": line.finding.met,
                    "looked": line.looked,
                    "who": line.finding.who,
                    "why": line.finding.why,
                }
                for line in one.board
            ],
            "obligations": [
                {"owed": each.owed.value, "due_at": each.due_at, "done_at": each.done_at, "held": each.held}
                for each in self.obligations
            ],
            "scheduled": [{"flow": name, "at": at} for name, at in self.runs],
        }


def status_of(at: At, deployment: str) -> Status:
    """Where it stands now. Raises Refused `deployment.unknown`, `life.trial`."""
    from lfr_core.deployments.obligations import obligations_of
    from lfr_core.storage.engine import reading
    from lfr_core.storage.tables.deployments import LifeRow

    one = at.standing(deployment)
    with reading(at.engine) as session:
        owed = obligations_of(session, deployment, at.policy, now=_now(at))
        digest = session.get_one(LifeRow, deployment).list_digest
    return Status(one, digest, owed, _runs(at, deployment))


def _runs(at: At, deployment: str) -> tuple[tuple[str, str], ...]:
    """What Prefect will run, by its own account; nothing while it is away."""
    from flows.flow_runs import PrefectFlowRuns
    from flows.prefect_api import PrefectApi
    from flows.reconcile import read_scheduled
    from lfr_core.common.errors import Retryable
    from lfr_core.domain.working_days import LONDON

    try:
        runs = read_scheduled(PrefectFlowRuns(PrefectApi.from_settings(at.settings, timeout_s=3.0)), deployment)
    except Retryable:
        return ()
    return tuple((run.step.value, f"{run.at.astimezone(LONDON):%Y-%m-%d %H:%M:%S %Z}") for run in runs)


def _now(at: At) -> datetime:
    from lfr_core.common.clock import utc_from_ns

    return utc_from_ns(at.clock.time_ns())
