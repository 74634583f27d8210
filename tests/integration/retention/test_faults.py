"""A sweep killed half way, and a disk that is full while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.common.errors import LfrError
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import upgrade
from tests.support.disks import fill, small_disk
from tests.support.retention import DAY_S, RetentionHarness

# Opens what the test made, and stops for ever where it is told to: just after the first thing is destroyed.
CHILD = """
import sys, time
from pathlib import Path
from lfr_core.storage.engine import open_engine
from lfr_core.retention import folders
from lfr_core.alerts import expiry
from tests.support.retention import RetentionHarness

home, url, now_ns, where = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]

def stop(*_args, **_more):
    print("destroyed", flush=True)
    time.sleep(600)

harness = RetentionHarness.reopened(open_engine(url), home, now_ns)
if where == "files":
    real = folders.os.unlink
    folders.os.unlink = lambda *a, **k: (real(*a, **k), stop())
else:
    expiry._replace = stop  # the alert's key is destroyed, its row still stands
harness.sweep()
"""


@pytest.mark.fault("power cut")
@pytest.mark.slow
@pytest.mark.parametrize("where", ["files", "rows"])
def test_a_sweep_killed_half_way_lets_go_of_the_lock_and_the_next_finishes(
    tmp_path: Path, sqlite_url: str, where: str
) -> None:
    engine = open_engine(sqlite_url)
    harness = RetentionHarness(engine, tmp_path)
    harness.inject()
    harness.end()
    harness.clock.advance(32 * DAY_S)
    before = harness.there()
    arguments = [str(tmp_path), sqlite_url, str(harness.clock.time_ns()), where]
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as child:
        assert child.stdout is not None
        lines = iter(child.stdout.readline, "")
        assert any(line.startswith("destroyed") for line in lines)
        assert _is_held(harness)
        os.kill(child.pid, signal.SIGKILL)

    again = RetentionHarness.reopened(engine, tmp_path, harness.clock.time_ns(), gallery=harness.gallery)
    assert any(again.there().values())
    reports = again.sweep()

    assert all(before.values())
    assert [report.error for report in reports.values() if report.error] == []
    assert not any(again.there().values())
    engine.dispose()


def _is_held(harness: RetentionHarness) -> bool:
    from lfr_core.retention.lock import SweepIsRunning, lock_sweep

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with lock_sweep(harness.engine, harness.home):
                time.sleep(0.05)
        except SweepIsRunning:
            return True
    return False


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[tuple[RetentionHarness, Path]]:
    """Everything due, on a disk without a byte left."""
    with small_disk(tmp_path / "disk") as disk:
        url = f"sqlite:///{disk / 'records.sqlite3'}"
        upgrade(url)
        engine = open_engine(url)
        harness = RetentionHarness(engine, disk)
        harness.inject()
        harness.end()
        harness.clock.advance(32 * DAY_S)
        yield harness, disk
        engine.dispose()


def test_on_a_full_disk_temporary_files_make_free_space_for_the_rest_of_the_same_sweep(
    full_disk: tuple[RetentionHarness, Path],
) -> None:
    harness, disk = full_disk
    (disk / "tmp" / "large").write_bytes(b"x" * 4_000_000)
    harness.touch(disk / "tmp")
    for path in (disk / "tmp").rglob("*"):
        os.utime(path, (1, 1))
    fill(disk)

    harness.sweep()
    reports = harness.sweep()

    assert not any(harness.there().values())
    assert [report.error for report in reports.values() if report.error] == []


def test_on_a_full_disk_files_go_the_rest_is_reported_and_goes_when_there_is_space(
    full_disk: tuple[RetentionHarness, Path],
) -> None:
    harness, disk = full_disk
    for folder in (disk / "tmp", harness.system / "lfr-upload"):
        for path in (*folder.rglob("*"), folder):
            os.utime(path, (1, 1))
    filler = fill(disk)
    # what the temporary files give back is taken again: nothing but keys and files can go
    (disk / "tmp" / "face.jpg").unlink()
    (harness.system / "lfr-upload" / "face.jpg").unlink()
    filler.rename(disk / "filler-1")
    fill(disk)

    reports = harness.sweep()

    assert any("full" in report.error or "space" in report.error for report in reports.values())
    for each in disk.glob("filler*"):
        each.unlink()
    reports = harness.sweep()
    assert [report.error for report in reports.values() if report.error] == []
    assert not any(harness.there().values())


def test_a_disk_that_cannot_hold_the_lock_is_reported(tmp_path: Path, sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    harness = RetentionHarness(engine, tmp_path)
    (tmp_path / "retention.lock").mkdir()

    with pytest.raises(LfrError, match=r"retention\.lock"):
        harness.sweep()
    engine.dispose()
