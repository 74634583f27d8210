"""Run by `test_sleep.py` in a machine that sleeps: a live deployment before it and after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.gate_reading import read_gate
from lfr_core.domain.gate import Condition
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.vault import EpochRow
from tests.support.planned_stream import CAMERAS, NAME, looked_at, two_cameras_live
from tests.support.planning import PlanningHarness
from tests.support.records import alerts_of
from tests.support.sleeping import sleep_for
from tests.support.stream import Stream, two_workers
from tests.support.worker_processes import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]

HOURS = 6.0
AT_ONCE_S = 1.5
"""The vault looks every fifth of a second, and writes down what it destroyed as often."""
KEPT_KEYS_WITHIN_S = 12.0
"""It looks every ten seconds for kept keys that are due."""


@pytest.fixture(scope="module")
def stream(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stream]:
    with two_workers(tmp_path_factory.mktemp("asleep"), kafka_libs) as started:
        yield started


@pytest.fixture(scope="module")
def live(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlanningHarness]:
    folder = tmp_path_factory.mktemp("harness")
    with two_cameras_live(stream, folder, hours=HOURS, walker="obama2") as harness:
        yield harness


def shut_because(stream: Stream) -> set[Condition]:
    findings = read_gate(stream.database, NAME, stream.policy, now_ns=time.time_ns())
    return {each.condition for each in findings if not each.met}


def epochs_alive(stream: Stream, before_ns: int) -> list[EpochRow]:
    """Epochs that began before a moment and aren't destroyed."""
    with reading(stream.database) as session:
        rows = session.exec(select(EpochRow).where(col(EpochRow.destroyed_ns).is_(None))).all()
    return [row for row in rows if row.started_ns < before_ns]


def wait_until_both_go_on(stream: Stream) -> None:
    before = looked_at(stream)

    def did() -> bool:
        return all(now > then + 2 for now, then in zip(looked_at(stream), before, strict=True))

    wait_until(did, within_s=60, what="both workers recognise")


def balanced(stream: Stream) -> list[bool]:
    return [each.counts.balanced for each in read.cameras(stream.database, NAME, now_ns=time.time_ns())]


def test_after_two_hours_asleep_every_key_of_before_is_gone_at_once_and_nobody_is_recognised_until_all_is_proven_anew(
    stream: Stream, live: PlanningHarness
) -> None:
    wait_until_both_go_on(stream)
    lent = stream.vault.seal_key(NAME, CAMERAS[0])
    slept_at_ns = time.time_ns()

    sleep_for(2 * 3_600)
    woken = time.monotonic()
    with pytest.raises(Refused) as refused:
        stream.vault.open_key(lent.id)
    wait_until(lambda: not epochs_alive(stream, slept_at_ns), within_s=5, what="all keys of before are destroyed")
    took_s = time.monotonic() - woken
    unproven = {Condition.PROVEN, Condition.GALLERY_UNCHANGED}  # its hours go on; who attends says so within seconds
    wait_until(lambda: shut_because(stream) == unproven, within_s=20, what="nothing is missing but what is proven anew")
    wait_until(stream.drained, within_s=60, what="every record of before processed")
    seen = looked_at(stream)
    time.sleep(2.0)

    assert refused.value.rule == "vault.key-gone"
    assert took_s < AT_ONCE_S
    assert looked_at(stream) == seen
    live.compare(NAME)
    live.prove(NAME)
    wait_until_both_go_on(stream)
    assert SystemClock().time_ns() - slept_at_ns > 2 * 3_600 * 10**9


def test_after_a_day_asleep_its_hours_are_over_and_the_keys_of_its_alerts_are_gone(
    stream: Stream, live: PlanningHarness
) -> None:
    wait_until(lambda: len(alerts_of(stream.database, NAME)) > 0, within_s=60, what="an alert")
    assert stream.vault.kept(KeyKind.ALERT, NAME)

    sleep_for(25 * 3_600)
    woken = time.monotonic()
    wait_until(
        lambda: not stream.vault.kept(KeyKind.ALERT, NAME), within_s=60, what="the keys of the alerts are destroyed"
    )
    took_s = time.monotonic() - woken
    live.compare(NAME)
    live.prove(NAME)
    wait_until(stream.drained, within_s=60, what="every record of before processed")
    seen, shut = looked_at(stream), shut_because(stream)
    time.sleep(3.0)

    assert took_s < KEPT_KEYS_WITHIN_S
    assert shut >= {Condition.WITHIN_HOURS, Condition.LIST_FRESH}
    assert not shut & {Condition.PROVEN, Condition.GALLERY_UNCHANGED, Condition.LIVE}, shut
    assert looked_at(stream) == seen
    wait_until(stream.drained, within_s=60, what="every record processed")
    assert balanced(stream) == [True, True]
