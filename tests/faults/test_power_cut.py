"""SIGKILL of everything at random moments of a deployment's life, then a start: nothing lost or doubled, all due goes.

A killed process leaves what the operating system has taken from it; what a disk loses of that at a real power cut isn't
tried here (docs/reliability.md).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select

from lfr_core.alerts import read
from lfr_core.custody.vault.port import KeyKind
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertAnswerRow
from tests.support.brokers import new_kafka
from tests.support.databases import forkserver
from tests.support.deployment_life import CLOSED, Life, live
from tests.support.faults import Account
from tests.support.milvus import MilvusServer
from tests.support.oracle import Tally
from tests.support.playing import playing, recognised
from tests.support.recordings import Walk, write_walks
from tests.support.records import alerts_of
from tests.support.retention import DAY_S
from tests.support.stream import Stream
from tests.support.street_log import judge_log
from tests.support.tiers import leave_to_long
from tests.support.worker_processes import environment_of, wait_until

CUTS = (4, 10)
"""A life of which so many are cut short: in `make test`, and in `make faults` and `make test-long`."""
LONGEST_S = 0.8
"""Until a cut: the whole life takes five times as long on one machine, and less than that on another."""


@pytest.mark.fault("power cut")
@pytest.mark.parametrize("cuts", leave_to_long(CUTS, but=[CUTS[0]]))
def test_power_cuts_in_a_deployment_s_life_lose_and_double_nothing_and_everything_due_goes(
    sqlite_url: str, tmp_path: Path, fault_seed: int, account: Account, cuts: int
) -> None:
    chance = random.Random(fault_seed)
    cut = _live(sqlite_url, tmp_path, fault_seed, CLOSED, _moments(chance, cuts - 2))
    life = Life(sqlite_url, tmp_path, fault_seed)

    lost = judge_log(life.engine, life.log(), account)
    alerts = alerts_of(life.engine, "dep")
    assert set(lost.values()) == {0}
    assert {alert.decision.judgement for alert in alerts} == {"same"}
    with reading(life.engine) as session:
        assert len(session.exec(select(AlertAnswerRow)).all()) == len(alerts)

    cut += _live(sqlite_url, tmp_path, fault_seed, "purge", _moments(chance, 2))
    life.clock.advance(32 * DAY_S)
    life.start_vault()
    assert [name for name, there in life.there().items() if there] == []
    assert (
        life.vault.kept(KeyKind.ALERT) == life.vault.kept(KeyKind.FOOTAGE) == life.vault.kept(KeyKind.WATCHLIST) == ()
    )
    assert cut > 0
    life.engine.dispose()


def _moments(chance: random.Random, count: int) -> list[float]:
    """Seconds until each cut: every second one soon, so that a machine that lives a life in no time is cut off too."""
    return [chance.uniform(0.05, LONGEST_S / (1 if number % 2 else 4)) for number in range(count)]


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


WALK = Walk("obama2", 8)
REAL_CUTS = 2


@pytest.fixture
def stream(tmp_path: Path, kafka_libs: Path) -> Iterator[Stream]:
    broker, milvus = new_kafka(tmp_path / "broker", kafka_libs), MilvusServer(tmp_path / "milvus")
    try:
        broker.start()
        milvus.start()
        started = Stream.start(tmp_path / "home", broker, milvus)
        try:
            yield started
        finally:
            started.stop()
    finally:
        broker.stop()
        milvus.stop()


@pytest.mark.fault("power cut")
@pytest.mark.kafka
@pytest.mark.models
@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning")  # kafka-python's, see conftest.py
def test_with_everything_killed_at_once_while_it_recognises_no_alert_is_lost_and_the_list_goes_at_the_close(
    stream: Stream, tmp_path: Path, fault_seed: int, account: Account
) -> None:
    chance, kept, lost = random.Random(fault_seed), set[str](), 0
    write_walks(tmp_path / "walk.avi", [WALK])
    stream.deploy("cut")
    for number in range(REAL_CUTS):
        camera = _camera(stream, tmp_path / "walk.avi", f"cam-{number}")
        try:
            before = recognised(stream, "cut")
            wait_until(lambda: recognised(stream, "cut") > before + 3, within_s=180, what="recognition goes on")  # noqa: B023  waited for here
            time.sleep(chance.uniform(0, WALK.seconds / 2))
            kept |= {str(alert.id) for alert in alerts_of(stream.database, "cut")}
        finally:
            _cut_power(stream, camera)
        _switch_on(stream)
        lost += len(kept - {str(alert.id) for alert in alerts_of(stream.database, "cut")})
    with playing(stream, tmp_path / "walk.avi", "cut", media_time=True, camera="cam-last") as last:
        report = last.finish(300)
    wait_until(stream.drained, within_s=180, what="every record processed")

    counts = {each.camera: each.counts for each in read.cameras(stream.database, "cut", now_ns=time.time_ns())}
    alerts = alerts_of(stream.database, "cut")
    doubled = sum(_doubled([a.first_ns for a in alerts if a.camera == camera], stream) for camera in counts)
    account.add(Tally(sum(each.captured for each in counts.values()), lost, doubled))
    assert (lost, doubled) == (0, 0)
    assert {camera: each.balanced for camera, each in counts.items()} == dict.fromkeys(counts, True)
    assert (counts["cam-last"].captured, report.captured) == (WALK.frames, WALK.frames)
    assert [alert.subject for alert in alerts if alert.camera == "cam-last"] == ["obama"]

    stream.deployments.close("cut")
    done = subprocess.run(
        [sys.executable, "-m", "apps.cli", "retention", "run"],
        env=os.environ | environment_of(stream.settings), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    gallery = MilvusGallery(stream.milvus.uri)
    assert (gallery.names(), stream.vault.kept(KeyKind.WATCHLIST)) == ([], ()), done.stderr
    gallery.close()


def _camera(stream: Stream, source: Path, name: str) -> subprocess.Popen[bytes]:
    """One that plays on and waits for workers: on a busy machine all of a live one's frames would be too late."""
    command = [sys.executable, "-m", "apps.cli", "camera", "run", "--source", str(source)]
    command += ["--loop", "--as-fast-as-possible"]
    with (stream.settings.home / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--deployment", "cut", "--name", name],
            env=os.environ | environment_of(stream.settings), stdout=log, stderr=log,
        )  # fmt: skip


def _cut_power(stream: Stream, camera: subprocess.Popen[bytes]) -> None:
    """SIGKILL to all, and only then wait for each."""
    vault = stream.vault_process
    processes = [camera, *(worker.process for worker in stream.workers), vault]
    for process in processes:
        if process is not None:
            process.kill()
    stream.broker.kill()
    stream.milvus.kill()
    for worker in stream.workers:
        worker.end(signal.SIGKILL)
    stream.stop_vault(signal.SIGKILL)
    camera.wait()


def _switch_on(stream: Stream) -> None:
    stream.broker.start()
    stream.milvus.start()
    stream.start_vault()
    for worker in stream.workers:
        worker.start()
    for worker in stream.workers:
        worker.wait_ready()


def _doubled(times_ns: list[int], stream: Stream) -> int:
    """Alerts of one camera that begin within the time of the one before."""
    merge_ns = stream.policy.alerts.merge_s * 1e9
    return sum(later - before <= merge_ns for before, later in pairwise(sorted(times_ns)))
