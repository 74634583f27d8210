"""The writer at the camera: sealed, counted, and never in the camera's way."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from lfr_core.common.errors import Retryable
from lfr_core.custody.vault.port import KeptKey, KeyKind
from lfr_core.retention.footage.register import segments
from lfr_core.retention.footage.segment import index_segment, open_record
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.disks import fill, small_disk
from tests.support.footage import FootageHarness, jpeg
from tests.support.overwriting import overwriting


def wait_until(so: object) -> None:
    deadline = time.monotonic() + 20
    while not so():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_segment_begins_every_segment_s_with_a_key_of_its_own_and_a_row(harness: FootageHarness) -> None:
    found = harness.record(75, frames_per_second=2)

    assert [each.frames for each in found] == [60, 60, 30]
    assert [(each.ended_ns or 0) - each.started_ns for each in found] == [
        29_500_000_000,
        29_500_000_000,
        14_500_000_000,
    ]
    assert len({each.key_fingerprint for each in found}) == 3
    assert {each.due_ns - each.started_ns for each in found} == {31 * 86_400 * 10**9}
    assert {info.subject: info.due_ns for info in harness.vault.kept(KeyKind.FOOTAGE)} == {
        each.id: each.due_ns for each in found
    }
    assert [harness.file(each).stat().st_size for each in found] == [each.bytes for each in found]


def test_each_frame_opens_under_its_segment_s_key_and_none_lies_there_in_the_clear(harness: FootageHarness) -> None:
    frames = []
    for segment in harness.record(40):
        file = harness.file(segment)
        index = index_segment(file)
        key = harness.vault.open_kept(segment.key_id, actor="DC Ask", purpose="test").key
        with file.open("rb") as stream:
            frames += [open_record(stream, index, record, key) for record in index.records]
        assert b"IN-THE-CLEAR" not in file.read_bytes()

    assert frames == [jpeg(number) for number in range(40)]


def test_a_clock_set_back_begins_a_new_segment(harness: FootageHarness) -> None:
    with harness.writer() as writer:
        writer.offer(harness.clock.now_ns, jpeg(0))
        writer.offer(harness.clock.now_ns - 3_600 * 10**9, jpeg(1))

    assert [each.frames for each in segments(harness.engine)] == [1, 1]


def test_a_camera_that_falls_silent_closes_its_segment(harness: FootageHarness) -> None:
    with harness.writer() as writer:
        writer.offer(harness.clock.now_ns, jpeg(0))
        wait_until(lambda: writer.kept)
        harness.clock.advance(31)

        wait_until(lambda: segments(harness.engine)[0].ended_ns is not None)


def test_with_the_vault_away_there_is_a_gap_that_is_counted_and_nothing_on_the_disk(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def away(*_: object, **__: object) -> KeptKey:
        asked.append(1)
        raise Retryable("the vault is away")

    with capture_logs() as logs, harness.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr(harness.vault, "make_key", away)
            for number in range(40):
                writer.offer(harness.clock.now_ns, jpeg(number))
                wait_until(lambda: writer.missed == number + 1)  # noqa: B023  called at once
            assert list(harness.home.glob("footage/*")) == []
            assert len(asked) == 1  # no storm: the next try is seconds away
        harness.clock.advance(6)
        writer.offer(harness.clock.now_ns, jpeg(99))

    (segment,) = segments(harness.engine)
    assert (segment.frames, segment.missed, writer.kept, writer.missed) == (1, 40, 1, 40)
    assert len([each for each in logs if each["event"] == "footage.gap"]) == 1
    assert len([each for each in logs if each["event"] == "footage.resumed"]) == 1


def test_a_key_whose_answer_was_lost_is_not_asked_for_again_and_footage_goes_on(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key = harness.vault.make_key

    def lost(*asked: Any, **named: Any) -> KeptKey:
        make_key(*asked, **named)
        raise Retryable("the vault's answer didn't come")

    with harness.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr(harness.vault, "make_key", lost)
            writer.offer(harness.clock.now_ns, jpeg(0))
            wait_until(lambda: writer.missed == 1)
        harness.clock.advance(6)
        writer.offer(harness.clock.now_ns, jpeg(1))

    (segment,) = segments(harness.engine)
    (unused,) = [info for info in harness.vault.kept(KeyKind.FOOTAGE) if info.id != segment.key_id]
    assert (segment.frames, writer.kept, writer.missed) == (1, 1, 1)
    assert unused.subject != segment.id


def test_nothing_is_filmed_of_a_deployment_that_is_not_live(harness: FootageHarness) -> None:
    with overwriting(harness.engine) as session:
        session.get_one(DeploymentRow, "dep").status = "suspended"
    with capture_logs() as logs, harness.writer() as writer:
        writer.offer(harness.clock.now_ns, jpeg(0))

    assert (writer.kept, writer.missed, harness.vault.kept(KeyKind.FOOTAGE)) == (0, 1, ())
    assert any("is suspended" in str(each.get("reason")) for each in logs)


def test_a_writer_that_is_stuck_costs_the_camera_no_time(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, make_key, in_vain = threading.Event(), harness.vault.make_key, []

    def slow(*asked: Any, **named: Any) -> KeptKey:
        if not free.wait(30):
            in_vain.append("the camera waited for the writer, and never got as far as to free it")
        return make_key(*asked, **named)

    monkeypatch.setattr(harness.vault, "make_key", slow)
    with harness.writer() as writer:
        for number in range(200):
            writer.offer(harness.clock.now_ns, jpeg(number))
        free.set()

    assert in_vain == []
    assert writer.kept + writer.missed == 200
    assert writer.missed >= 180


def test_with_the_records_away_nothing_is_kept_and_the_camera_goes_on(harness: FootageHarness, tmp_path: Path) -> None:
    harness.engine = open_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")  # no tables in it
    with harness.writer() as writer:
        writer.offer(harness.clock.now_ns, jpeg(0))

    assert (writer.kept, writer.missed, list(harness.folder.iterdir())) == (0, 1, [])
    harness.engine.dispose()


def test_no_segment_is_begun_when_the_disk_has_too_little_left(harness: FootageHarness) -> None:
    with harness.writer(min_free_bytes=10**18) as writer:
        writer.offer(harness.clock.now_ns, jpeg(0))

    assert (writer.missed, segments(harness.engine)) == (1, ())


def test_a_full_disk_is_a_gap_and_what_was_written_before_stays_whole(harness: FootageHarness, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        harness.folder = disk / "footage"
        with harness.writer() as writer:
            writer.offer(harness.clock.now_ns, jpeg(0))
            wait_until(lambda: writer.kept)
            filler = fill(disk)
            writer.offer(harness.clock.now_ns + 10**9, jpeg(1, size=200_000))
            wait_until(lambda: writer.missed)
            filler.unlink()
            harness.clock.advance(6)
            writer.offer(harness.clock.now_ns, jpeg(2))
        (segment,) = segments(harness.engine)
        index = index_segment(harness.file(segment))

    assert (segment.frames, segment.missed, len(index.records), index.cut_short_bytes) == (2, 1, 2, 0)


def test_a_segment_that_failed_to_begin_leaves_no_heap_of_rows_and_keys(
    harness: FootageHarness, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with harness.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr("streams.camera.footage.SegmentFile", fails)
            for number in range(5):
                writer.offer(harness.clock.now_ns, jpeg(number))
                wait_until(lambda: writer.missed == number + 1)  # noqa: B023  called at once
                harness.clock.advance(6)
        writer.offer(harness.clock.now_ns, jpeg(9))

    (segment,) = segments(engine)
    assert (segment.frames, len(harness.vault.kept(KeyKind.FOOTAGE))) == (1, 1)
    assert segment.due_ns - segment.started_ns <= 31 * 86_400 * 10**9
