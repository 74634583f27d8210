"""Somebody who reaches Milvus puts a person in, under an entry of the list, while it runs: no alert comes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.watch.process import build_watch
from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.custody.installation import Installation
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.messages import NOT_LISTED
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.rotated import build_rotated_gallery
from tests.support.brokers import RunningBroker
from tests.support.milvus import MilvusServer
from tests.support.playing import playing
from tests.support.recordings import Walk, write_walks
from tests.support.records import alerts_of
from tests.support.samples import require_image
from tests.support.stream import Stream
from tests.support.worker_processes import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]


@pytest.fixture
def stream(tmp_path: Path, kafka_broker: RunningBroker) -> Iterator[Stream]:
    milvus = MilvusServer(tmp_path / "milvus").start()
    try:
        started = Stream.start(tmp_path / "home", kafka_broker, milvus)
        try:
            yield started
        finally:
            started.stop()
    finally:
        milvus.stop()


@pytest.mark.fault("gallery emptied, altered, swapped")
@pytest.mark.slow
def test_a_person_slipped_into_the_gallery_raises_no_alert_is_told_of_and_suspends(
    stream: Stream, tmp_path: Path
) -> None:
    write_walks(tmp_path / "listed.avi", [Walk("obama2", 4)])
    write_walks(tmp_path / "stranger.avi", [Walk("biden", 4)])
    view = stream.deploy("dep")
    with playing(stream, tmp_path / "listed.avi", "dep", media_time=True, camera="north") as camera:
        camera.finish(120)
    wait_until(stream.drained, within_s=60, what="the listed person was recorded")
    before = alerts_of(stream.database, view.id)
    assert [alert.subject for alert in before] == ["obama"]

    _slip_in(stream, "biden", entry=before[0].entry)
    with playing(stream, tmp_path / "stranger.avi", "dep", media_time=True, camera="south") as camera:
        report = camera.finish(120)
    wait_until(stream.drained, within_s=60, what="the stranger's frames were processed")

    assert alerts_of(stream.database, view.id) == before
    letters = [each for each in read.dead_letters(stream.database) if each.camera == "south"]
    assert {each.error for each in letters} <= {NOT_LISTED}  # none, where the recogniser has its copy of the list
    (south,) = (each for each in read.cameras(stream.database, "dep", now_ns=time.time_ns()) if each.camera == "south")
    assert south.counts.captured == report.captured
    with Installation(stream.settings, identity=ProcessIdentity.WATCH) as installation:
        build_watch(installation).tick()
    found = DeploymentReader(stream.database).find("dep")
    assert found is not None
    assert found.status is DeploymentStatus.SUSPENDED


def _slip_in(stream: Stream, photo: str, *, entry: str) -> None:
    """Put somebody's real template, turned as the deployment's are, under an entry that is on the list."""
    engine = build_engine(stream.settings, stream.policy)
    image = require_image(photo)
    face = engine.describe(image, engine.detect([image])[0][0])
    milvus = MilvusGallery(stream.milvus.uri)
    (name,) = milvus.names()
    gallery = build_rotated_gallery(milvus, stream.vault, actor=SystemActor.ENROLMENT, clock=SystemClock())
    gallery.add(name, engine.contract_id, [Reference("slipped-in", entry, engine.embed([face.aligned])[0])])
    milvus.close()
