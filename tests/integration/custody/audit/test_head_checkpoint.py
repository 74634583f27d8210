"""Signed heads and the head outside the database: a trail that was cut, edited or exchanged is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.custody.audit.chain import Fault
from lfr_core.custody.audit.head_checkpoint import (
    HEAD_FILE,
    KEY_FILE,
    keep_head,
    read_checkpoint,
    read_public_key,
    write_checkpoint,
)
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.audit.verify import verify
from lfr_core.domain.actors import SystemActor
from tests.support.audit import Notary, audit_trail
from tests.support.records import ManualClock
from tests.support.refusals import refusal
from tests.support.trail_checks import event, fill, look, sql


def test_a_head_is_signed_once_for_each_newest_entry(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    assert sign_head(engine, notary, clock) is None
    fill(engine, trail, 2)
    first = sign_head(engine, notary, clock)
    clock.advance(10)

    assert sign_head(engine, notary, clock) == first
    record(engine, trail, event(9))
    second = sign_head(engine, notary, clock)
    assert second is not None
    assert (second.seq, second.at_ns) == (3, clock.now_ns)
    report = look(engine, notary, checkpoint=second)
    assert (report.heads, report.signed_seq, report.unsigned, report.problem, report.unchecked) == (3, 3, 0, None, ())


def test_an_entry_appended_by_hand_with_its_hashes_worked_out_is_never_signed(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 2)
    sign_head(engine, notary, clock)
    forger = audit_trail(clock, Notary("a forger who knows how OpenLFR works"))
    record(engine, forger, event(66, actor=SystemActor.RETENTION))
    clock.advance(61)

    assert refusal(sign_head, engine, notary, clock) == "audit.damaged"
    report = verify(engine, public_key=notary.public_key, checkpoint=None, now_ns=clock.now_ns)
    assert report.problem is not None
    assert (report.problem.seq, report.problem.fault) == (3, Fault.UNSIGNED)


def test_a_signature_awaited_for_seconds_is_no_fault_and_for_a_minute_is(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 2)
    sign_head(engine, notary, clock)
    record(engine, trail, event(3))
    clock.advance(30)
    early = verify(engine, public_key=notary.public_key, checkpoint=None, now_ns=clock.now_ns)
    clock.advance(31)
    late = verify(engine, public_key=notary.public_key, checkpoint=None, now_ns=clock.now_ns)

    assert (early.problem, early.unsigned) == (None, 1)
    assert late.problem is not None
    assert (late.problem.fault, late.problem.seq) == (Fault.UNSIGNED, 3)


@pytest.mark.parametrize("ahead_s", [0, 300, 2**62 / 1e9])
def test_how_long_entries_wait_is_not_theirs_to_say(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, ahead_s: float, tmp_path: Path
) -> None:
    fill(engine, trail, 1)
    head = keep_head(engine, notary, clock, tmp_path)
    told = ManualClock(min(clock.now_ns + round(ahead_s * 1e9), 2**62))
    record(engine, audit_trail(told, Notary("a forger", told)), event(1))
    clock.advance(61)
    problem = verify(engine, public_key=notary.public_key, checkpoint=head, now_ns=clock.now_ns).problem

    assert problem is not None
    assert problem.seq == 2
    assert problem.fault is (Fault.WRONG_TIME if ahead_s > 300 else Fault.UNSIGNED)


@pytest.mark.fault("keystore and head put back")
def test_a_trail_cut_short_with_its_heads_is_found_by_the_head_checkpoint(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    fill(engine, trail, 3)
    keep_head(engine, notary, clock, tmp_path)
    fill(engine, trail, 2)
    keep_head(engine, notary, clock, tmp_path)
    checkpoint = read_checkpoint(tmp_path / HEAD_FILE)
    sql(engine, "DELETE FROM audit_entry WHERE seq > 3")
    sql(engine, "DELETE FROM audit_head WHERE seq > 3")

    assert look(engine, notary).is_good  # it looks whole
    problem = look(engine, notary, checkpoint=checkpoint).problem
    assert problem is not None
    assert (problem.seq, problem.fault) == (4, Fault.TRUNCATED)
    clock.advance(1)
    fill(engine, trail, 5)  # the cut is grown over
    assert refusal(keep_head, engine, notary, clock, tmp_path) == "audit.damaged"
    problem = look(engine, notary, checkpoint=checkpoint).problem
    assert problem is not None
    assert (problem.seq, problem.fault) == (5, Fault.REPLACED)
    assert read_checkpoint(tmp_path / HEAD_FILE) == checkpoint


@pytest.mark.fault("keystore and head put back")
def test_newest_heads_removed_from_the_database_are_missed(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 3)
    head = sign_head(engine, notary, clock)
    sql(engine, "DELETE FROM audit_head")

    problem = look(engine, notary, checkpoint=head).problem
    assert problem is not None
    assert (problem.seq, problem.fault) == (3, Fault.TRUNCATED)


def test_the_database_of_another_installation_is_reported(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 3)
    sign_head(engine, notary, clock)
    other = Notary("another")

    problem = verify(engine, public_key=other.public_key, checkpoint=None).problem
    assert problem is not None
    assert (problem.seq, problem.fault) == (3, Fault.OTHER_INSTALLATION)
    assert refusal(sign_head, engine, other, clock) == "audit.other-installation"


def test_a_head_checkpoint_that_was_edited_is_refused_and_not_overwritten(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    fill(engine, trail, 3)
    keep_head(engine, notary, clock, tmp_path)
    file = tmp_path / HEAD_FILE
    good = file.read_text()
    assert (tmp_path / KEY_FILE).read_text().strip() == notary.public_key.hex()
    assert file.stat().st_mode & 0o077 == 0

    for bad in (good.replace('"seq": 3', '"seq": 2'), good[: len(good) // 2], ""):
        file.write_text(bad)
        assert refusal(keep_head, engine, notary, clock, tmp_path) == "audit.head-checkpoint"
        assert file.read_text() == bad
    (tmp_path / KEY_FILE).write_text("00" * 32)
    assert refusal(keep_head, engine, notary, clock, tmp_path) == "audit.other-installation"
    (tmp_path / KEY_FILE).write_text("not a key")
    assert refusal(read_public_key, tmp_path) == "audit.no-key"


def test_an_earlier_head_never_replaces_a_later_one(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    fill(engine, trail, 1)
    early = sign_head(engine, notary, clock)
    fill(engine, trail, 1)
    late = sign_head(engine, notary, clock)
    assert early is not None
    assert late is not None
    write_checkpoint(tmp_path / HEAD_FILE, late)

    assert refusal(write_checkpoint, tmp_path / HEAD_FILE, early) == "audit.head-checkpoint"
    assert read_checkpoint(tmp_path / HEAD_FILE) == late
