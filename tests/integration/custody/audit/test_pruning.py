"""Old entries are pruned behind a signed anchor, and nothing young or unsigned goes with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.audit import prune as prune_module
from lfr_core.custody.audit.chain import Fault
from lfr_core.custody.audit.entry import parse_body
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, keep_head, read_checkpoint
from lfr_core.custody.audit.heads import check_anchor_to_sign, sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.prune import carry_records
from lfr_core.custody.audit.read import entries, read_stored_entries, snapshot
from lfr_core.custody.audit.recorded_state import RecordedState
from lfr_core.custody.audit.signed import Anchor, Head, parse_anchor_message
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.audit.verify import verify
from lfr_core.custody.vault.port import Signature
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.signatures import SignatureKind
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.people import PersonRow
from tests.support.audit import Notary
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock
from tests.support.refusals import refusal
from tests.support.trail_checks import fill, look, sql


class CarryingNotary(Notary):
    """Says again what the trail says of records before it signs an anchor, as the vault does."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self._engine = engine
        self._clock = clock

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        if kind is SignatureKind.AUDIT_ANCHOR:
            trail = AuditTrail(self, self._clock)
            report = verify(self._engine, public_key=self.public_key, checkpoint=None, records_key=trail.records_key())
            up_to = parse_anchor_message(message).seq
            carry_records(self._engine, trail, report.records, newest=report.last_seq, up_to=up_to)
        return super().sign(kind, message)


def prune(engine: Engine, _notary: Notary, clock: ManualClock, before_ns: int) -> int:
    return prune_module.prune(engine, CarryingNotary(engine, clock), clock, before_ns)


def test_pruning_leaves_an_anchor_from_which_the_rest_verifies(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    fill(engine, trail, 5)
    clock.advance(100)
    fill(engine, trail, 5)
    keep_head(engine, notary, clock, tmp_path)

    assert prune(engine, notary, clock, clock.now_ns) == 5
    report = look(engine, notary, checkpoint=read_checkpoint(tmp_path / HEAD_FILE))
    assert (report.first_seq, report.last_seq, report.pruned, report.problem) == (6, 12, 5, None)
    last = entries(engine)[-1]
    assert (last.verb, last.actor, last.facts) == (Verb.ERASE, "system:retention", {"removed": 5, "up_to": 5})
    assert prune(engine, notary, clock, clock.now_ns) == 0  # again: nothing to do, nothing written
    assert look(engine, notary).last_seq == 12
    keep_head(engine, notary, clock, tmp_path)
    clock.advance(100)
    assert prune(engine, notary, clock, clock.now_ns) == 7  # all of them; the trail goes on from its anchor
    keep_head(engine, notary, clock, tmp_path)
    report = look(engine, notary, checkpoint=read_checkpoint(tmp_path / HEAD_FILE))
    assert (report.first_seq, report.last_seq, report.pruned, report.problem) == (13, 14, 12, None)


def test_unsigned_entries_are_not_pruned(engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock) -> None:
    fill(engine, trail, 3)
    clock.advance(100)

    assert prune(engine, notary, clock, clock.now_ns) == 0
    sign_head(engine, notary, clock)
    fill(engine, trail, 2)
    clock.advance(100)
    assert prune(engine, notary, clock, clock.now_ns) == 3


def test_a_damaged_trail_is_not_pruned(engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock) -> None:
    fill(engine, trail, 4)
    sign_head(engine, notary, clock)
    sql(engine, "UPDATE audit_entry SET verb = 'erase' WHERE seq = 2")
    clock.advance(100)

    assert refusal(prune, engine, notary, clock, clock.now_ns) == "audit.damaged"
    assert len(entries(engine)) == 4


def test_no_anchor_is_signed_over_young_entries_behind_one_that_says_it_is_old(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 2)
    clock.advance(-100)
    fill(engine, trail, 1)
    head = sign_head(engine, notary, clock)
    assert head is not None
    anchor = Anchor(3, head.hash, 3, clock.now_ns, "", "")

    def check(before_ns: int) -> None:
        check_anchor_to_sign(engine, notary.public_key, anchor, before_ns=before_ns)

    assert refusal(check, clock.now_ns + 50 * 10**9) == "vault.not-signed"
    check(clock.now_ns + 101 * 10**9)
    sql(engine, "UPDATE audit_entry SET at_ns = 0")  # by somebody with a login at the database
    assert refusal(check, clock.now_ns + 50 * 10**9) == "audit.damaged"


def test_no_anchor_is_signed_over_entries_without_a_signed_head(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 2)
    anchor = Anchor(2, entries(engine)[-1].hash, 2, clock.now_ns, "", "")

    def check() -> None:
        check_anchor_to_sign(engine, notary.public_key, anchor, before_ns=clock.now_ns + 1)

    assert refusal(check) == "vault.not-signed"
    sign_head(engine, notary, clock)
    check()


def test_much_that_is_old_is_pruned_in_portions(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune_module, "_MOST_AT_ONCE", 2)
    fill(engine, trail, 5)
    sign_head(engine, notary, clock)
    clock.advance(1)

    before_ns = clock.now_ns
    assert [prune(engine, notary, clock, before_ns) for _ in range(4)] == [2, 2, 1, 0]
    assert look(engine, notary).is_good


def test_an_anchor_moved_or_removed_is_found(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 4)
    sign_head(engine, notary, clock)
    prune(engine, notary, clock, clock.now_ns + 1)
    fill(engine, trail, 3)
    sign_head(engine, notary, clock)

    sql(engine, "UPDATE audit_anchor SET count = 3")
    assert problem_of(engine, notary) == (4, Fault.BAD_SIGNATURE)
    sql(engine, "DELETE FROM audit_anchor")
    assert problem_of(engine, notary) == (1, Fault.MISSING)


def problem_of(engine: Engine, notary: Notary) -> tuple[int, Fault] | None:
    problem = look(engine, notary).problem
    return None if problem is None else (problem.seq, problem.fault)


def test_records_stand_after_pruning_as_the_trail_said_and_who_writes_in_is_still_found(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    def person(name: str) -> PersonRow:
        at = utc_from_ns(clock.now_ns)
        return PersonRow(folded=name, name=name, rank="constable", added_at=at, added_by="x")

    def say(session: Session) -> None:
        trail.append(session, AuditEvent(Verb.ALTER, SystemActor.VAULT, "", "person:x", "people.changed"))

    def promote(name: str) -> None:
        with writing(engine) as session:
            session.exec(select(PersonRow).where(PersonRow.name == name)).one().rank = "sergeant"
            say(session)

    def differences() -> list[str]:
        key = trail.records_key()
        report = verify(engine, public_key=notary.public_key, checkpoint=None, records_key=key)
        return [each.partition(" ")[2] for each in report.differences]

    trail.prepare(SystemActor.VAULT)
    with writing(engine) as session:
        session.add_all([person("left alone"), person("promoted")])
        say(session)
    sign_head(engine, notary, clock)
    clock.advance(100)
    cut_ns = clock.now_ns
    promote("promoted")

    assert prune(engine, notary, clock, cut_ns) == 1
    assert differences() == []
    promote("left alone")
    sign_head(engine, notary, clock)
    clock.advance(100)
    assert prune(engine, notary, clock, clock.now_ns) > 1
    promote("promoted")
    assert differences() == []
    with overwriting(engine) as session:
        session.add(person("written in"))
    promote("written in")
    assert len(differences()) == 1


def test_this_machines_user_registers_nobody_first_after_entries_were_removed(
    engine: Engine, trail: AuditTrail, clock: ManualClock
) -> None:
    trail.prepare(SystemActor.LFR)
    with writing(engine) as session:
        at = utc_from_ns(clock.now_ns)
        session.add(PersonRow(folded="first", name="First", rank="constable", added_at=at, added_by="x"))
        trail.append(session, AuditEvent(Verb.ALTER, SystemActor.LFR, "", "person:1", "people.added"))
    with snapshot(engine) as session:
        (said,) = (parse_body(each.body) for each in read_stored_entries(session))
    assert said is not None

    for removed, is_believed in ((0, True), (7, False)):
        state = RecordedState(anchor=removed)
        state.take(said)
        assert any(state.find(name) for name in said.records) is is_believed


def test_what_somebody_makes_up_of_a_record_before_the_vault_says_it_again_does_not_count_after_a_restart(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    trail.prepare(SystemActor.VAULT)
    at = utc_from_ns(clock.now_ns)
    with writing(engine) as session:
        session.add(PersonRow(folded="pat", name="Pat", rank="constable", added_at=at, added_by="x"))
        trail.append(session, AuditEvent(Verb.ALTER, SystemActor.VAULT, "", "person:1", "people.added"))
    sign_head(engine, notary, clock)
    clock.advance(1)
    made_up = {f"person/{number}": "f" * 64 for number in (1, 2)}
    trail.prepare(SystemActor.RETENTION)
    with writing(engine) as session:
        event = AuditEvent(Verb.ALTER, SystemActor.RETENTION, "", "records:all", "records.carried")
        trail.append(session, event, made_up)

    assert prune(engine, notary, clock, clock.now_ns) == 1

    state = RecordedState(anchor=1)  # as a vault that starts reads it
    with snapshot(engine) as session:
        for each in read_stored_entries(session, after=1):
            body = parse_body(each.body)
            assert body is not None
            state.take(body)
    assert state.find("person/2") is None
    assert look(engine, notary).is_good
    key = trail.records_key()
    assert verify(engine, public_key=notary.public_key, checkpoint=None, records_key=key).differences == ()


def test_a_head_kept_elsewhere_whose_entry_was_pruned_is_not_called_compared(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    fill(engine, trail, 2)
    early = sign_head(engine, notary, clock)
    fill(engine, trail, 3)
    clock.advance(100)
    fill(engine, trail, 5)
    late = keep_head(engine, notary, clock, tmp_path)
    assert early is not None
    assert late is not None
    prune(engine, notary, clock, clock.now_ns)
    checkpoint = read_checkpoint(tmp_path / HEAD_FILE)

    def unchecked(head: Head) -> list[str]:
        report = verify(engine, public_key=notary.public_key, checkpoint=checkpoint, against=[head])
        assert report.is_good
        return [each for each in report.unchecked if "kept elsewhere" in each]

    assert [each.partition(",")[0] for each in unchecked(early)] == ["the head of entry 2"]
    assert unchecked(late) == []
