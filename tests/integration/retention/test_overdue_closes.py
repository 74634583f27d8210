"""A list goes with its deployment's hours, whether or not the workflow that closes a deployment runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import func, select

from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.retention.steps.overdue_closes import WORKFLOW_FIRST_S, OverdueClosesStep
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.deployment_flows import harness_of_processes, processes_of, status
from tests.support.deployments import deployment_service
from tests.support.galleries import held_by
from tests.support.planning import PlanningHarness
from tests.support.records import entry


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[PlanningHarness]:
    with harness_of_processes(tmp_path) as harness:
        yield harness


@pytest.fixture
def step(harness: PlanningHarness) -> OverdueClosesStep:
    """As the supervisor's process purges, which does so while the workflow server is away."""
    own = processes_of(harness).process(ProcessIdentity.PURGE)
    store = deployment_service(harness.engine, own, AuditTrail(own, harness.clock), harness.clock)
    return OverdueClosesStep(harness.engine, store)


def keeps_list(harness: PlanningHarness, deployment: str) -> bool:
    with reading(harness.engine) as session:
        wanted = select(func.count()).where(WatchlistEntryRow.deployment == deployment)
        rows = session.exec(wanted).one()
    return bool(rows or harness.vault.kept(KeyKind.WATCHLIST, deployment))


def wait_beyond(harness: PlanningHarness, ends_at: datetime, seconds: float) -> int:
    harness.wait_until(ends_at + timedelta(seconds=seconds))
    return harness.clock.time_ns()


@pytest.mark.parametrize(
    ("at", "becomes"),
    [
        (DeploymentStatus.LIVE, DeploymentStatus.ENDED),
        (DeploymentStatus.READY, DeploymentStatus.CANCELLED),
        (DeploymentStatus.LIST_BUILT, DeploymentStatus.CANCELLED),
    ],
)
def test_after_its_hours_a_deployment_is_ended_its_list_and_key_are_gone_and_the_trail_is_signed(
    harness: PlanningHarness, step: OverdueClosesStep, at: DeploymentStatus, becomes: DeploymentStatus
) -> None:
    made = harness.walk(at)
    assert keeps_list(harness, "dep")

    early_ns = wait_beyond(harness, made.ends_at, WORKFLOW_FIRST_S - 1)
    assert (step.due(early_ns), step.purge(early_ns).destroyed) == ((), ())  # the workflow comes first
    late_ns = wait_beyond(harness, made.ends_at, WORKFLOW_FIRST_S + 1)
    (due,) = step.due(late_ns)
    done = step.purge(late_ns)

    assert (due.subject, (late_ns - due.due_ns) // 10**9) == ("deployment:dep", 1)
    assert (done.failures, [each.subject for each in done.destroyed]) == ((), ["deployment:dep"])
    assert (status(harness, "dep"), keeps_list(harness, "dep")) == (becomes, False)
    assert step.due(late_ns) == ()
    assert sign_head(harness.engine, processes_of(harness), harness.clock) is not None


def test_a_trial_whose_hours_are_over_is_ended_too(harness: PlanningHarness, step: OverdueClosesStep) -> None:
    harness.deployments.create("trial", DeploymentKind.DEMO, name="trial")
    entries = (entry(),)
    harness.deployments.attach_watchlist(
        "trial", "contract", "gallery_trial", entries, by=SystemActor.LFR, held=held_by(entries)
    )
    harness.service(compare=lambda _: "").open("trial", hours=1.0)
    harness.wait_until(harness.now + timedelta(hours=1, seconds=WORKFLOW_FIRST_S + 1))

    done = step.purge(harness.clock.time_ns())

    assert (done.failures, status(harness, "trial")) == ((), DeploymentStatus.ENDED)
    assert not keeps_list(harness, "trial")
