"""A person's entry names the records that their role changes, whatever else they have: a login there, and its key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit import trail as trail_module
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.record_rights import IN_ROLE, may_record
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.roles import SERVICE_ROLES, Role
from lfr_core.custody.vault.writer_keys import Writer
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import RECORDED, parts_of
from lfr_core.storage.tables.deployments import AuthorityRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow
from lfr_core.storage.tables.row import Row
from tests.support.deployment_flows import harness_of_processes, processes_of
from tests.support.planning import OPERATOR, PLANNER, PlanningHarness

TABLES = {name for kind in RECORDED for name in (str(kind.__tablename__), *parts_of(kind))}


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[PlanningHarness]:
    with harness_of_processes(tmp_path) as harness:
        harness.plan()
        yield harness


def made_up(harness: PlanningHarness) -> dict[str, Row]:
    """A role, an account and an authority, as nobody gave them."""
    now = utc_from_ns(harness.clock.time_ns())
    person = harness.people.find(OPERATOR)
    assert person is not None
    return {
        "role": PersonRoleRow(person=1, role=Role.ENGAGING_OFFICER.value, since=now),
        "account": PersonIdentityRow(
            person=1, issuer="https://x.example", subject="s", linked_at=now, linked_by="x", sessions_from=now
        ),
        "authority": AuthorityRow(
            deployment="dep", revision=1, granted=True, by="Cass", rank="superintendent", at=now, reason="r",
            false_alerts_one_in=1000, expected_false_alerts=None, claim_not_shown=True,
        ),
    }  # fmt: skip


def write(session: Session, trail: AuditTrail, row: Row, who: str) -> None:
    session.add(row)
    trail.append(session, AuditEvent(Verb.ALTER, who, "", "person:1", "people.changed"))


@pytest.mark.parametrize("what", ["role", "account", "authority"])
@pytest.mark.parametrize("who", [OPERATOR, PLANNER])
def test_a_person_of_another_role_writes_no_entry_about_it_with_their_own_login(
    harness: PlanningHarness, who: str, what: str
) -> None:
    trail = AuditTrail(processes_of(harness).process(ProcessIdentity.COMMANDS), harness.clock)
    trail.prepare(who)

    with pytest.raises(Refused) as refused, writing(harness.engine) as session:
        write(session, trail, made_up(harness)[what], who)

    assert refused.value.rule == "records.not-this-process"
    assert sign_head(harness.engine, processes_of(harness), harness.clock) is not None


def test_an_entry_that_a_program_of_their_own_writes_about_it_is_never_signed(
    harness: PlanningHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "may_record", lambda *_: True)  # as a program of somebody's own would
    trail = AuditTrail(processes_of(harness).process(ProcessIdentity.COMMANDS), harness.clock)
    trail.prepare(OPERATOR)
    with writing(harness.engine) as session:
        write(session, trail, made_up(harness)["role"], OPERATOR)

    with pytest.raises(Refused, match="names records that the process commands doesn't change so"):
        processes_of(harness).process(ProcessIdentity.PAGES).writer_key("0f" * 16, PLANNER)


def test_a_key_that_says_other_roles_than_it_was_lent_with_is_another(harness: PlanningHarness) -> None:
    lent = processes_of(harness).process(ProcessIdentity.COMMANDS).writer_key("0f" * 16, OPERATOR)
    writer = Writer.parse(lent.writer)
    assert writer is not None

    assert writer.roles == frozenset({"operator"})
    assert Writer.parse(lent.writer.replace("operator", "authorising officer")) != writer
    assert str(Writer.parse(lent.writer)) == lent.writer


def test_each_recorded_table_is_somebodys_and_no_script_or_auditor_decides_anything() -> None:
    nobodys = TABLES - IN_ROLE.keys()

    assert nobodys == {"alert_opened", "canary", "certificate", "fuse_trip", "promise_result", "promise_state"}
    assert IN_ROLE.keys() <= TABLES
    for role in {*SERVICE_ROLES, Role.AUDITOR}:
        named = {name for name in TABLES if may_record(ProcessIdentity.COMMANDS, "person:x", [f"{name}/1"], {role})}
        assert named.isdisjoint({"person", "person_role", "person_identity_linked", "authority", "paper", "alert"}), (
            role
        )
        assert named.isdisjoint({"alert_answer", "life_decided", "sign_on", "promise_statement"}), role
