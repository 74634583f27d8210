from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from lfr_core.custody.audit.chain import Fault
from lfr_core.custody.audit.head_checkpoint import (
    HEAD_FILE,
    read_checkpoint,
    read_kept_head,
    read_public_key,
    read_refusal,
)
from lfr_core.custody.audit.head_signing import HeadSigningThread
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.signed import signed_head
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.audit.verify import AuditReport, verify
from lfr_core.custody.audit.witness import Witness, leave_head, remember_witnessed
from lfr_core.custody.vault.clockguard import ClockGuard
from lfr_core.custody.vault.writer_keys import WriterKeys
from lfr_core.domain.actors import SystemActor
from tests.support.audit import Notary, audit_trail
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock
from tests.support.vault_core import TwoClocks

EVENT = AuditEvent(Verb.COLLECT, SystemActor.RECOGNISER, "dep", "alert:1")


@pytest.fixture
def keeper(engine: Engine, notary: Notary, clock: ManualClock, tmp_path: Path) -> HeadSigningThread:
    return HeadSigningThread(engine, notary, clock, tmp_path / "keystore", every_s=0.05)


def test_entries_are_signed_as_they_come_and_once_more_at_the_end(
    engine: Engine, trail: AuditTrail, notary: Notary, keeper: HeadSigningThread, tmp_path: Path
) -> None:
    folder = tmp_path / "keystore"
    folder.mkdir()
    record(engine, trail, EVENT)
    keeper.start()
    deadline = time.monotonic() + 20
    while (head := read_checkpoint(folder / HEAD_FILE)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    record(engine, trail, EVENT)
    keeper.stop()

    assert head.seq == 1
    last = read_checkpoint(folder / HEAD_FILE)
    assert last is not None
    assert last.seq == 2
    assert read_public_key(folder) == notary.public_key


def test_a_refusal_to_sign_is_told_to_whoever_verifies_until_it_is_over(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, keeper: HeadSigningThread, tmp_path: Path
) -> None:
    folder = tmp_path / "keystore"
    folder.mkdir()
    record(engine, trail, EVENT)
    assert keeper.keep()
    record(engine, audit_trail(clock, Notary("a forger who knows how OpenLFR works")), EVENT)
    assert not keeper.keep()

    def look() -> AuditReport:
        checkpoint, refusal = read_checkpoint(folder / HEAD_FILE), read_refusal(folder)
        return verify(engine, public_key=notary.public_key, checkpoint=checkpoint, now_ns=clock.now_ns, refusal=refusal)

    problem = look().problem  # at once
    assert problem is not None
    assert (problem.seq, problem.fault) == (2, Fault.UNSIGNED)
    assert "its seal is wrong" in problem.message
    with overwriting(engine) as session:
        session.execute(text("DELETE FROM audit_entry WHERE seq = 2"))
    again = HeadSigningThread(engine, notary, clock, folder, every_s=0.05)  # also one that didn't write it
    assert again.keep()
    assert look().is_good


def test_the_head_that_is_kept_says_when_the_vault_last_signed(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, keeper: HeadSigningThread, tmp_path: Path
) -> None:
    folder = tmp_path / "keystore"
    folder.mkdir()
    record(engine, trail, EVENT)
    keeper.keep()
    for _ in range(3):
        clock.advance(30)
        assert keeper.keep()
    head = read_checkpoint(folder / HEAD_FILE)
    assert head is not None

    assert (head.seq, head.at_ns) == (1, clock.now_ns)
    assert verify(engine, public_key=notary.public_key, checkpoint=head, now_ns=clock.now_ns).is_good


def test_no_head_is_signed_and_no_certificate_ends_while_the_clock_is_not_trusted(
    engine: Engine, notary: Notary, tmp_path: Path
) -> None:
    class Noting(WriterKeys):
        noted: ClassVar[list[int]] = []

        def note_newest(self, seq: int) -> None:
            self.noted.append(seq)

    clock = TwoClocks()
    notary.writers = Noting(b"k" * 32, clock)
    guard = ClockGuard(clock, tmp_path / "latest-time.json", 2.0)
    record(engine, AuditTrail(notary, clock), EVENT)
    keeper = HeadSigningThread(engine, notary, guard, tmp_path, every_s=1.0)
    assert keeper.keep()
    assert Noting.noted == [1]
    record(engine, AuditTrail(notary, clock), EVENT)
    clock.step(2 * 86_400)

    assert not keeper.keep()
    assert "jumped" in read_refusal(tmp_path)
    assert Noting.noted == [1]
    head = read_checkpoint(tmp_path / HEAD_FILE)
    assert head is not None
    assert head.seq == 1


def test_what_keeps_a_head_from_being_signed_is_logged_once(keeper: HeadSigningThread) -> None:
    with capture_logs() as logs:  # there is no folder to write to
        assert [keeper.keep(), keeper.keep()] == [False, False]

    assert [(line["event"], line["rule"]) for line in logs] == [("audit.head_not_signed", "vault.keystore")]


def test_a_head_is_left_with_the_witness_each_hour_and_none_is_written_over(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    witness, folder = tmp_path / "witness", tmp_path / "keystore"
    folder.mkdir()
    keeper = HeadSigningThread(engine, notary, clock, folder, every_s=0.05, witness=Witness(folder, witness))
    record(engine, trail, EVENT)
    with capture_logs() as said:
        assert keeper.keep()  # the witness is away: that keeps nobody from signing
    witness.mkdir()
    for seconds in (3_600, 60, 60):  # one hour, one head
        clock.advance(seconds)
        record(engine, trail, EVENT)
        assert keeper.keep()
    (first,) = witness.iterdir()
    first_said = first.read_bytes()
    keeper.start()
    keeper.stop()

    assert [one["event"] for one in said] == ["audit.witness_away"]
    assert {file.name for file in witness.iterdir()} == {first.name, "audit-head-000000000004.json"}
    assert first.read_bytes() == first_said
    assert read_kept_head(first).seq == 2


@pytest.mark.fault("keystore and head put back")
def test_a_home_that_is_put_back_as_a_whole_is_damaged_to_everybody_once_the_witness_is_asked(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    witness, folder = tmp_path / "witness", tmp_path / "keystore"
    witness.mkdir()
    folder.mkdir()
    record(engine, trail, EVENT)
    assert HeadSigningThread(engine, notary, clock, folder, every_s=0.05, witness=Witness(folder, witness)).keep()
    copied = (folder / HEAD_FILE).read_bytes()
    for _ in range(3):
        record(engine, trail, EVENT)
    clock.advance(3_600)
    assert HeadSigningThread(engine, notary, clock, folder, every_s=0.05, witness=Witness(folder, witness)).keep()

    with overwriting(engine) as session:
        session.execute(text("DELETE FROM audit_head WHERE seq > 1"))
        session.execute(text("DELETE FROM audit_entry WHERE seq > 1"))
    (folder / HEAD_FILE).write_bytes(copied)
    alone = verify(engine, public_key=notary.public_key, checkpoint=read_checkpoint(folder / HEAD_FILE))
    (witness / "audit-head-999999999999.json").write_text("what somebody put there")
    started = HeadSigningThread(engine, notary, clock, folder, every_s=0.05, witness=Witness(folder, witness))

    assert not started.keep()
    report = verify(engine, public_key=notary.public_key, checkpoint=read_checkpoint(folder / HEAD_FILE))
    assert (alone.is_good, report.is_good) == (True, False)
    assert "entry 4, which was signed and remembered outside the database, is gone" in read_refusal(folder)
    record(engine, trail, EVENT)  # the trail goes on; it isn't signed
    assert not started.keep()
    assert len(list(witness.iterdir())) == 3


def test_a_witness_that_has_nothing_or_heads_of_others_stops_nobody(
    engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    witness, folder = tmp_path / "witness", tmp_path / "keystore"
    folder.mkdir()
    record(engine, trail, EVENT)
    keeper = HeadSigningThread(engine, notary, clock, folder, every_s=0.05, witness=Witness(folder, witness))
    assert keeper.keep()  # it is away
    witness.mkdir()
    other = Notary("another installation")
    leave_head(witness, signed_head(other, 9, "0" * 64, clock.time_ns()))

    assert keeper.keep()
    head = read_checkpoint(folder / HEAD_FILE)
    assert head is not None
    assert head.seq == 1


def test_no_number_of_heads_of_others_hides_ours_from_who_asks_the_witness(
    notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    witness, folder = tmp_path / "witness", tmp_path / "keystore"
    witness.mkdir()
    folder.mkdir()
    leave_head(witness, signed_head(notary, 5, "0" * 64, clock.time_ns()))
    theirs = signed_head(Notary("another installation"), 9, "0" * 64, clock.time_ns()).as_file()
    for number in range(1_200):
        (witness / f"audit-head-{10**6 + number:012d}.json").write_bytes(theirs)

    assert remember_witnessed(folder, witness, notary.public_key)

    head = read_checkpoint(folder / HEAD_FILE)
    assert head is not None
    assert head.seq == 5


def test_a_witness_that_hangs_keeps_nobody_from_signing_and_is_asked_again_once_it_answers(
    engine: Engine,
    trail: AuditTrail,
    notary: Notary,
    clock: ManualClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    witness, folder, answers = tmp_path / "witness", tmp_path / "keystore", threading.Event()
    witness.mkdir()
    folder.mkdir()
    leave_head(witness, signed_head(notary, 5, "0" * 64, clock.time_ns()))  # it knows more than we do
    is_dir = Path.is_dir

    def hang(path: Path) -> bool:
        return (path != witness or answers.wait()) and is_dir(path)

    monkeypatch.setattr(Path, "is_dir", hang)  # as a folder of a machine that nobody reaches
    record(engine, trail, EVENT)
    asked = Witness(folder, witness, wait_s=0.05)
    keeper = HeadSigningThread(engine, notary, clock, folder, every_s=0.05, witness=asked)
    with capture_logs() as said:
        assert keeper.keep()
        assert keeper.keep()
    head = read_checkpoint(folder / HEAD_FILE)
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "audit-witness":
            thread.join()

    assert head is not None
    assert (head.seq, [one["event"] for one in said]) == (1, ["audit.witness_away"])
    assert not keeper.keep()  # what the witness knows is gone from the trail
