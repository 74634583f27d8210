"""When the supervisor purges itself, and what it goes by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.purge import OverdueWatch
from lfr_core.retention.last_purge import Purger, ended_file, read_ended, write_ended

START_NS = 1_764_000_000 * 10**9


@dataclass
class Clock:
    """Wall time and the time since the start, apart from each other."""

    wall_ns: int = START_NS
    now_s: float = 5_000.0

    def time_ns(self) -> int:
        return self.wall_ns

    def monotonic(self) -> float:
        return self.now_s


def test_it_is_due_two_minutes_after_the_last_one_ended_and_after_its_own_start(tmp_path: Path) -> None:
    clock = Clock()
    write_ended(tmp_path, Purger.FLOW, START_NS - 10**15)  # of last week
    watch = OverdueWatch(tmp_path, after_s=120, clock=clock)

    clock.now_s += 119
    assert not watch.is_due()
    write_ended(tmp_path, Purger.FLOW, START_NS + 1)
    clock.now_s += 2
    assert not watch.is_due()
    clock.now_s += 120
    assert watch.is_due()


def test_a_clock_that_jumps_neither_hurries_nor_hinders_it(tmp_path: Path) -> None:
    clock = Clock()
    watch = OverdueWatch(tmp_path, after_s=120, clock=clock)

    clock.wall_ns += 10**18
    assert not watch.is_due()
    write_ended(tmp_path, Purger.FLOW, clock.wall_ns)
    assert not watch.is_due()
    clock.wall_ns -= 2 * 10**18  # what was written last lies far ahead now
    clock.now_s += 121
    assert watch.is_due()
    write_ended(tmp_path, Purger.COMMAND, clock.wall_ns)  # earlier than the one before, and still another
    assert not watch.is_due()


def test_a_purge_that_could_not_end_is_tried_again_after_a_while(tmp_path: Path) -> None:
    clock = Clock()
    watch = OverdueWatch(tmp_path, after_s=120, clock=clock)
    clock.now_s += 121
    assert watch.is_due()

    watch.note_attempt()
    assert not watch.is_due()
    clock.now_s += 31

    assert watch.is_due()


def test_a_file_that_is_no_word_of_a_purge_says_nothing(tmp_path: Path) -> None:
    assert read_ended(tmp_path) is None
    for text in ("", "{", '{"by": "somebody", "ended_ns": 1, "pid": 2}'):
        ended_file(tmp_path).write_text(text)
        assert read_ended(tmp_path) is None

    write_ended(tmp_path, Purger.SUPERVISOR, START_NS)

    found = read_ended(tmp_path)
    assert found is not None
    assert (found.by, found.ended_ns) == (Purger.SUPERVISOR, START_NS)
