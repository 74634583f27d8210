"""The two commands that play recordings, as a user types them: real broker, gallery, workers, models."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.settings import Settings
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.read import entries
from lfr_core.storage.engine import open_engine
from tests.support.oracle import ExpectedPass, SentByCamera, check_stream
from tests.support.recordings import Walk, write_walks
from tests.support.samples import require_photos

pytestmark = [pytest.mark.models, pytest.mark.timeout(400)]

FATES = {
    "captured", "not_sampled", "dropped_at_camera", "recognised", "dropped_stale", "dropped_closed", "unopenable",
    "dead_lettered", "lost",
}  # fmt: skip


def lfr(*arguments: str, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `lfr` as a command of its own; its output with it."""
    return subprocess.run(
        [sys.executable, "-m", "apps.cli", *arguments],
        env=os.environ | {"LFR_HOME": str(home)} | settings,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )


def write_watchlist(folder: Path, **photos: str) -> Path:
    """A watchlist of one photograph a subject."""
    folder.mkdir()
    with (folder / "watchlist.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["subject", "category", "legal_reference", "approved_by", "expires_on", "photograph"])
        for subject, photo in photos.items():
            source = require_photos()[photo]
            shutil.copy(source, folder / source.name)
            rows.writerow([subject, "wanted_by_courts", "W/1", "Insp. A", "2099-12-31", source.name])
    return folder


def trail_of(home: Path) -> tuple[AuditEntry, ...]:
    """The audit trail that a run left in its home."""
    engine = open_engine(Settings(home=home, database_url="").records_url)
    try:
        return entries(engine, limit=100_000)
    finally:
        engine.dispose()


@pytest.mark.slow
def test_stream_run_recognises_a_users_own_video_and_counts_every_frame(kafka_libs: Path, tmp_path: Path) -> None:
    walks = [Walk("obama2", 8), Walk("biden", 6)]
    ((_, first, last), _) = write_walks(tmp_path / "own.avi", walks)
    watchlist = write_watchlist(tmp_path / "list", subject_1="obama", subject_2="astronaut")

    done = lfr(
        "stream", "run", "--source", str(tmp_path / "own.avi"), "--watchlist", str(watchlist),
        "--json", str(tmp_path / "out.json"), "--home", str(tmp_path / "run"), home=tmp_path / "home",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads((tmp_path / "out.json").read_text())
    assert set(result) == {"frames_per_second", "latency_ms", "stages_ms", "cameras", "alerts"}
    counts = result["cameras"]["recording"]
    assert set(counts) == FATES
    check_stream(
        sent=[SentByCamera("recording", sum(walk.frames for walk in walks), counts["not_sampled"], 0)],
        counts=result["cameras"],
        passes=[ExpectedPass("subject_1", "recording", first, last)],
        alerts=[{"id": str(number), **alert} for number, alert in enumerate(result["alerts"])],
    )
    assert (counts["lost"], counts["dropped_stale"], counts["dead_lettered"]) == (0, 0, 0)


def test_without_java_the_demonstration_broker_is_chosen_by_itself_and_says_so(tmp_path: Path) -> None:
    write_walks(tmp_path / "own.avi", [Walk("obama2", 6)])
    watchlist = write_watchlist(tmp_path / "list", subject_1="obama")
    tools = tmp_path / "bin"  # a machine with neither Java nor Maven
    tools.mkdir()
    force = tmp_path / "force.sqlite3"  # the records of a force, which are no trial's

    done = lfr(
        "stream", "run", "--source", str(tmp_path / "own.avi"), "--watchlist", str(watchlist), "--json", "-",
        "--home", str(tmp_path / "run"), home=tmp_path / "home", PATH=str(tools),
        LFR_DATABASE_URL=f"sqlite:///{force}",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    assert "demonstration broker: no retention" in done.stderr
    assert [alert["subject"] for alert in json.loads(done.stdout)["alerts"]] == ["subject_1"]
    assert not force.exists()
    check_acted_as_machine_user(tmp_path / "run")


def check_acted_as_machine_user(home: Path) -> None:
    """The trail says that this machine's user acted, that nobody logged in, and nothing of anybody else."""
    found = trail_of(home)
    (marked,) = {each.actor for each in found if each.rule == "people.machine-user"}
    assert {each.actor for each in found if each.actor.startswith("person:")} == {marked}
    assert {each.actor for each in found if each.rule in {"people.added", "people.identity-linked"}} == {"system:lfr"}
    assert {"operator.signed-on", "people.logged-in"} & {each.rule for each in found} == {"operator.signed-on"}


@pytest.mark.slow
def test_the_demo_alerts_every_large_pass_and_nobody_else(kafka_libs: Path, tmp_path: Path) -> None:
    arguments = ("demo", "--headless", "--seconds", "20", "--json", str(tmp_path / "demo.json"))

    done = lfr(*arguments, home=tmp_path / "home" / "lfr")

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    result = json.loads((tmp_path / "demo.json").read_text())
    assert {"passes", "recognised", "missed", "false_alerts", "cameras", "alerts"} <= set(result)
    assert (result["false_alerts"], result["missed"] + result["recognised"]) == (0, result["passes"])
    for camera, counts in result["cameras"].items():
        assert counts["captured"] == sum(counts[fate] for fate in FATES - {"captured"}), camera
    assert (result["deletion"]["passed"], result["deletion"]["footage_segments_kept"] >= 2) == (True, True)
    assert result["deletion"]["bytes_searched"] > 10**6
    # its five people logged in for real: five entries of five persons, and nobody else did anything
    found = trail_of(tmp_path / "home" / "demo")
    logged_in = [each.actor for each in found if each.rule == "people.logged-in"]
    assert (len(logged_in), len(set(logged_in))) == (5, 5)
    assert {each.actor for each in found if each.actor.startswith("person:")} == set(logged_in)
    # nothing of its whole life may be read or written by others, but what is published
    home = tmp_path / "home" / "demo"
    closed = [path for path in (home, *home.rglob("*")) if not path.is_symlink() and "public" not in str(path)]
    assert [str(path) for path in closed if path.lstat().st_mode & 0o077] == []
    # and afterwards, with nothing running, certificate and trail still verify, but for what the vault alone can compare
    for group, code in (("erasure", 0), ("audit", 3)):
        verified = lfr(group, "verify", home=tmp_path / "home" / "demo")
        assert verified.returncode == code, verified.stdout + verified.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--source", "nowhere.avi"), "nowhere.avi"),
        (("--source", __file__), "can't be opened"),
    ],
)
def test_a_recording_that_cannot_be_played_ends_with_a_clear_error(
    arguments: tuple[str, ...], word: str, tmp_path: Path
) -> None:
    watchlist = write_watchlist(tmp_path / "list", subject_1="obama")

    done = lfr(
        "stream", "run", *arguments, "--watchlist", str(watchlist), "--home", str(tmp_path / "run"),
        home=tmp_path / "home",
    )  # fmt: skip

    assert done.returncode not in {0, 1}
    assert word in done.stderr
    assert "Traceback" not in done.stderr
