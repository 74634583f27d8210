"""The sweep and the clock: it goes on through the hours that summer time takes and gives, and says why after a jump."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.build_sweep import open_sweep
from flows.retention_lag import purge_trouble
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.retention.last_purge import Purger, read_ended
from tests.support.milvus import free_port
from tests.support.retention import HOUR_S, RetentionHarness
from tests.support.vault_core import TwoClocks
from tests.support.vault_server import serving_vault

CHANGES = {
    "autumn": "GMT0BST-1,J82/1,J328/12:50",
    "spring": "GMT0BST-1,J328/11:50,J364",
}
"""Local times whose clocks change at 11:50 UTC on 24 November, ten minutes before the alert of the test is due."""


@pytest.fixture(params=CHANGES)
def clocks_change(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process's local time changes between an alert and its end."""
    monkeypatch.setenv("TZ", CHANGES[request.param])
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.fault("clock jumps, and the autumn hour")
@pytest.mark.usefixtures("clocks_change")
def test_when_summer_time_begins_or_ends_each_thing_goes_at_its_time_and_no_sweep_stands_still(
    harness: RetentionHarness,
) -> None:
    harness.alert()
    harness.clock.advance(22 * HOUR_S)
    offsets, went = set[object](), list[int]()
    for minute in range(-120, 70, 10):
        offsets.add(utc_from_ns(harness.clock.time_ns()).astimezone().utcoffset())
        assert harness.vault.trusted_now_ns() == harness.clock.time_ns()
        reports = harness.sweep()
        assert [report.error for report in reports.values() if report.error] == []
        went += [minute] if reports["alerts"].destroyed else []
        harness.clock.advance(600)

    assert len(offsets) == 2
    assert went == [0]


@contextmanager
def sweeping(settings: Settings, clock: TwoClocks) -> Iterator[None]:
    with Installation(settings, identity=ProcessIdentity.PURGE, clock=clock) as installation:
        with open_sweep(installation, by=Purger.SUPERVISOR) as sweep:
            sweep.run_all()
        yield


@pytest.mark.fault("clock jumps, and the autumn hour")
@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
def test_after_a_jump_nothing_is_purged_it_is_said_why_and_a_right_clock_and_a_new_vault_mend_it(
    tmp_path: Path, hours: int
) -> None:
    settings = Settings(home=tmp_path / "home", kafka_port=free_port(), milvus_port=free_port(), broker="kafka")
    clock = TwoClocks(time.time_ns())
    old = settings.home / "tmp" / "face.jpg"
    with serving_vault(settings, clock=clock):
        with sweeping(settings, clock):
            pass
        first = read_ended(settings.home)
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_bytes(b"face")
        clock.advance(60)
        clock.step(hours * (HOUR_S + 60))
        with pytest.raises(Refused, match="jumped"), sweeping(settings, clock):
            pass
        told = purge_trouble(settings.home)
        assert f"the supervisor tried): the wall clock jumped by {hours * (HOUR_S + 60):+.1f} s" in told
        assert "restart the vault" in told
        assert (old.exists(), read_ended(settings.home)) == (True, first)

    if hours < 0:
        behind = pytest.raises(Refused, match="set the clock right")
        with serving_vault(settings, clock=clock), behind, sweeping(settings, clock):
            pass
        clock.step(HOUR_S + 60)
    with serving_vault(settings, clock=clock), sweeping(settings, clock):
        pass

    assert old.exists() is (hours < 0)  # an hour old by the clock that is ahead
    assert "no purge was begun" not in purge_trouble(settings.home)
