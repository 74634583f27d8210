"""Live probe through the whole chain: vault, Kafka, a recogniser, the gallery, the recorder. All real."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import func, select

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.installation import Installation
from lfr_core.deployments.monitoring.store import find_fault, is_green, last_proven_ns, read_answers
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY, LIVE_PROBE_REFERENCE
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.rotated import build_rotated_gallery
from lfr_core.recognition.selftest.face import live_probe_template
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.stream import CameraLatencyRow, CameraSessionRow, StageTimeRow
from streams.broker.traits import read_traits
from streams.broker.users import User
from streams.live_probe import LiveProbeSender
from streams.live_probe_selftest import run_self_test
from tests.support.brokers import RunningBroker
from tests.support.galleries import rebind
from tests.support.milvus import MilvusServer, milvus_server
from tests.support.stream import Stream
from tests.support.worker_processes import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see tests/faults
]


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path / "milvus") as server:
        yield server


@pytest.fixture
def stream(kafka_broker: RunningBroker, milvus: MilvusServer, tmp_path: Path) -> Iterator[Stream]:
    running = Stream.start(tmp_path / "home", kafka_broker, milvus)
    try:
        yield running
    finally:
        running.stop()


def enrol_test_face(stream: Stream, gallery_name: str) -> None:
    engine = build_engine(stream.settings, stream.policy)
    template = live_probe_template(engine)
    assert template is not None
    milvus = MilvusGallery(stream.milvus.uri)
    gallery = build_rotated_gallery(milvus, stream.vault, actor=SystemActor.SELF_TEST, clock=SystemClock())
    gallery.add(gallery_name, engine.contract_id, [Reference(LIVE_PROBE_REFERENCE, LIVE_PROBE_ENTRY, template)])
    rebind(stream.database, "d", gallery, stream.trail)
    milvus.close()


def counted(stream: Stream) -> list[int]:
    """Rows of everything that is counted of frames, faces and alerts."""
    with reading(stream.database) as session:
        tables = (CameraSessionRow, CameraLatencyRow, StageTimeRow, AlertRow)
        return [session.exec(select(func.count()).select_from(table)).one() for table in tables]


def answered(stream: Stream, live_probe: uuid.UUID) -> bool:
    with reading(stream.database) as session:
        return bool(read_answers(session, live_probe))


@pytest.mark.slow
def test_a_proof_and_a_self_test_go_through_the_whole_chain_and_no_count_knows_of_them(stream: Stream) -> None:
    view = stream.deploy("d", live_only=True, attended=False)
    installation = Installation(stream.settings, identity=ProcessIdentity.COMMANDS, policy=stream.policy)
    sender = LiveProbeSender(
        stream.broker.connection(User.WATCH),
        read_traits(stream.settings),
        stream.vault,
        installation.trail,
        stream.database,
        SystemClock(),
    )

    with pytest.raises(Refused, match="no operator attends"):
        sender.send("d")
    enrolled_before = run_self_test(installation, "d", by=SystemActor.LFR)
    enrol_test_face(stream, view.gallery)
    tested = run_self_test(installation, "d", by=SystemActor.LFR)

    assert [line.name for line in enrolled_before.lines if not line.ok] == ["search of the list"]
    assert [line for line in tested.lines if not line.ok] == []
    with reading(stream.database) as session:
        assert last_proven_ns(session, "d") == tested.began_ns

    stream.attend("d")
    before, sent_from_ns = counted(stream), time.time_ns()
    live_probe = sender.send("d")
    wait_until(lambda: answered(stream, live_probe), within_s=20, what="the proof is answered and recorded")

    with reading(stream.database) as session:
        (answer,) = read_answers(session, live_probe)
        assert (is_green(session, live_probe), find_fault(session, live_probe)) == (True, "")
        assert (last_proven_ns(session, "d") or 0) >= sent_from_ns
    assert answer.similarity >= 0.8  # the face that was drawn, sealed, sent, opened, found and searched for
    wait_until(stream.drained, within_s=20, what="everything is recorded")
    assert counted(stream) == before
