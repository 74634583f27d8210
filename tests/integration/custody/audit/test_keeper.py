from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, read_checkpoint, read_public_key
from lfr_core.custody.audit.keeper import HeadKeeper
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.domain.actors import SystemActor
from tests.support.audit import Notary
from tests.support.records import ManualClock

EVENT = AuditEvent(Verb.COLLECT, SystemActor.RECOGNISER, "dep", "alert:1")


@pytest.fixture
def keeper(engine: Engine, notary: Notary, clock: ManualClock, tmp_path: Path) -> HeadKeeper:
    return HeadKeeper(engine, notary, clock, tmp_path / "keystore", every_s=0.05)


def test_entries_are_signed_as_they_come_and_once_more_at_the_end(
    engine: Engine, trail: AuditTrail, notary: Notary, keeper: HeadKeeper, tmp_path: Path
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


def test_what_keeps_a_head_from_being_signed_is_logged_once(keeper: HeadKeeper) -> None:
    with capture_logs() as logs:  # there is no folder to write to
        assert [keeper.keep(), keeper.keep()] == [False, False]

    assert [(line["event"], line["rule"]) for line in logs] == [("audit.head_not_signed", "vault.keystore")]
