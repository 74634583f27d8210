"""Frames that are not looked at: dead-lettered, stale, closed, unopenable; each is counted."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from lfr_core.common.errors import Fatal
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.recognition.batch import RawFrame
from tests.support.recognise_bench import POLICY, Bench, outcomes, walk

pytestmark = pytest.mark.models

_FILE = io.BytesIO()
Image.new("1", (10_000, 10_000)).save(_FILE, "png")
HUGE = _FILE.getvalue()  # 100 megapixels in 14 kB
NOTHING = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(4) + bytes([0, 0, 0, 9, 8, 2, 0, 0, 0]) + bytes(20)
"""A PNG that says it is 0 x 9."""


def test_a_frame_for_an_unknown_deployment_is_dead_lettered_and_counted() -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, walk("biden")[0], deployment="another")])

    assert (outcomes(done.outcomes), len(done.dead)) == ([FrameOutcome.DEAD_LETTERED], 1)
    assert "another" in done.dead[0].reason


@pytest.mark.parametrize("status", [DeploymentStatus.ENDED, DeploymentStatus.READY, DeploymentStatus.DRAFT])
def test_nothing_is_opened_while_the_deployment_is_not_live(status: DeploymentStatus) -> None:
    bench = Bench()
    bench.directory.view = replace(bench.directory.view, status=status)

    done = bench.run(bench.frames(walk("obama2")))

    assert (set(outcomes(done.outcomes)), done.sightings) == ({FrameOutcome.DROPPED_CLOSED}, [])


def test_a_deployment_that_closes_between_looking_and_matching_gives_no_sighting() -> None:
    bench = Bench()
    looked = bench.recogniser.detect(bench.frames(walk("obama2")))
    bench.directory.view = replace(bench.directory.view, status=DeploymentStatus.ENDED)

    done = bench.recogniser.match(looked)

    assert done.sightings == []
    assert FrameOutcome.DROPPED_CLOSED in outcomes(done.outcomes)


def test_a_live_frame_older_than_the_policy_is_dropped_and_counted() -> None:
    bench = Bench(live_only=True)
    bench.time.now_ns += int((POLICY.live.frame_max_age_s + 0.1) * 1e9)

    done = bench.run([bench.frame(0, walk("biden")[0])])

    assert outcomes(done.outcomes) == [FrameOutcome.DROPPED_STALE]


def test_a_frame_under_an_unknown_key_is_unopenable() -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, walk("biden")[0], key_id="epoch-7")])

    assert outcomes(done.outcomes) == [FrameOutcome.UNOPENABLE]


@pytest.mark.parametrize("payload", [b"", b"not an image", b"\xff\xd8\xff\xe0 no more than a beginning", HUGE, NOTHING])
def test_a_payload_that_is_no_image_is_dead_lettered_without_its_bytes(payload: bytes) -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, payload)])

    assert outcomes(done.outcomes) == [FrameOutcome.DEAD_LETTERED]
    assert set(done.dead[0].model_dump()) == {
        "schema_version", "topic", "partition", "offset", "camera", "error", "reason", "at_ns", "count",
    }  # fmt: skip


def test_a_truncated_jpeg_is_dead_lettered_and_the_frames_around_it_are_recognised() -> None:
    bench = Bench()
    jpegs = list(walk("obama2"))
    jpegs[3] = jpegs[3][: len(jpegs[3]) // 2]

    done = bench.run(bench.frames(jpegs))

    assert outcomes(done.outcomes).count(FrameOutcome.RECOGNISED) == 7
    assert outcomes(done.outcomes)[3] is FrameOutcome.DEAD_LETTERED
    assert done.sightings != []


def test_an_unknown_schema_version_is_dead_lettered_and_still_counted_on_its_camera() -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, walk("biden")[0], schema_version=99)])

    assert (outcomes(done.outcomes), "99" in done.dead[0].reason) == ([FrameOutcome.DEAD_LETTERED], True)


def test_headers_that_cannot_be_read_are_dead_lettered() -> None:
    done = Bench().run([RawFrame({"schema": b"1"}, b"", "cam", "lfr.frames", 0, 5)])

    assert (done.outcomes, done.dead[0].offset) == ([], 5)


def test_a_gallery_of_another_embedding_contract_stops_the_worker() -> None:
    bench = Bench()
    bench.directory.view = replace(bench.directory.view, contract_id="another")

    with pytest.raises(Fatal, match="contract"):
        bench.run(bench.frames(walk("biden", looks=1)))
