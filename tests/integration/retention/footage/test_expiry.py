"""The end of footage: due, not held, once, and whatever happens on the way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import DestroyedKey, ErasureRule, KeyKind
from lfr_core.retention.footage.expiry import PurgedSegment, expire_segments
from lfr_core.retention.footage.register import find_segments, read_due_segments, segments
from tests.support.disks import fill, small_disk
from tests.support.footage import FootageHarness
from tests.support.people import authenticated


def test_a_held_segment_survives_the_sweep_and_its_neighbour_does_not(harness: FootageHarness) -> None:
    first, second = harness.record(60)
    harness.hold(first)
    harness.after(31.1)

    purged = harness.expire()

    assert [each.id for each in purged] == [second.id]
    assert (harness.file(first).exists(), harness.file(second).exists()) == (True, False)
    assert [info.subject for info in harness.vault.kept(KeyKind.FOOTAGE)] == [first.id]
    assert harness.vault.open_kept(first.key_id, actor="DC Ask", purpose="investigation").key


def test_nothing_goes_before_its_time_and_its_row_stays_afterwards(harness: FootageHarness) -> None:
    (segment,) = harness.record(30)
    harness.after(30.99)
    assert harness.expire() == ()
    harness.after(31.01)

    (purged,) = harness.expire()

    (row,) = segments(harness.engine)
    assert (row.frames, row.started_ns, row.purged_ns) == (30, segment.started_ns, harness.clock.now_ns)
    assert (purged.key_fingerprint, purged.frames, purged.file_found) == (segment.key_fingerprint, 30, True)
    (entry,) = [each for each in harness.audited("erase") if f"footage:{segment.id}" in each.body]
    assert segment.key_fingerprint in entry.body


def test_what_is_released_after_its_time_goes_and_is_due_since_its_release(harness: FootageHarness) -> None:
    (segment,) = harness.record(20)
    hold = harness.hold(segment)
    harness.after(40)
    assert harness.expire() == ()
    assert read_due_segments(harness.engine, harness.clock.now_ns) == ()
    harness.hold_service().release(hold.id, by=authenticated("DC Ask"))

    (due,) = read_due_segments(harness.engine, harness.clock.now_ns)

    assert (due.id, due.since_ns) == (segment.id, harness.clock.now_ns)
    assert [each.id for each in harness.expire()] == [segment.id]


def test_a_second_sweep_has_nothing_left_to_do(harness: FootageHarness) -> None:
    harness.record(60)
    harness.after(32)
    assert len(harness.expire()) == 2
    audited = len(harness.audited("erase"))

    assert harness.expire() == ()
    assert len(harness.audited("erase")) == audited


@pytest.mark.parametrize("step", ["key", "file"])
def test_a_sweep_that_is_killed_half_way_is_finished_by_the_next(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (segment,) = harness.record(20)
    harness.after(32)

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"lfr_core.retention.footage.expiry.{'_remove' if step == 'key' else '_record_purged'}", kill)
        with pytest.raises(Killed):
            harness.expire()
    harness.vault, harness.trail = harness.reopened()
    assert harness.vault.kept(KeyKind.FOOTAGE) == ()
    assert harness.file(segment).exists() == (step == "key")

    (purged,) = harness.expire()

    assert (purged.id, purged.file_found) == (segment.id, step == "key")
    assert not harness.file(segment).exists()


def test_two_sweeps_at_once_make_no_error_and_book_each_segment_once(harness: FootageHarness) -> None:
    wanted = {each.id for each in harness.record(240)}
    harness.after(32)
    begin = threading.Barrier(3)
    done: list[PurgedSegment] = []
    failed: list[BaseException] = []

    def sweep() -> None:
        begin.wait()
        try:
            done.extend(harness.expire())
        except BaseException as error:  # noqa: BLE001  shown by the assertion
            failed.append(error)

    threads = [threading.Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(each.id for each in done) == sorted(wanted)
    assert len([each for each in harness.audited("erase") if '"footage:' in each.body]) == len(wanted)


def test_with_the_keystore_s_disk_full_nothing_is_recorded_and_the_file_makes_free_space(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = harness.record(20)
    harness.after(32)
    full = Refused("vault.keystore", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(harness.core.keystore, "renew", lambda: (_ for _ in ()).throw(full))
        with pytest.raises(Retryable, match="the disk is full"):
            harness.expire()
        assert not harness.file(segment).exists()
        assert segments(harness.engine)[0].purged_ns is None
        assert harness.vault.kept(KeyKind.FOOTAGE) == ()

    assert [each.id for each in harness.expire()] == [segment.id]


def test_what_cant_be_audited_isnt_recorded_as_gone(harness: FootageHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    (segment,) = harness.record(20)
    harness.after(32)

    def refuse(*_: object) -> None:
        raise Retryable("the trail is away")

    with monkeypatch.context() as patch:
        patch.setattr(harness.trail, "append", refuse)
        with pytest.raises(Retryable):
            harness.expire()

    assert segments(harness.engine)[0].purged_ns is None
    assert [each.id for each in harness.expire()] == [segment.id]


def test_a_segment_held_between_the_look_and_the_deed_is_left_alone(harness: FootageHarness) -> None:
    first, second = harness.record(60)
    harness.after(30.9)

    class HeldMeanwhile:
        """A vault to which somebody comes first."""

        def __getattr__(self, name: str) -> object:
            return getattr(harness.vault, name)

        def destroy(self, key_ids: Sequence[str], *, rule: ErasureRule) -> tuple[DestroyedKey, ...]:
            if len(key_ids) > 1:
                harness.hold(first)
            return harness.vault.destroy(key_ids, rule=rule)

    harness.clock.now_ns += 86_400 * 10**9
    late = harness.clock.now_ns

    purged = expire_segments(harness.engine, harness.folder, HeldMeanwhile(), harness.trail, now_ns=late)  # type: ignore[arg-type]

    assert [each.id for each in purged] == [second.id]
    assert find_segments(harness.engine, [first.id])[0].held


def test_on_a_disk_that_is_really_full_the_purge_makes_free_space(
    engine: Engine, harness: FootageHarness, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        full = FootageHarness(engine, disk)  # keystore and footage on one disk, as by default
        (segment,) = full.record(20)
        full.after(32)
        fill(disk)
        with pytest.raises(Retryable, match="can't destroy keys of footage for good"):
            full.expire()
        assert not full.file(segment).exists()
        assert segments(engine)[0].purged_ns is None

        assert [each.id for each in full.expire()] == [segment.id]
        assert not full.core.keystore.outdated  # the keystore is written again, now that there is space
        full.vault, full.trail = full.reopened()
        assert full.vault.kept(KeyKind.FOOTAGE) == ()
