"""What a live deployment lacks of canaries it gets: what a sweep injects, and the frame once a camera has sent it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.erasure_tasks import inject_missing_canaries
from lfr_core.common.errors import Retryable
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.deployments import DeploymentView
from lfr_core.retention.erasure.canary import CanaryFile, CanaryKind
from lfr_core.retention.erasure.places import canary_folder
from tests.support.brokers import RunningBroker
from tests.support.erasure_harness import POLICY, ErasureHarness
from tests.support.filming import filming
from tests.support.milvus import MilvusServer
from tests.support.vault_core import TwoClocks
from tests.support.worker_processes import wait_until

pytestmark = pytest.mark.kafka

ALL = dict.fromkeys(CanaryKind, 1)


@pytest.fixture
def harness(tmp_path: Path, kafka_broker: RunningBroker) -> Iterator[ErasureHarness]:
    milvus = MilvusServer(tmp_path / "milvus").start()
    harness = ErasureHarness(tmp_path, milvus, kafka_broker)
    yield harness
    harness.close()
    milvus.kill()


def injected(harness: ErasureHarness, view: DeploymentView) -> dict[CanaryKind, int]:
    return Counter(one.kind for one in CanaryFile(canary_folder(harness.settings), view.id).read())


def test_a_sweep_injects_all_but_the_frame_which_is_collected_once_a_camera_has_sent_it(
    harness: ErasureHarness,
) -> None:
    view = harness.live("lacking")
    installation = Installation(harness.settings, identity=ProcessIdentity.FLOWS, policy=POLICY, clock=harness.clock)
    installation.__dict__["vault"] = harness.vault  # in this process: it has the harness's clock
    with installation:
        with harness.recording():
            assert inject_missing_canaries(installation) == (view.id,)
        assert injected(harness, view) == {kind: 1 for kind in CanaryKind if kind is not CanaryKind.FRAME}
        assert inject_missing_canaries(installation) == ()
        assert inject_missing_canaries(installation, planned_only=True) == ()  # no camera runs

        with filming(harness.broker, harness.vault, harness.clock, view.id):
            wait_until(
                lambda: inject_missing_canaries(installation, planned_only=True) == (view.id,),
                within_s=30,
                what="the camera's canary is collected",
            )
        assert injected(harness, view) == ALL
        assert inject_missing_canaries(installation, planned_only=True) == ()  # and none is asked for: it has one

        harness.vault.collect_canary(view.id)  # as the vault does of itself from time to time
        with filming(harness.broker, harness.vault, harness.clock, view.id):
            wait_until(
                lambda: inject_missing_canaries(installation, planned_only=True) == (view.id,),
                within_s=30,
                what="a later canary is collected too",
            )
        assert injected(harness, view) == ALL | {CanaryKind.FRAME: 2}
        del installation.__dict__["vault"]


def test_who_waits_for_a_frame_where_no_camera_runs_is_told(harness: ErasureHarness) -> None:
    view = harness.live("without")
    clock = TwoClocks(harness.clock.time_ns())
    streams = replace(harness.canaries(), clock=clock, sleep=lambda _: clock.advance(5.0))

    with pytest.raises(Retryable, match="no camera of without has sent a canary within 20 s"):
        streams.inject_frame(view.id)
