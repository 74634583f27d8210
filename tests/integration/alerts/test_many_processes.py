"""Eight processes write to one database at once, told the same things in different splits."""

from __future__ import annotations

import random
import time

import pytest

from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.custody.vault.watchlist_key import make_list_key
from lfr_core.domain.messages import OutcomeBatch, Sighting
from lfr_core.domain.outcomes import FrameCounts
from lfr_core.storage.engine import open_engine
from tests.support.databases import forkserver
from tests.support.records import NOW_NS, alerts_of, entry, live_deployment, outcomes, recorder_of, sighting
from tests.support.vaults import vault_of

PROCESSES = 8
SHOTS = 10
CAMERAS = ("north", "south", "east")
FRAMES = 30
ENTRIES = ("entry-1", "entry-2")


def everything() -> tuple[list[Sighting], list[OutcomeBatch]]:
    """Per camera and entry one pass of some shots; per camera 30 frames, each third one looked at."""
    sightings = [
        sighting(shot * 0.2, camera=camera, entry=name, face=face)
        for camera in CAMERAS
        for face, name in enumerate(ENTRIES)
        for shot in range(SHOTS)
    ]
    batches = [outcomes((i, 2 * (i // 3), 0), camera=camera) for camera in CAMERAS for i in range(0, FRAMES, 3)]
    batches += [
        outcomes(captured=FRAMES, not_sampled=FRAMES * 2 // 3, dropped=0, camera=c, ended=True) for c in CAMERAS
    ]
    return sightings, batches


def write(url: str, seed: int, start: float) -> None:
    """One process: the sightings in an order of its own, the outcomes in theirs, in splits of its own."""
    rng = random.Random(seed)
    engine = open_engine(url)
    make_list_key(vault_of(engine), "dep", now_ns=NOW_NS)  # derived from a seed: the same in every process
    recorder = recorder_of(engine, SystemClock())
    sightings, batches = everything()
    rng.shuffle(sightings)
    time.sleep(max(0.0, start - time.time()))
    while sightings or batches:
        taken, reported = sightings[: rng.randint(1, 9)], batches[: rng.randint(1, 9)]
        try:
            assert recorder.record_sightings(taken).failures == ()
            assert recorder.record_outcomes(reported).failures == ()
        except Retryable:
            continue  # the same again: nothing may be doubled by it
        del sightings[: len(taken)], batches[: len(reported)]
    engine.dispose()


@pytest.mark.slow
def test_eight_processes_at_once_open_one_alert_a_pass_and_count_each_frame_once(database_url: str) -> None:
    engine = open_engine(database_url)
    live_deployment(engine, entries=tuple(entry(name) for name in ENTRIES))
    context = forkserver(__name__)
    start = time.time() + 2.0
    workers = [context.Process(target=write, args=(database_url, seed, start)) for seed in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)

    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    found = sorted((a.camera, a.entry, a.sightings) for a in alerts_of(engine, "dep"))
    assert found == sorted((camera, name, SHOTS) for camera in CAMERAS for name in ENTRIES)
    counts = read.counts(engine, "dep").frames
    assert counts.balanced
    third = FRAMES // 3
    assert counts == FrameCounts(captured=3 * FRAMES, not_sampled=3 * 2 * third, recognised=3 * third)
    engine.dispose()
