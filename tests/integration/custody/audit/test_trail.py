from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from lfr_core.common.errors import Retryable
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.audit.verify import verify
from lfr_core.custody.vault.machines import ADMISSIBLE
from lfr_core.custody.vault.port import Signature
from lfr_core.domain.actors import PROCESSES_OF, SPEAKS_FOR_PEOPLE, Principal, ProcessIdentity, SystemActor
from lfr_core.domain.signatures import SignatureKind
from tests.support.audit import Notary, audit_trail
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock
from tests.support.refusals import refusal
from tests.support.tiers import leave_to_long
from tests.support.trail_checks import event, fill, look, sql


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


def test_an_empty_trail_is_good_and_says_what_it_cannot_tell(engine: Engine, notary: Notary) -> None:
    report = look(engine, notary)

    assert (report.is_good, report.entries, report.unsigned) == (True, 0, 0)
    assert len(report.unchecked) == 1


def test_heads_of_an_earlier_version_verify_and_are_counted(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock
) -> None:
    class Earlier(Notary):
        def sign(self, kind: SignatureKind, message: bytes) -> Signature:  # it knew of none
            return self.sign_untyped(message)

    for signer in (Earlier(), notary):
        record(engine, trail, event(1))
        sign_head(engine, signer, clock)
    report = verify(engine, public_key=notary.public_key, checkpoint=None)

    assert (report.is_good, report.heads, report.untyped) == (True, 2, 1)


ACTORS: tuple[Principal, ...] = ("Sue Superintendent", *SystemActor)


@pytest.mark.parametrize("identity", leave_to_long(ProcessIdentity, but=[ProcessIdentity.VAULT, ProcessIdentity.PAGES]))
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
        assert refusal(record, engine, honest, event(actor=actor)) == "actor.not-this-process"
        record(engine, forging, event(actor=actor))
        assert refusal(sign_head, engine, notary, clock) == "audit.damaged"
        sql(engine, "DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)")


def test_only_where_people_log_in_is_anything_written_in_their_name() -> None:
    assert {ProcessIdentity.COMMANDS, ProcessIdentity.PAGES} == SPEAKS_FOR_PEOPLE
    assert ADMISSIBLE.isdisjoint(SPEAKS_FOR_PEOPLE)
    assert set(PROCESSES_OF) == set(SystemActor)
