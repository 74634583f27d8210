"""What the broker may do to the order and the number of messages changes no count and no alert: in process, quickly.

The same faults on a real broker with real workers: `test_groups.py` beside it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from lfr_core.alerts.recorder import Recorder
from lfr_core.domain.messages import OutcomeBatch, Sighting
from lfr_core.storage.engine import open_engine
from tests.support.faults import Account
from tests.support.records import NOW_NS, ManualClock, entry, live_deployment, recorder_of
from tests.support.street_log import ENTRIES, Messages, StreetLog, judge_log, record

CHUNK = 12
HOUR_S = 3_600


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    live_deployment(engine, entries=tuple(entry(each) for each in ENTRIES))
    yield engine
    engine.dispose()


def recorder(engine: Engine) -> Recorder:
    return recorder_of(engine, ManualClock())


@pytest.mark.fault("every message twice")
def test_every_message_twice_at_once_or_later_in_any_batches_counts_once(
    engine: Engine, fault_seed: int, account: Account
) -> None:
    chance = random.Random(fault_seed)
    log, writer = StreetLog(chance), recorder(engine)
    for messages in log.partitions.values():
        again: list[Messages] = []
        for chunk in _chunks(messages, chance):
            record(writer, chunk + chunk)
            again.append(chunk)
            while len(again) > chance.randint(0, 4):
                record(writer, again.pop(0))
        for chunk in again:
            record(writer, chunk)

    assert set(judge_log(engine, log, account).values()) == {0}


@pytest.mark.fault("offsets reset or out of range")
def test_offsets_set_back_to_any_place_any_number_of_times_double_nothing(
    engine: Engine, fault_seed: int, account: Account
) -> None:
    chance = random.Random(fault_seed)
    log, writer = StreetLog(chance), recorder(engine)
    for messages in log.partitions.values():
        at = resets = 0
        while at < len(messages):
            record(writer, messages[at : at + CHUNK])
            at += CHUNK
            if resets < 4 and chance.random() < 0.2:
                at, resets = chance.randrange(at) if resets else 0, resets + 1

    assert set(judge_log(engine, log, account).values()) == {0}


@pytest.mark.fault("offsets reset or out of range")
def test_records_that_are_gone_before_they_are_read_are_counted_as_lost(
    engine: Engine, fault_seed: int, account: Account
) -> None:
    chance = random.Random(fault_seed)
    log, writer = StreetLog(chance), recorder(engine)
    for messages in log.partitions.values():
        seen = [each for each in messages if isinstance(each, Sighting)]
        counted = [each for each in messages if isinstance(each, OutcomeBatch)]
        left: list[OutcomeBatch | Sighting] = [*seen, *(e for e in counted if e.ended or chance.random() < 0.7)]
        record(writer, tuple(left))

    assert all(lost > 0 for lost in judge_log(engine, log, account).values())


@pytest.mark.fault("rebalance storm")
def test_two_recorders_that_both_believe_a_partition_is_theirs_count_each_frame_once_and_open_each_alert_once(
    engine: Engine, fault_seed: int, account: Account
) -> None:
    chance = random.Random(fault_seed)
    log, faults = StreetLog(chance), list[BaseException]()
    parts = [_overlapping(messages, chance) for messages in log.partitions.values() for _ in range(2)]

    def work(chunks: list[Messages]) -> None:
        try:
            writer = recorder(engine)
            for chunk in chunks:
                record(writer, chunk)
        except BaseException as error:  # noqa: BLE001  told to the test
            faults.append(error)

    threads = [threading.Thread(target=work, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert set(judge_log(engine, log, account).values()) == {0}


@pytest.mark.fault("recogniser stopped by SIGSTOP")
def test_what_a_recogniser_sends_after_its_stop_when_another_has_done_its_work_changes_nothing(
    engine: Engine, fault_seed: int, account: Account
) -> None:
    chance = random.Random(fault_seed)
    log, writer = StreetLog(chance), recorder(engine)
    for messages in log.partitions.values():
        stopped = chance.randrange(len(messages) // 2)
        in_hand = messages[stopped : stopped + CHUNK]  # looked at, and not sent when it was stopped
        record(writer, messages[:stopped])
        for chunk in _chunks(messages[stopped:], chance):
            record(writer, chunk)
        record(writer, in_hand)

    assert set(judge_log(engine, log, account).values()) == {0}


@pytest.mark.fault("clock jumps, and the autumn hour")
@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
def test_a_camera_whose_clock_jumps_in_mid_stream_loses_and_doubles_nothing(
    engine: Engine, fault_seed: int, jump_s: int, account: Account
) -> None:
    chance = random.Random(fault_seed)
    log, writer = StreetLog(chance), recorder(engine)
    log.with_jump("north", after_s=chance.choice([20, 50]), jump_s=jump_s)
    for messages in log.partitions.values():
        for chunk in _chunks(messages, chance):
            record(writer, chunk)

    assert set(judge_log(engine, log, account, now_ns=NOW_NS).values()) == {0}


def _chunks(messages: Messages, chance: random.Random) -> list[Messages]:
    chunks, at = list[Messages](), 0
    while at < len(messages):
        size = chance.randint(1, 2 * CHUNK)
        chunks.append(messages[at : at + size])
        at += size
    return chunks


def _overlapping(messages: Messages, chance: random.Random) -> list[Messages]:
    """The whole partition in order, some of it twice."""
    chunks = list[Messages]()
    for chunk in _chunks(messages, chance):
        chunks += [chunk] * chance.choice([1, 1, 2])
    return chunks
