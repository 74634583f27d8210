"""The end of footage: due, not held, once, and whatever happens on the way."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import DestroyedKey, KeyKind
from lfr_core.retention.footage.expiry import PurgedSegment, expire_segments
from lfr_core.retention.footage.register import due_segments, find_segments, segments
from tests.support.disks import fill, small_disk
from tests.support.footage import FootageHouse


def test_a_held_segment_survives_the_sweep_and_its_neighbour_does_not(house: FootageHouse) -> None:
    first, second = house.record(60)
    house.hold(first)
    house.after(31.1)

    purged = house.expire()

    assert [each.id for each in purged] == [second.id]
    assert (house.file(first).exists(), house.file(second).exists()) == (True, False)
    assert [info.subject for info in house.vault.kept(KeyKind.FOOTAGE)] == [first.id]
    assert house.vault.open_kept(first.key_id, actor="DC Ask", purpose="investigation").key


def test_nothing_goes_before_its_time_and_its_row_stays_afterwards(house: FootageHouse) -> None:
    (segment,) = house.record(30)
    house.after(30.99)
    assert house.expire() == ()
    house.after(31.01)

    (purged,) = house.expire()

    (row,) = segments(house.engine)
    assert (row.frames, row.started_ns, row.purged_ns) == (30, segment.started_ns, house.clock.now_ns)
    assert (purged.key_fingerprint, purged.frames, purged.file_found) == (segment.key_fingerprint, 30, True)
    (entry,) = [each for each in house.audited("erase") if f"footage:{segment.id}" in each.body]
    assert segment.key_fingerprint in entry.body


def test_what_is_released_after_its_time_goes_and_is_due_since_its_release(house: FootageHouse) -> None:
    (segment,) = house.record(20)
    hold = house.hold(segment)
    house.after(40)
    assert house.expire() == ()
    assert due_segments(house.engine, house.clock.now_ns) == ()
    house.hold_service().release(hold.id, actor="DC Ask")

    (due,) = due_segments(house.engine, house.clock.now_ns)

    assert (due.id, due.since_ns) == (segment.id, house.clock.now_ns)
    assert [each.id for each in house.expire()] == [segment.id]


def test_a_second_sweep_has_nothing_left_to_do(house: FootageHouse) -> None:
    house.record(60)
    house.after(32)
    assert len(house.expire()) == 2
    audited = len(house.audited("erase"))

    assert house.expire() == ()
    assert len(house.audited("erase")) == audited


@pytest.mark.parametrize("step", ["key", "file"])
def test_a_sweep_that_is_killed_half_way_is_finished_by_the_next(
    house: FootageHouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (segment,) = house.record(20)
    house.after(32)

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"lfr_core.retention.footage.expiry.{'_remove' if step == 'key' else '_record_purged'}", kill)
        with pytest.raises(Killed):
            house.expire()
    house.vault, house.trail = house.reopened()
    assert house.vault.kept(KeyKind.FOOTAGE) == ()
    assert house.file(segment).exists() == (step == "key")

    (purged,) = house.expire()

    assert (purged.id, purged.file_found) == (segment.id, step == "key")
    assert not house.file(segment).exists()


def test_two_sweeps_at_once_make_no_error_and_book_each_segment_once(house: FootageHouse) -> None:
    wanted = {each.id for each in house.record(240)}
    house.after(32)
    begin = threading.Barrier(3)
    done: list[PurgedSegment] = []
    failed: list[BaseException] = []

    def sweep() -> None:
        begin.wait()
        try:
            done.extend(house.expire())
        except BaseException as error:  # noqa: BLE001  shown by the assertion
            failed.append(error)

    threads = [threading.Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(each.id for each in done) == sorted(wanted)
    assert len([each for each in house.audited("erase") if '"footage:' in each.body]) == len(wanted)


def test_a_file_that_went_by_hand_is_recorded_all_the_same(house: FootageHouse) -> None:
    (segment,) = house.record(20)
    house.file(segment).unlink()
    house.after(32)

    (purged,) = house.expire()

    assert (purged.id, purged.file_found) == (segment.id, False)


def test_a_file_that_cant_be_removed_is_retried_and_can_be_opened_by_nobody(
    house: FootageHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = house.record(60)
    stuck = house.file(first)
    house.after(32)

    def refuse(file: object) -> bool:
        if file == stuck:
            raise PermissionError(13, "Permission denied")
        os.unlink(str(file))  # noqa: PTH108  what is patched stands in for Path.unlink
        return True

    with monkeypatch.context() as patch:
        patch.setattr("lfr_core.retention.footage.expiry._remove", refuse)
        with pytest.raises(Retryable, match="can't be removed"):
            house.expire()

    rows = {row.id: row for row in segments(house.engine)}
    assert (rows[first.id].purged_ns, rows[second.id].purged_ns) == (None, house.clock.now_ns)
    with pytest.raises(Refused, match="destroyed"):
        house.vault.open_kept(first.key_id, actor="DC Ask", purpose="investigation")
    assert [each.id for each in house.expire()] == [first.id]


def test_with_the_keystore_s_disk_full_nothing_is_recorded_and_the_file_makes_free_space(
    house: FootageHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = house.record(20)
    house.after(32)
    full = Refused("vault.keystore", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(house.core._keystore, "renew", lambda: (_ for _ in ()).throw(full))
        with pytest.raises(Retryable, match="the disk is full"):
            house.expire()
        assert not house.file(segment).exists()
        assert segments(house.engine)[0].purged_ns is None
        assert house.vault.kept(KeyKind.FOOTAGE) == ()

    assert [each.id for each in house.expire()] == [segment.id]


def test_what_cant_be_audited_isnt_recorded_as_gone(house: FootageHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    (segment,) = house.record(20)
    house.after(32)

    def refuse(*_: object) -> None:
        raise Retryable("the trail is away")

    with monkeypatch.context() as patch:
        patch.setattr(house.trail, "append", refuse)
        with pytest.raises(Retryable):
            house.expire()

    assert segments(house.engine)[0].purged_ns is None
    assert [each.id for each in house.expire()] == [segment.id]


def test_a_key_held_without_a_record_keeps_its_footage_and_stays_reported_as_due(house: FootageHouse) -> None:
    first, second = house.record(60)
    house.vault.hold([first.key_id], held=True)  # as a hold that crashed before it was on record
    house.after(32)

    assert [each.id for each in house.expire()] == [second.id]
    assert house.file(first).exists()
    assert [each.id for each in due_segments(house.engine, house.clock.now_ns)] == [first.id]


def test_a_file_without_a_row_is_removed_when_its_time_is_over_and_not_before(house: FootageHouse) -> None:
    (segment,) = house.record(20)
    stray = house.folder / ("f" * 32 + ".lfrseg")
    stray.write_bytes(house.file(segment).read_bytes())  # its header says when it is due
    made_up = house.folder / "copy of something.lfrseg"
    made_up.write_bytes(b"not a segment at all")
    os.utime(made_up, ns=(house.clock.now_ns, house.clock.now_ns))
    house.after(30.9)
    house.expire()
    assert stray.exists()
    assert made_up.exists()
    house.after(31.1)

    house.expire()

    assert list(house.folder.iterdir()) == []
    assert len([each for each in house.audited("erase") if "footage.orphan" in each.body]) == 2


def test_a_destroyed_segment_that_comes_back_from_a_backup_is_removed_again(house: FootageHouse) -> None:
    (segment,) = house.record(20)
    copy = house.file(segment).read_bytes()
    house.after(32)
    house.expire()
    house.file(segment).write_bytes(copy)

    house.expire()

    assert not house.file(segment).exists()


def test_a_file_that_belongs_to_nobody_else_is_left_alone(house: FootageHouse) -> None:
    house.record(20)
    note = house.folder / "README.txt"
    note.write_text("a note")
    house.after(400)

    house.expire()

    assert note.exists()


def test_frames_of_a_camera_that_was_killed_are_counted_from_its_file(house: FootageHouse) -> None:
    writer = house.writer()
    for number in range(5):  # its thread's work, done here; then it is killed: nothing is closed
        writer._keep(house.clock.now_ns + number * 10**9, bytes(1_000))
    (open_one,) = segments(house.engine)
    assert open_one.ended_ns is None
    with house.file(open_one).open("ab") as file:
        file.write(b"\0\0\1")  # killed within a record
    house.clock.advance(3600)

    house.expire()

    (closed,) = segments(house.engine)
    assert (closed.frames, closed.ended_ns) == (5, open_one.started_ns + 4 * 10**9)


def test_a_segment_held_between_the_look_and_the_deed_is_left_alone(house: FootageHouse) -> None:
    first, second = house.record(60)
    house.after(30.9)

    class HeldMeanwhile:
        """A vault to which somebody comes first."""

        def __getattr__(self, name: str) -> object:
            return getattr(house.vault, name)

        def destroy(self, key_ids: Sequence[str], *, rule: str) -> tuple[DestroyedKey, ...]:
            if len(key_ids) > 1:
                house.hold(first)
            return house.vault.destroy(key_ids, rule=rule)

    late = house.clock.now_ns + 86_400 * 10**9

    purged = expire_segments(house.engine, house.folder, HeldMeanwhile(), house.trail, now_ns=late)  # type: ignore[arg-type]

    assert [each.id for each in purged] == [second.id]
    assert find_segments(house.engine, [first.id])[0].held


def test_on_a_disk_that_is_really_full_the_purge_makes_free_space(
    engine: Engine, house: FootageHouse, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        full = FootageHouse(engine, disk)  # keystore and footage on one disk, as by default
        (segment,) = full.record(20)
        full.after(32)
        fill(disk)
        with pytest.raises(Retryable, match="can't destroy keys of footage for good"):
            full.expire()
        assert not full.file(segment).exists()
        assert segments(engine)[0].purged_ns is None

        assert [each.id for each in full.expire()] == [segment.id]
        assert not full.core._keystore.outdated  # the keystore is written again, now that there is space
        full.vault, full.trail = full.reopened()
        assert full.vault.kept(KeyKind.FOOTAGE) == ()
