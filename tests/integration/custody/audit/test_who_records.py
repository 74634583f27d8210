"""A process changes the records that are its business; no entry that would make the trail a damaged one is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.deployments.announcement import announce
from lfr_core.domain.actors import PROCESSES_OF, SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.people import PersonRow
from tests.support.deployment_flows import harness_of_processes, processes_of, status
from tests.support.galleries import fill
from tests.support.people import authenticated
from tests.support.planning import PLANNER, PlanningHarness
from tests.support.records import entry

PARTS = [
    (process, part)
    for part in sorted(set(SystemActor) - {SystemActor.LFR}, key=str)
    for process in sorted(PROCESSES_OF[part])
]
"""Each process, and as which part of the platform it writes upon nobody's login."""


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[PlanningHarness]:
    with harness_of_processes(tmp_path) as harness:
        yield harness


def test_the_trail_of_a_deployment_that_the_flows_carried_out_is_signed(harness: PlanningHarness) -> None:
    made = harness.plan()
    harness.authorise()
    announce(harness.engine, harness.announcements, "dep", by=SystemActor.FLOWS)
    harness.wait_until(made.starts_at - timedelta(hours=harness.policy.planning.compile_before_h))
    held = fill(harness.gallery, "gallery_dep", "contract", (entry(),))
    harness.deployments.attach_watchlist("dep", "contract", "gallery_dep", (entry(),), by=SystemActor.FLOWS, held=held)
    harness.approve()
    harness.touch()
    harness.deployments.confirm("dep", by=authenticated(PLANNER), signage=True, briefing=True)
    harness.deployments.mark_ready("dep", by=authenticated(PLANNER))
    harness.wait_until(made.starts_at)
    harness.touch()
    harness.prove()
    harness.deployments.open("dep", by=SystemActor.FLOWS)
    harness.wait_until(made.ends_at)
    harness.deployments.close("dep", by=SystemActor.FLOWS)

    assert status(harness, "dep") is DeploymentStatus.ENDED
    assert sign_head(harness.engine, processes_of(harness), harness.clock) is not None  # nothing is damaged


def register(harness: PlanningHarness, trail: AuditTrail, actor: SystemActor) -> None:
    with writing(harness.engine) as session:
        now = utc_from_ns(harness.clock.time_ns())
        session.add(PersonRow(folded="eve", name="Eve", rank="superintendent", added_at=now, added_by="nobody"))
        trail.append(session, AuditEvent(Verb.ALTER, actor, "", "person:1", "people.added"))


def test_a_process_that_registers_somebody_upon_nobodys_login_writes_nothing_and_the_trail_is_signed_as_before(
    harness: PlanningHarness,
) -> None:
    for process, actor in PARTS:
        trail = AuditTrail(processes_of(harness).process(process), harness.clock)
        trail.prepare(actor)

        with pytest.raises(Refused) as refused:
            register(harness, trail, actor)

        assert refused.value.rule == "records.not-this-process", (process, actor)
    assert harness.people.find("Eve") is None
    assert sign_head(harness.engine, processes_of(harness), harness.clock) is not None
