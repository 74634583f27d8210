"""Files without rows, rows without files, and keys held without a record."""

from __future__ import annotations

import os

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.retention.footage.register import segments
from tests.support.footage import FootageHarness


def test_a_file_that_went_by_hand_is_recorded_all_the_same(harness: FootageHarness) -> None:
    (segment,) = harness.record(20)
    harness.file(segment).unlink()
    harness.after(32)

    (purged,) = harness.expire()

    assert (purged.id, purged.file_found) == (segment.id, False)


def test_a_file_that_cant_be_removed_is_retried_and_can_be_opened_by_nobody(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = harness.record(60)
    stuck = harness.file(first)
    harness.after(32)

    def refuse(file: object) -> bool:
        if file == stuck:
            raise PermissionError(13, "Permission denied")
        os.unlink(str(file))  # noqa: PTH108  what is patched stands in for Path.unlink
        return True

    with monkeypatch.context() as patch:
        patch.setattr("lfr_core.retention.footage.expiry._remove", refuse)
        with pytest.raises(Retryable, match="can't be removed"):
            harness.expire()

    rows = {row.id: row for row in segments(harness.engine)}
    assert (rows[first.id].purged_ns, rows[second.id].purged_ns) == (None, harness.clock.now_ns)
    with pytest.raises(Refused, match="destroyed"):
        harness.vault.open_kept(first.key_id, actor="DC Ask", purpose="investigation")
    assert [each.id for each in harness.expire()] == [first.id]


def test_a_key_held_without_a_record_is_let_go_of_and_its_footage_goes_in_its_time(harness: FootageHarness) -> None:
    first, second = harness.record(60)
    harness.core.keystore.hold((first.key_id,), held=True)  # as a hold of an earlier version, which crashed half way
    harness.after(32)

    assert {each.id for each in harness.expire()} == {first.id, second.id}
    assert not harness.file(first).exists()


def test_a_file_without_a_row_is_removed_when_its_time_is_over_and_not_before(harness: FootageHarness) -> None:
    (segment,) = harness.record(20)
    stray = harness.folder / ("f" * 32 + ".lfrseg")
    stray.write_bytes(harness.file(segment).read_bytes())  # its header says when it is due
    made_up = harness.folder / "copy of something.lfrseg"
    made_up.write_bytes(b"not a segment at all")
    os.utime(made_up, ns=(harness.clock.now_ns, harness.clock.now_ns))
    harness.after(30.9)
    harness.expire()
    assert stray.exists()
    assert made_up.exists()
    harness.after(31.1)

    harness.expire()

    assert list(harness.folder.iterdir()) == []
    assert len([each for each in harness.audited("erase") if "footage.orphan" in each.body]) == 2


def test_a_destroyed_segment_that_comes_back_from_a_backup_is_removed_again(harness: FootageHarness) -> None:
    (segment,) = harness.record(20)
    copy = harness.file(segment).read_bytes()
    harness.after(32)
    harness.expire()
    harness.file(segment).write_bytes(copy)

    harness.expire()

    assert not harness.file(segment).exists()


def test_a_file_that_belongs_to_nobody_else_is_left_alone(harness: FootageHarness) -> None:
    harness.record(20)
    note = harness.folder / "README.txt"
    note.write_text("a note")
    harness.after(400)

    harness.expire()

    assert note.exists()


def test_frames_of_a_camera_that_was_killed_are_counted_from_its_file(harness: FootageHarness) -> None:
    writer = harness.writer()
    for number in range(5):  # its thread's work, done here; then it is killed: nothing is closed
        writer._keep(harness.clock.now_ns + number * 10**9, bytes(1_000))
    (open_one,) = segments(harness.engine)
    assert open_one.ended_ns is None
    with harness.file(open_one).open("ab") as file:
        file.write(b"\0\0\1")  # killed within a record
    harness.clock.advance(3600)

    harness.expire()

    (closed,) = segments(harness.engine)
    assert (closed.frames, closed.ended_ns) == (5, open_one.started_ns + 4 * 10**9)
