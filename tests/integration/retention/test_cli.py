"""`lfr retention` as a person and a program call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE
from lfr_core.retention.last_purge import Purger, read_ended
from tests.support.milvus import free_port
from tests.support.retention import supervisors_purge
from tests.support.vault_server import serving_vault

LFR = (sys.executable, "-m", "apps.cli")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Neither broker nor Milvus answers there, and no Prefect has run."""
    return Settings(home=tmp_path / "home", kafka_port=free_port(), milvus_port=free_port(), broker="kafka")


def lfr(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    from apps.supervisor.plan import settings_env

    temporary = settings.home / "temporary"
    temporary.mkdir(parents=True, exist_ok=True)
    env = os.environ | settings_env(settings) | {"TMPDIR": str(temporary)}
    return subprocess.run(
        [*LFR, "retention", *words], env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
def test_without_prefect_it_purges_what_it_can_and_says_what_it_could_not(settings: Settings) -> None:
    old = settings.home / "tmp" / "face.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"face")
    os.utime(old, (1, 1))

    with serving_vault(settings):
        done = lfr(settings, "run", "--json")
        reported = {each["step"]: each for each in json.loads(done.stdout)}
        status = lfr(settings, "status", "--json")

    assert done.returncode == 75
    assert not old.exists()
    assert {step for step, each in reported.items() if each["error"]} == {"galleries", "topics"}
    assert len(reported["temporary"]["destroyed"]) == 1
    assert reported["workflows"]["note"] == "no workflow server has run here"
    standing = {each["class"]: each["standing"] for each in json.loads(status.stdout)["classes"]}
    assert (standing["temporary"], standing["galleries"]) == ("in-time", "late")
    assert status.returncode == 0  # late for seconds is no alarm


@pytest.mark.slow
def test_records_that_have_gone_are_said_by_each_step_that_needs_them_and_no_empty_ones_are_made(
    settings: Settings,
) -> None:
    """It made an empty database, and reported that nothing was left to do."""
    old = settings.home / "tmp" / "face.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"face")
    os.utime(old, (1, 1))

    with serving_vault(settings):
        records = settings.home / "records.sqlite3"
        records.unlink()
        (settings.keystore_folder / HEAD_FILE).write_text("{}")  # the vault has signed a trail that was in them
        done = lfr(settings, "run", "--json")

    assert done.returncode == 75
    assert not old.exists()  # what needs no records goes
    assert "has gone" in done.stdout + done.stderr
    assert not records.exists()


def test_nothing_is_purged_by_a_clock_that_is_behind_what_was_seen_before(settings: Settings) -> None:
    old = settings.home / "tmp" / "face.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"face")
    os.utime(old, (1, 1))
    settings.keystore_folder.mkdir(mode=0o700)
    tomorrow_ns = time.time_ns() + 86_400 * 10**9
    (settings.keystore_folder / "latest-time.json").write_text(json.dumps({"latest_ns": tomorrow_ns}))

    with serving_vault(settings):
        done = lfr(settings, "run")

    assert (done.returncode, old.exists()) == (77, True)
    assert "set the clock right" in done.stderr


@pytest.mark.slow
def test_overdue_is_exit_code_1_and_names_the_runbook(settings: Settings) -> None:
    with serving_vault(settings):
        lfr(settings, "run")
    _make_older(settings, seconds=400)

    status = lfr(settings, "status")

    assert status.returncode == 1
    assert "retention-overdue.md" in status.stderr
    assert "overdue" in status.stdout


@pytest.mark.slow
def test_with_no_workflow_server_at_all_the_supervisor_purges_and_says_that_it_did(settings: Settings) -> None:
    from tests.support.databases import make_records

    old = settings.home / "tmp" / "face.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"face")
    os.utime(old, (1, 1))
    (settings.home / "prefect").mkdir()  # a server has run here, and doesn't now
    make_records(settings.records_url)

    with serving_vault(settings), supervisors_purge(settings, after_s=0.5):
        deadline = time.monotonic() + 60
        while read_ended(settings.home) is None:
            assert time.monotonic() < deadline, "it doesn't purge"
            time.sleep(0.1)
    status = lfr(settings, "status", "--json")

    found = read_ended(settings.home)
    assert found is not None
    assert (old.exists(), found.by) == (False, Purger.SUPERVISOR)
    assert json.loads(status.stdout)["last_purge"]["by"] == "the supervisor"


@pytest.mark.slow
def test_a_sweep_that_hangs_ends_with_its_process_and_lets_the_next_one_in(settings: Settings) -> None:
    code = """
import time
from flows.build_sweep import open_sweep
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.retention.last_purge import Purger

installation = Installation(identity=ProcessIdentity.FLOWS)
with installation, open_sweep(installation, by=Purger.FLOW, longest_s=1.0):
    time.sleep(60)
"""
    from apps.supervisor.plan import settings_env

    env = os.environ | settings_env(settings)
    hung = subprocess.run([sys.executable, "-c", code], env=env, timeout=50, check=False, capture_output=True)

    with serving_vault(settings):
        done = lfr(settings, "run", "--json")

    assert hung.returncode == 75
    steps = [each["step"] for each in json.loads(done.stdout)]
    assert (steps[0], steps[-1]) == ("temporary", "workflows")  # every step was run
    assert {"alerts", "footage", "hours", "lists"} < set(steps)
    assert read_ended(settings.home) is not None


def _make_older(settings: Settings, seconds: float) -> None:
    """As if the last sweep had been so long ago."""
    import sqlite3

    with closing(sqlite3.connect(settings.home / "records.sqlite3")) as database, database:
        back = round(seconds * 1e9)
        database.execute("UPDATE retention_class SET at_ns = at_ns - ?, succeeded_ns = succeeded_ns - ?", (back, back))
    database.close()
