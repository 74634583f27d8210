"""A file that no record knows, among those of which something is promised, is named until a person takes it away."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.operator.retention import trouble_html
from flows.retention_lag import purge_trouble
from lfr_core.common.settings import Settings
from lfr_core.retention.footage.segment import STORE_FILE
from lfr_core.retention.last_purge import Purger, read_ended, write_ended
from lfr_core.retention.sweep import begin_sweep
from lfr_core.retention.unknown_files import PLACES, find_unknown_files
from tests.support.retention import DAY_S, RetentionHarness

_S = 10**9


def put(home: Path) -> dict[str, list[str]]:
    """Put something nobody knows into each place, as a file, a folder, a link, under a name of ours."""
    outside = home.parent / "outside.jpg"
    outside.write_bytes(b"a face")

    def linked(path: Path) -> None:
        path.symlink_to(outside)

    def folder(path: Path) -> None:
        path.mkdir()
        (path / "face.jpg").write_bytes(b"a face")

    def file(path: Path) -> None:
        path.write_bytes(b"a face")

    strangers: dict[str, dict[str, Callable[[Path], None]]] = {
        "footage": {"copy.mp4": file, "kept": folder, f"{'a' * 32}.lfrseg": file, f"{'b' * 32}.lfrseg": linked},
        "exports": {"for-later": folder, "face.jpg": file},
        "quality": {"another": folder, "face.jpg": file},
        "canaries": {"face.jpg": file, "another.json": file, "more": folder},
        "certificates": {"000001-dep.json": file, "face.jpg": file},
    }
    for place, names in strangers.items():
        (home / place).mkdir(mode=0o700, exist_ok=True)
        for name, make in names.items():
            make(home / place / name)
    return {place: sorted(names) for place, names in strangers.items()}


def test_what_no_record_knows_is_named_wherever_something_is_promised(full: RetentionHarness, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    (tmp_path / "footage" / STORE_FILE).write_text("ours")
    (tmp_path / "canaries").mkdir()
    (tmp_path / "canaries" / "dep.json").write_text("{}")
    assert find_unknown_files(full.engine, settings) == {}

    strangers = put(tmp_path)

    assert find_unknown_files(full.engine, settings) == strangers
    assert strangers.keys() == PLACES.keys()
    with begin_sweep(
        full.steps(),
        engine=full.engine,
        home=tmp_path,
        trail=full.trail,
        clock=full.clock,
        history_days=7,
        find_unknown=lambda: find_unknown_files(full.engine, settings),
    ) as sweep:
        sweep.run_all()
    told = purge_trouble(tmp_path)
    assert "4 among the footage: " in told
    assert "copy.mp4" in told
    assert "no search reads: another.json, face.jpg, more" in told
    assert "copy.mp4" in trouble_html(told)
    assert all(
        (tmp_path / "footage" / name).exists() for name in strangers["footage"]
    )  # nothing goes for being unknown


def test_more_than_a_few_are_counted_and_a_long_name_is_cut(tmp_path: Path) -> None:
    write_ended(tmp_path, Purger.FLOW, _S, unknown={"footage": ["<b>" + "x" * 300, *"abcdefgh"]})

    told = purge_trouble(tmp_path)

    assert "9 among the footage: <b>xxx" in told
    assert (told.count("x") < 120, ", d" in told, ", e" in told) == (True, True, False)
    assert "<b>" not in trouble_html(told)


def test_since_when_a_class_was_not_reached_is_told_until_it_is(tmp_path: Path) -> None:
    for second, failed in (
        (1, {}),
        (2, {"galleries": "away"}),
        (3, {"galleries": "away", "broker": "away"}),
        (4, {"broker": "a"}),
    ):
        write_ended(tmp_path, Purger.FLOW, second * _S, failed)

    ended = read_ended(tmp_path)
    assert ended is not None
    assert ended.since_ns == {"broker": 3 * _S}
    told = "Records of ended deployments in the broker: a (since 1970-01-01 00:00:03 UTC)"
    assert told in purge_trouble(tmp_path)
    write_ended(tmp_path, Purger.FLOW, 5 * _S)
    assert purge_trouble(tmp_path) == ""


@pytest.mark.parametrize("dated", ["as it came", "a century ahead"])
def test_a_stray_segment_goes_after_its_days_whatever_its_header_and_its_date_say(
    harness: RetentionHarness, tmp_path: Path, dated: str
) -> None:
    harness.inject()
    (segment,) = (tmp_path / "footage").glob("*.lfrseg")
    header, _, rest = segment.read_bytes().partition(b"\n")
    due = int(header.split(b'"due_ns":')[1].split(b",")[0].split(b"}")[0])
    forged = header.replace(str(due).encode(), str(due + 36_500 * 86_400 * _S).encode())
    stray = segment.with_name("f" * 32 + ".lfrseg")
    stray.write_bytes(forged + b"\n" + rest)
    if dated == "a century ahead":
        os.utime(stray, ns=(harness.clock.time_ns() + 36_500 * 86_400 * _S,) * 2)
    came_ns = stray.stat().st_ctime_ns

    harness.clock.advance((came_ns - harness.clock.time_ns()) / _S + 30.9 * DAY_S)
    harness.sweep()
    assert stray.exists()
    harness.clock.advance(0.2 * DAY_S)
    harness.sweep()

    assert not stray.exists()
