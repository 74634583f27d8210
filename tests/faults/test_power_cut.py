"""SIGKILL of everything at random moments of a deployment's life, then a start: nothing lost or doubled, all due goes.

A killed process leaves what the operating system has taken from it; what a disk loses of that at a real power cut isn't
tried here (docs/reliability.md).
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlmodel import select

from lfr_core.custody.vault.port import KeyKind
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertAnswerRow
from tests.support.databases import forkserver
from tests.support.deployment_life import CLOSED, Life, live
from tests.support.faults import Account
from tests.support.records import alerts_of
from tests.support.retention import DAY_S
from tests.support.street_log import judge_log
from tests.support.tiers import leave_to_long

CUTS = (4, 10)
"""A life of which so many are cut short: in `make test`, and in `make faults` and `make test-long`."""
LONGEST_S = 0.8
"""Until a cut: the whole life takes some five times as long where nothing else runs."""


@pytest.mark.fault("power cut")
@pytest.mark.parametrize("cuts", leave_to_long(CUTS, but=[CUTS[0]]))
def test_power_cuts_in_a_deployment_s_life_lose_and_double_nothing_and_everything_due_goes(
    sqlite_url: str, tmp_path: Path, fault_seed: int, account: Account, cuts: int
) -> None:
    chance = random.Random(fault_seed)
    cut = _live(sqlite_url, tmp_path, fault_seed, CLOSED, [chance.uniform(0.05, LONGEST_S) for _ in range(cuts - 2)])
    life = Life(sqlite_url, tmp_path, fault_seed)

    lost = judge_log(life.engine, life.log(), account)
    alerts = alerts_of(life.engine, "dep")
    assert set(lost.values()) == {0}
    assert {alert.decision.judgement for alert in alerts} == {"same"}
    with reading(life.engine) as session:
        assert len(session.exec(select(AlertAnswerRow)).all()) == len(alerts)

    cut += _live(sqlite_url, tmp_path, fault_seed, "purge", [chance.uniform(0.05, LONGEST_S / 2) for _ in range(2)])
    life.clock.advance(32 * DAY_S)
    life.start_vault()
    assert [name for name, there in life.there().items() if there] == []
    assert (
        life.vault.kept(KeyKind.ALERT) == life.vault.kept(KeyKind.FOOTAGE) == life.vault.kept(KeyKind.WATCHLIST) == ()
    )
    assert cut > 0
    life.engine.dispose()


def _live(url: str, home: Path, seed: int, until: str, cuts_s: list[float]) -> int:
    """Live on to that step, killed after each of those seconds; how many kills came before its end."""
    processes, cut = forkserver("tests.support.deployment_life"), 0
    for after_s in cuts_s:
        process = processes.Process(target=live, args=(url, str(home), seed, until))
        process.start()
        process.join(after_s)
        cut += process.is_alive()
        process.kill()
        process.join()
        assert process.exitcode in {0, -9}, "a start after a cut failed; its last words are above"
    process = processes.Process(target=live, args=(url, str(home), seed, until))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    return cut
