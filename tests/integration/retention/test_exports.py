"""Pictures in the clear that people export: private, each until its time, and none left by one that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.custody.people.roles import Role
from lfr_core.retention.erasure.places import stores_of
from lfr_core.retention.erasure.search import Needles
from lfr_core.retention.erasure.stores import ClosedStore
from lfr_core.retention.exports import Exports, write_picture
from tests.support.footage import jpeg
from tests.support.people import add_people
from tests.support.retention import HOUR_S, RetentionHarness

KEEP_H = 24

# Views the footage that the test made, and stops for ever after its first picture.
CHILD = """
import sys, time
from pathlib import Path
from lfr_core.retention.exports import Exports
from lfr_core.retention.footage import export
from lfr_core.retention.footage.viewing import Viewing, choose_footage
from lfr_core.storage.engine import open_engine
from tests.support.people import authenticated
from tests.support.retention import RetentionHarness

home, url, now_ns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
harness = RetentionHarness.reopened(open_engine(url), home, now_ns)
write = export.write_picture

def stop(*args):
    write(*args)
    print("written", flush=True)
    time.sleep(600)

export.write_picture = stop
who = authenticated("DC Ask")
chosen = choose_footage(harness.engine, deployment="dep", by=who)
viewing = Viewing(home / "footage", harness.vault, chosen, actor=who, purpose="case 36/1234/26")
export.write_frames(viewing, Exports(home, keep_h=24), "seen", now_ns=now_ns)
"""


def test_nothing_is_left_of_an_export_that_was_killed_and_one_that_is_being_written_stays(
    harness: RetentionHarness, sqlite_url: str
) -> None:
    harness.film()
    add_people(harness.engine, ("DC Ask", Role.COMPLIANCE), clock=harness.clock)
    folder = harness.home / "exports"
    arguments = [str(harness.home), sqlite_url, str(harness.clock.time_ns())]
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as child:
        assert child.stdout is not None
        assert any(line.startswith("written") for line in iter(child.stdout.readline, ""))
        (partial,) = folder.iterdir()
        assert [file.read_bytes() for file in partial.iterdir()] == [jpeg(1)]
        assert _modes(folder, partial) == {0o700}
        assert _found_by_the_certificates_search(harness)
        report = harness.sweep()["exports"]
        assert (report.destroyed, report.error, partial.exists()) == ((), "", True)
        os.kill(child.pid, signal.SIGKILL)

    report = harness.sweep()["exports"]

    assert (len(report.destroyed), report.error, report.left) == (1, "", ())
    assert list(folder.iterdir()) == []
    assert not _found_by_the_certificates_search(harness)


def _found_by_the_certificates_search(harness: RetentionHarness) -> bool:
    from lfr_core.common.settings import Settings

    settings = Settings(home=harness.home)
    stores = stores_of(settings, harness.engine, ClosedStore("broker", "none runs"))
    (rest,) = [store for store in stores if store.name == "other files"]
    return bool(rest.search(Needles([jpeg(1)[:64]])).found)


def _modes(*folders: Path) -> set[int]:
    return {folder.stat().st_mode & 0o777 for folder in folders}


def test_each_export_goes_at_its_time_and_not_before(harness: RetentionHarness) -> None:
    exports = Exports(harness.home, keep_h=KEEP_H)
    now_ns = harness.clock.time_ns()
    for name, until_ns in (("day", None), ("hour", now_ns + 3_600 * 10**9), ("month", now_ns + 10**16)):
        with exports.make(name, now_ns=now_ns, until_ns=until_ns) as made:
            write_picture(made.writing / "a.jpg", jpeg(1))

    harness.sweep()
    assert _names(exports) == ["day", "hour", "month"]
    harness.clock.advance(HOUR_S + 1)
    harness.sweep()
    assert _names(exports) == ["day", "month"]
    harness.clock.advance(23 * HOUR_S)
    harness.sweep()

    assert _names(exports) == []
    assert not harness.status()["exports"].is_alarm


def _names(exports: Exports) -> list[str]:
    return sorted(each.name.partition("-")[2] for each in exports.folder.iterdir())


def test_the_next_export_removes_what_is_due_of_earlier_ones(harness: RetentionHarness) -> None:
    exports = Exports(harness.home, keep_h=KEEP_H)
    now_ns = harness.clock.time_ns()
    with exports.make("first", now_ns=now_ns):
        pass
    (exports.folder / ".20300101T000000Z-left.0123").mkdir()

    with exports.make("second", now_ns=now_ns + 25 * 3_600 * 10**9):
        assert len(list(exports.folder.iterdir())) == 1

    assert _names(exports) == ["second"]


def test_an_export_that_fails_leaves_nothing_and_its_name_is_free_again(harness: RetentionHarness) -> None:
    exports = Exports(harness.home, keep_h=KEEP_H)
    with pytest.raises(Retryable), exports.make("seen", now_ns=harness.clock.time_ns()) as made:
        _fail_half_way(made.writing)
    assert list(exports.folder.iterdir()) == []

    with exports.make("seen", now_ns=harness.clock.time_ns()):
        pass


def _fail_half_way(folder: Path) -> None:
    write_picture(folder / "a.jpg", jpeg(1))
    raise Retryable("the vault is away")


def test_what_somebody_puts_there_goes_after_the_same_hours_and_links_are_not_followed(
    harness: RetentionHarness,
) -> None:
    exports = Exports(harness.home, keep_h=KEEP_H)
    exports.folder.mkdir(mode=0o700)
    outside = harness.home / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    (exports.folder / "notes").write_bytes(b"x")
    (exports.folder / "link").symlink_to(outside)
    harness.touch(exports.folder)

    harness.sweep()
    assert len(list(exports.folder.iterdir())) == 2
    harness.clock.advance(KEEP_H * HOUR_S + 1)
    harness.sweep()

    assert list(exports.folder.iterdir()) == []
    assert (outside / "kept").exists()


def test_names_lead_nowhere_else_and_a_folder_that_others_may_write_is_not_used(harness: RetentionHarness) -> None:
    exports = Exports(harness.home, keep_h=KEEP_H)
    for name in ("", ".hidden", "../out", "/tmp/out", "a/b", "a" * 65, "a\n"):
        with pytest.raises(Refused) as refused, exports.make(name, now_ns=harness.clock.time_ns()):
            pass
        assert refused.value.rule == "export.name"
    exports.folder.symlink_to(harness.home)
    with pytest.raises(Fatal), exports.make("seen", now_ns=harness.clock.time_ns()):
        pass
