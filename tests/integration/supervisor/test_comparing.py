"""What parts keep is compared while they run and answer: `lfr status` and the pages say what differs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from apps.operator.retention import differences_html
from apps.supervisor import ChildState, Supervisor
from apps.supervisor.comparing import Compared, Comparing
from apps.supervisor.kept_files import KeptFiles
from apps.supervisor.state import read_differences, read_state
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from tests.integration.supervisor.toys import QUICK, SLEEPER, toy
from tests.support.worker_processes import wait_until

SENTENCE = "the broker differs: {}."


class Answers:
    """Differs as it is told to; None: it can't be compared."""

    def __init__(self) -> None:
        self.found: Sequence[str] | None = ()

    def __call__(self) -> Sequence[str]:
        if self.found is None:
            raise Retryable("nobody answers")
        return self.found


def test_status_is_red_while_something_differs_though_every_part_runs(tmp_path: Path) -> None:
    answers, home = Answers(), tmp_path / "home"
    with (
        Comparing([(answers, SENTENCE)], every_s=0.05, again_s=0.05) as comparing,
        Supervisor(
            [toy("broker", SLEEPER, tmp_path)], home, backoff=QUICK, clock=SystemClock(), compared=comparing.read
        ) as running,
    ):
        running.wait_ready(20)
        answers.found = ("topic lfr.frames is missing",)
        wait_until(lambda: read_differences(home) != (), within_s=20, what="a difference")
        state = read_state(home)
        command = [str(Path(sys.executable).with_name("lfr")), "status"]
        env = os.environ | {"LFR_HOME": str(home)}
        told = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        answers.found = ()
        wait_until(lambda: read_differences(home) == (), within_s=20, what="its end")

    assert told.returncode == 1
    assert "the broker differs: topic lfr.frames is missing." in told.stderr
    assert state is not None
    assert [each.state for each in state.children] == [ChildState.READY]


def test_what_differs_only_for_a_moment_is_not_said_nor_what_was_never_known(tmp_path: Path) -> None:
    answers, unknown, seen = Answers(), Answers(), set[tuple[Compared, ...]]()
    unknown.found = None
    turns = iter([("a topic",), (), ("a topic",), (), ("a right",), ("a topic",)])
    ended = [False]

    def flicker() -> Sequence[str]:
        seen.add(comparing.read())
        found = next(turns, None)
        ended[0] = found is None
        return found or answers()

    comparing = Comparing([(flicker, SENTENCE), (unknown, "{}")], every_s=0.01, again_s=0.01)
    with comparing:
        wait_until(lambda: ended[0], within_s=20, what="the last turn")
    assert seen == {()}


def test_that_it_is_not_known_any_more_is_said_and_is_no_change() -> None:
    answers = Answers()
    with Comparing([(answers, SENTENCE)], every_s=0.05, again_s=0.05) as comparing:
        wait_until(lambda: comparing.was_made, within_s=20, what="the first comparison")
        answers.found = None
        wait_until(lambda: comparing.read() != (), within_s=20, what="a word")
        (said,) = comparing.read()

    assert said == Compared(sentence="what may have been changed isn't known: nobody answers")
    assert not said.is_changed


def home_of(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    for name in (
        *("records.sqlite3", "prefect/prefect.db", "identity/accounts.sqlite3", "processes/ca.pem"),
        *("vault/installation", "vault/audit-key.pub", "vault/wrapping-000000001.key", "vault/keys-000000001.json"),
    ):
        file = settings.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    return settings


@pytest.mark.parametrize("gone", ["vault", "processes", "prefect/prefect.db", "identity", "vault/keys-000000001.json"])
def test_files_that_have_gone_from_under_running_parts_are_found(tmp_path: Path, gone: str) -> None:
    """The keystore was moved away under a running platform, and `lfr status` was green."""
    settings = home_of(tmp_path)
    files = KeptFiles(settings)
    assert files.find_differences() == ()
    there = settings.home / gone
    shutil.rmtree(there) if there.is_dir() else there.unlink()

    found = files.find_differences()

    assert found
    assert all(gone.split("-", maxsplit=1)[0] in each and each.endswith("has gone") for each in found)


def test_a_database_in_the_place_of_another_is_found_and_a_keystore_of_the_next_generation_is_none(
    tmp_path: Path,
) -> None:
    settings = home_of(tmp_path)
    files = KeptFiles(settings)
    assert files.find_differences() == ()
    vault, records = settings.home / "vault", settings.home / "records.sqlite3"
    (vault / "keys-000000001.json").rename(vault / "keys-000000002.json")
    shutil.copy(records, tmp_path / "other")
    (tmp_path / "other").replace(records)

    assert files.find_differences() == ("another file lies in the place of records.sqlite3",)


@pytest.mark.parametrize("folder", ["kafka", "milvus"])
def test_a_folder_that_was_moved_away_under_its_service_is_found_and_so_is_one_made_anew(
    tmp_path: Path, folder: str
) -> None:
    """The broker began anew in an empty folder within ten seconds, the gallery went on, and `lfr status` was green."""
    settings = home_of(tmp_path)
    (settings.home / folder).mkdir()
    files = KeptFiles(settings)
    assert files.find_differences() == ()
    (settings.home / folder).rename(tmp_path / "moved")
    assert files.find_differences() == (f"{folder} has gone",)
    (settings.home / folder).mkdir()

    assert files.find_differences() == (f"another folder lies in the place of {folder}",)


def test_what_was_never_there_and_what_others_keep_is_not_missed(tmp_path: Path) -> None:
    elsewhere = Settings(home=tmp_path, database_url="postgresql+psycopg://db/lfr", vault_address="vault:1")
    for settings in (Settings(home=tmp_path / "empty"), elsewhere):
        files = KeptFiles(settings)
        assert files.find_differences() == files.find_differences() == ()


def test_the_page_says_it_and_nothing_where_no_supervisor_runs(tmp_path: Path) -> None:
    assert read_differences(tmp_path) == ()
    assert read_state(tmp_path) is None
    assert differences_html(()) == ""
    assert "&lt;b&gt;" in differences_html(("topic <b> is missing",))
