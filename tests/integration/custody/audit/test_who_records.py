"""A process changes the records that are its business; no entry that would make the trail a damaged one is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.prune import prune
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.audit.verify import verify
from lfr_core.deployments.announcement import announce
from lfr_core.domain.actors import PROCESSES_OF, ProcessIdentity, SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import _PARTS, PARTS, _Change, part_text_of
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRow
from lfr_core.storage.tables.row import Row
from tests.support.deployment_flows import harness_of_processes, processes_of, status
from tests.support.galleries import fill
from tests.support.people import authenticated
from tests.support.planning import COMPLIANCE, PLANNER, PlanningHarness
from tests.support.records import ManualClock, entry

WRITERS = [
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
    harness.prove()
    harness.touch()  # last of all: an earlier one of the vault may have waited for the records
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
    for process, actor in WRITERS:
        trail = AuditTrail(processes_of(harness).process(process), harness.clock)
        trail.prepare(actor)

        with pytest.raises(Refused) as refused:
            register(harness, trail, actor)

        assert refused.value.rule == "records.not-this-process", (process, actor)
    assert harness.people.find("Eve") is None
    assert sign_head(harness.engine, processes_of(harness), harness.clock) is not None


DECIDED = (
    (DeploymentRow, "threshold", 0.05),
    (DeploymentRow, "cameras", "north\nschool"),
    (DeploymentRow, "closes_at", utc_from_ns(2**61)),
    (PlannedDeploymentRow, "approver", "Eve Insider"),
    (PlannedDeploymentRow, "signage_by", "Eve Insider"),
)
OF_LIST = ((DeploymentRow, "gallery_digest", "of another"), (DeploymentRow, "list_digest", "of another"))


def change(
    harness: PlanningHarness, trail: AuditTrail, actor: SystemActor, kind: type[Row], values: dict[str, object]
) -> None:
    with writing(harness.engine) as session:
        row = session.get_one(kind, "dep")
        for name, value in values.items():
            setattr(row, name, value)
        trail.append(session, AuditEvent(Verb.ALTER, actor, "dep", "deployment:dep", "deployment.suspended"))


@pytest.mark.parametrize(("kind", "column", "value"), [*DECIDED, *OF_LIST])
def test_what_people_decided_of_a_deployment_is_changed_by_no_process_upon_nobodys_login(
    harness: PlanningHarness, kind: type[Row], column: str, value: object
) -> None:
    harness.plan()
    harness.authorise()
    for process, actor in WRITERS:
        if actor is SystemActor.FLOWS and (kind, column, value) in OF_LIST:
            continue  # the flows compile
        trail = AuditTrail(processes_of(harness).process(process), harness.clock)
        trail.prepare(actor)

        with pytest.raises(Refused) as refused:
            change(harness, trail, actor, kind, {column: value})

        assert refused.value.rule == "records.not-this-process", (process, actor)
    assert sign_head(harness.engine, processes_of(harness), harness.clock) is not None


def test_an_entry_that_names_the_deployment_and_hides_what_was_decided_is_found(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    watch = AuditTrail(processes_of(harness).process(ProcessIdentity.WATCH), harness.clock)
    watch.prepare(SystemActor.WATCH)
    with writing(harness.engine) as session:
        session.get_one(DeploymentRow, "dep").threshold = 0.05
        session.flush()
        session.info.pop(_PARTS)  # as a program of somebody's own would
        event = AuditEvent(Verb.ALTER, SystemActor.WATCH, "dep", "deployment:dep", "deployment.suspended")
        watch.append(session, event)

    report = verify(harness.engine, public_key=b"", checkpoint=None, records_key=watch.records_key())

    (difference,) = report.differences
    assert difference.startswith("deployment_decided/dep isn't what entry")


def test_old_entries_are_pruned_by_the_process_whose_business_it_is_and_the_trail_is_signed_on(
    harness: PlanningHarness,
) -> None:
    harness.plan()
    harness.authorise()
    processes, keep_days, clock = processes_of(harness), harness.policy.audit.keep_days, harness.clock
    assert isinstance(clock, ManualClock)
    key = AuditTrail(processes.process(ProcessIdentity.FLOWS), clock).records_key()
    for process in (ProcessIdentity.FLOWS, ProcessIdentity.PURGE):
        sign_head(harness.engine, processes, clock)
        clock.advance((keep_days + 1) * 86_400)
        before_ns = clock.now_ns - keep_days * 86_400 * 10**9

        assert prune(harness.engine, processes.process(process), clock, before_ns)

        assert sign_head(harness.engine, processes, clock) is not None
        report = verify(harness.engine, public_key=processes.public_key, checkpoint=None, records_key=key)
        assert report.problem is None, process


@pytest.mark.parametrize("names_it", [False, True])
def test_an_account_becomes_nobody_elses_by_an_entry_of_this_machines_user(
    harness: PlanningHarness, *, names_it: bool
) -> None:
    harness.people.link_identity(PLANNER, "https://elsewhere.example", "of Pat", by=authenticated(COMPLIANCE))
    commands = AuditTrail(processes_of(harness).process(ProcessIdentity.COMMANDS), harness.clock)
    commands.prepare(SystemActor.LFR)
    with writing(harness.engine) as session:
        row = session.exec(select(PersonIdentityRow).where(PersonIdentityRow.subject == "of Pat")).one()
        row.subject, row.sessions_from = "of Mallory", utc_from_ns(harness.clock.time_ns())
        session.flush()
        row_id = row.id
        if names_it:  # as a program of somebody's own would
            (linked,) = PARTS[PersonIdentityRow]
            was = part_text_of(row, linked, {"subject": "of Pat"})
            session.info.setdefault(_PARTS, {})[id(row), linked.name] = _Change(row, was, part=linked)
        commands.append(session, AuditEvent(Verb.ALTER, SystemActor.LFR, "", "person:1", "people.recovered"))

    report = verify(harness.engine, public_key=b"", checkpoint=None, records_key=commands.records_key())

    (difference,) = report.differences
    assert difference.startswith(f"person_identity_linked/{row_id} isn't what entry")
