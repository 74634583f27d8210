"""Where a planned deployment stands, for the commands of `lfr deployment`; and what they all print after a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.cli.command import Output

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.deployments.application import Application
    from lfr_core.deployments.obligations import Obligation
    from lfr_core.deployments.readiness import DeploymentOverview

__all__ = [
    "ListAsBuilt",
    "Status",
    "list_as_built",
    "move_runs",
    "read_application",
    "read_standing",
    "read_status",
    "report_step",
]


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
class Status:
    """Where a planned deployment stands."""

    standing: DeploymentOverview
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
            "planner": one.planned.planner,
            "officer": one.planned.officer,
            "list": {
                "digest": self.digest,
                "people": one.list_people,
                "by_category": {share.category: share.people for share in one.composition},
                "approved": one.planned.list_is_approved,
            },
            "conditions": [
                {
                    "condition": line.finding.condition.value,
                    "met": line.finding.met,
                    "looked": line.looked,
                    "who": line.finding.who,
                    "why": line.finding.why,
                }
                for line in one.readiness
            ],
            "withholding_asked": one.withholding.words if one.withholding else "",
            "obligations": [
                {"owed": each.owed.value, "due_at": each.due_at, "done_at": each.done_at, "held": each.held}
                for each in self.obligations
            ],
            "scheduled": [{"flow": name, "at": at} for name, at in self.runs],
        }


def read_standing(installation: Installation, deployment: str) -> DeploymentOverview:
    """Read where it stands. Raises Refused `deployment.unknown`, `deployment.trial`."""
    from lfr_core.deployments.readiness import read_overview
    from lfr_core.domain.gate import GateLimits

    limits = GateLimits.of(installation.policy)
    return read_overview(installation.engine, deployment, limits, now_ns=installation.now_ns)


def read_application(installation: Installation, deployment: str) -> Application:
    """Read its newest application. Raises Refused `deployment.unknown`, `deployment.trial`."""
    return read_standing(installation, deployment).application


def list_as_built(installation: Installation, deployment: str) -> ListAsBuilt:
    """Read the list that waits for approval. Raises Refused `deployment.no-list`."""
    from lfr_core.common.errors import Refused

    one = read_standing(installation, deployment)
    if not one.planned.list_digest:
        raise Refused("deployment.no-list", f"{deployment} has no list yet: `lfr deployment compile` builds it")
    shares = tuple((share.category, share.people, share.images) for share in one.composition)
    built = one.list_built_at.isoformat() if one.list_built_at else ""
    return ListAsBuilt(deployment, one.planned.list_digest, built, one.planned.compiler, shares)


def read_status(installation: Installation, deployment: str) -> Status:
    """Read where it stands now, what is scheduled and owed. Raises Refused `deployment.unknown`, `deployment.trial`."""
    from lfr_core.deployments.obligations import read_obligations
    from lfr_core.storage.engine import reading
    from lfr_core.storage.tables.deployments import PlannedDeploymentRow

    one = read_standing(installation, deployment)
    with reading(installation.engine) as session:
        owed = read_obligations(session, deployment, installation.policy, now=installation.now)
        digest = session.get_one(PlannedDeploymentRow, deployment).list_digest
    return Status(one, digest, owed, _scheduled_runs(installation, deployment))


def report_step(installation: Installation, deployment: str, words: str) -> Output:
    """Say what was done; as JSON, where the deployment stands now."""
    return Output(lambda: read_status(installation, deployment).as_dict(), f"{deployment}: {words}")


def move_runs(installation: Installation) -> None:
    """Move the runs of flows to where they belong now, without a word on standard output."""
    from flows.reconcile import schedule_now
    from lfr_core.common.logs import configure_logs

    configure_logs("WARNING")  # that Prefect is away is no matter here, and a log line would spoil --json
    schedule_now(installation)


def _scheduled_runs(installation: Installation, deployment: str) -> tuple[tuple[str, str], ...]:
    """Ask Prefect what it will run; nothing while it is away."""
    from flows.flow_runs import open_flow_runs
    from flows.reconcile import read_scheduled
    from lfr_core.common.errors import Retryable
    from lfr_core.domain.working_days import LONDON

    try:
        runs = read_scheduled(open_flow_runs(installation.settings, timeout_s=3.0), deployment)
    except Retryable:
        return ()
    return tuple((run.step.value, f"{run.at.astimezone(LONDON):%Y-%m-%d %H:%M:%S %Z}") for run in runs)
