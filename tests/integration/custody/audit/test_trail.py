from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit import prune as prune_module
from lfr_core.custody.audit.chain import Fault
from lfr_core.custody.audit.head_checkpoint import (
    HEAD_FILE,
    KEY_FILE,
    keep_head,
    read_checkpoint,
    read_public_key,
    write_checkpoint,
)
from lfr_core.custody.audit.heads import check_anchor_to_sign, sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.prune import prune
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.signed import Anchor
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.audit.verify import AuditReport, verify
from lfr_core.custody.vault.machines import ADMISSIBLE
from lfr_core.custody.vault.port import Signature
from lfr_core.domain.actors import PROCESSES_OF, SPEAKS_FOR_PEOPLE, Principal, ProcessIdentity, SystemActor
from lfr_core.domain.signatures import SignatureKind
from tests.support.audit import Notary, audit_trail
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock


def event(
    number: int = 0, *, verb: Verb = Verb.CONSULT, actor: Principal = "Ann Operator", dep: str = "dep"
) -> AuditEvent:
    return AuditEvent(verb, actor, dep, f"alert:{number}", rule="operator.compare", facts={"number": number})


def fill(engine: Engine, trail: AuditTrail, count: int) -> None:
    for number in range(count):
        record(engine, trail, event(number))


def look(engine: Engine, notary: Notary, **named: object) -> AuditReport:
    checkpoint = named.get("checkpoint")
    return verify(engine, public_key=notary.public_key, checkpoint=checkpoint)  # type: ignore[arg-type]  # tests only


def sql(engine: Engine, statement: str, **values: object) -> None:
    with overwriting(engine) as session:
        session.execute(text(statement), values)


def rule(call: object, *arguments: object) -> str:
    assert callable(call)
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.rule


def test_entries_are_numbered_without_a_gap_and_read_back_without_a_name(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 3)
    record(engine, trail, event(3, actor=SystemActor.RETENTION, verb=Verb.ERASE, dep=""))

    found = entries(engine)
    assert [one.seq for one in found] == [1, 2, 3, 4]
    assert found[0].actor == f"person:{notary.pseudonym('Ann Operator')}"
    assert (found[3].actor, found[3].verb, found[3].at_ns) == ("system:retention", Verb.ERASE, clock.now_ns)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT body FROM audit_entry")).scalars().all()
    assert not any("Ann" in body for body in kept)
    assert [json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")) for body in kept] == list(kept)


def test_what_is_rolled_back_leaves_no_entry_and_no_gap(engine: Engine, trail: AuditTrail, notary: Notary) -> None:
    fill(engine, trail, 1)

    def think_better() -> None:
        with overwriting(engine) as session:
            trail.append(session, event(1))
            raise RuntimeError("thought better of it")

    with pytest.raises(RuntimeError, match="thought better"):
        think_better()
    record(engine, trail, event(2))

    assert [one.subject for one in entries(engine)] == ["alert:0", "alert:2"]
    assert look(engine, notary).is_good


def test_with_the_vault_away_nothing_is_recorded(engine: Engine, trail: AuditTrail, notary: Notary) -> None:
    notary.away = True

    with pytest.raises(Retryable, match="vault is away"):
        record(engine, trail, event())
    assert entries(engine) == ()


def test_many_writers_at_once_make_one_chain(engine: Engine, notary: Notary, clock: ManualClock) -> None:
    trails = [audit_trail(clock, notary) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: record(engine, trails[n % 4], event(n)), range(40)))

    report = look(engine, notary)
    assert (report.entries, report.last_seq, report.problem) == (40, 40, None)
    head = sign_head(engine, notary, clock)
    assert head is not None
    assert head.seq == 40


def test_the_trail_is_filtered_by_deployment_verb_and_time(
    engine: Engine, trail: AuditTrail, clock: ManualClock
) -> None:
    record(engine, trail, event(1))
    record(engine, trail, event(2, dep="other"))
    clock.advance(60)
    record(engine, trail, event(3, verb=Verb.DECIDE))

    assert [one.seq for one in entries(engine, deployment="dep")] == [1, 3]
    assert [one.seq for one in entries(engine, verb=Verb.DECIDE)] == [3]
    assert [one.seq for one in entries(engine, since_ns=clock.now_ns)] == [3]
    assert [one.seq for one in entries(engine, limit=2)] == [2, 3]


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

    assert rule(sign_head, engine, notary, clock) == "audit.damaged"
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
    assert rule(keep_head, engine, notary, clock, tmp_path) == "audit.damaged"
    problem = look(engine, notary, checkpoint=checkpoint).problem
    assert problem is not None
    assert (problem.seq, problem.fault) == (5, Fault.REPLACED)
    assert read_checkpoint(tmp_path / HEAD_FILE) == checkpoint


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
    assert rule(sign_head, engine, other, clock) == "audit.other-installation"


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
        assert rule(keep_head, engine, notary, clock, tmp_path) == "audit.remembered"
        assert file.read_text() == bad
    (tmp_path / KEY_FILE).write_text("00" * 32)
    assert rule(keep_head, engine, notary, clock, tmp_path) == "audit.other-installation"
    (tmp_path / KEY_FILE).write_text("not a key")
    assert rule(read_public_key, tmp_path) == "audit.no-key"


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

    assert rule(write_checkpoint, tmp_path / HEAD_FILE, early) == "audit.remembered"
    assert read_checkpoint(tmp_path / HEAD_FILE) == late


def test_pruning_leaves_an_anchor_from_which_the_rest_verifies(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    fill(engine, trail, 5)
    clock.advance(100)
    fill(engine, trail, 5)
    keep_head(engine, notary, clock, tmp_path)

    assert prune(engine, notary, clock, clock.now_ns) == 5
    report = look(engine, notary, checkpoint=read_checkpoint(tmp_path / HEAD_FILE))
    assert (report.first_seq, report.last_seq, report.pruned, report.problem) == (6, 11, 5, None)
    last = entries(engine)[-1]
    assert (last.verb, last.actor, last.facts) == (Verb.ERASE, "system:retention", {"removed": 5, "up_to": 5})
    assert prune(engine, notary, clock, clock.now_ns) == 0  # again: nothing to do, nothing written
    assert look(engine, notary).last_seq == 11
    keep_head(engine, notary, clock, tmp_path)
    clock.advance(100)
    assert prune(engine, notary, clock, clock.now_ns) == 6  # all of them; the trail goes on from its anchor
    keep_head(engine, notary, clock, tmp_path)
    report = look(engine, notary, checkpoint=read_checkpoint(tmp_path / HEAD_FILE))
    assert (report.first_seq, report.last_seq, report.pruned, report.problem) == (12, 12, 11, None)


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

    assert rule(prune, engine, notary, clock, clock.now_ns) == "audit.damaged"
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

    assert rule(check, clock.now_ns + 50 * 10**9) == "vault.not-signed"
    check(clock.now_ns + 101 * 10**9)
    sql(engine, "UPDATE audit_entry SET at_ns = 0")  # by somebody with a login at the database
    assert rule(check, clock.now_ns + 50 * 10**9) == "audit.damaged"


def test_no_anchor_is_signed_over_entries_without_a_signed_head(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    fill(engine, trail, 2)
    anchor = Anchor(2, entries(engine)[-1].hash, 2, clock.now_ns, "", "")

    def check() -> None:
        check_anchor_to_sign(engine, notary.public_key, anchor, before_ns=clock.now_ns + 1)

    assert rule(check) == "vault.not-signed"
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


def test_an_empty_trail_is_good_and_says_what_it_cannot_tell(engine: Engine, notary: Notary) -> None:
    report = look(engine, notary)

    assert (report.is_good, report.entries, report.unsigned) == (True, 0, 0)
    assert len(report.unchecked) == 1


def test_heads_of_an_earlier_version_verify_and_are_counted(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    class Earlier(Notary):
        def sign(self, kind: SignatureKind, message: bytes) -> Signature:  # noqa: ARG002  it knew of none
            return self.sign_untyped(message)

    for signer in (Earlier(), notary):
        record(engine, trail, event(1))
        sign_head(engine, signer, clock)
    report = verify(engine, public_key=notary.public_key, checkpoint=None)

    assert (report.is_good, report.heads, report.untyped) == (True, 2, 1)


ACTORS: tuple[Principal, ...] = ("Sue Superintendent", *SystemActor)


@pytest.mark.parametrize("identity", ProcessIdentity)
def test_an_entry_is_written_and_signed_only_of_whom_its_process_speaks_for(
    engine: Engine, notary: Notary, clock: ManualClock, identity: ProcessIdentity
) -> None:
    class Process(Notary):
        pass

    Process.identity = identity

    class Forging(AuditTrail):
        """A process that asks nobody whether it may."""

        def _written(self, actor: Principal) -> str:
            return str(actor) if isinstance(actor, SystemActor) else f"person:{self._pseudonym(actor)}"

    honest, forging = AuditTrail(Process(), clock), Forging(Process(), clock)
    for actor in ACTORS:
        own = PROCESSES_OF[actor] if isinstance(actor, SystemActor) else SPEAKS_FOR_PEOPLE
        if identity in {*own, ProcessIdentity.VAULT}:
            record(engine, honest, event(actor=actor))
            assert sign_head(engine, notary, clock) is not None
            continue
        assert rule(record, engine, honest, event(actor=actor)) == "actor.not-this-process"
        record(engine, forging, event(actor=actor))
        assert rule(sign_head, engine, notary, clock) == "audit.damaged"
        sql(engine, "DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)")


def test_only_where_people_log_in_is_anything_written_in_their_name() -> None:
    assert {ProcessIdentity.COMMANDS, ProcessIdentity.PAGES} == SPEAKS_FOR_PEOPLE
    assert ADMISSIBLE.isdisjoint(SPEAKS_FOR_PEOPLE)
    assert set(PROCESSES_OF) == set(SystemActor)
