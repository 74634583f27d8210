"""LFR_REQUIRE: what continuous integration promises to have run, ran."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SUITE = """
import pytest

@pytest.mark.kafka
def test_with_the_marker():
    pytest.skip("no broker here")

@pytest.fixture
def broker():
    pytest.skip("the fixture found no broker")

@pytest.mark.kafka
def test_with_a_fixture(broker):
    pass

def test_without_the_marker():
    pytest.skip("something else")

@pytest.mark.kafka
@pytest.mark.xfail(reason="known", strict=True)
def test_known_to_fail():
    raise AssertionError
"""


def run(folder: Path, suite: str, require: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_suite.py").write_text(suite)
    (folder / "conftest.py").write_text('pytest_plugins = ["tests.support.required"]\n')
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    kafka: x\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    env = {**os.environ, "LFR_REQUIRE": require, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_a_skip_is_a_skip_when_nothing_is_required(tmp_path: Path) -> None:
    done = run(tmp_path, SUITE, "")

    assert (done.returncode, "3 skipped, 1 xfailed" in done.stdout) == (0, True), done.stdout


def test_a_required_test_that_is_skipped_fails_with_the_reason_of_the_skip(tmp_path: Path) -> None:
    done = run(tmp_path, SUITE, "kafka,models")

    assert done.returncode == 1
    assert "1 failed, 1 skipped, 1 xfailed, 1 error" in done.stdout
    assert "LFR_REQUIRE demands kafka, and this was skipped. Skipped: no broker here" in done.stdout
    assert "Skipped: the fixture found no broker" in done.stdout


def test_a_module_that_skips_itself_fails_when_something_is_required(tmp_path: Path) -> None:
    suite = "import pytest\npytest.skip('not today', allow_module_level=True)\n"

    assert run(tmp_path, suite, "").returncode != 1
    done = run(tmp_path, suite, "kafka")

    assert done.returncode != 0
    assert "skips itself at import" in done.stdout


@pytest.mark.parametrize("word", ["kafak", pytest.param("kafka,postgres", marks=pytest.mark.slow)])
def test_a_misspelt_requirement_is_refused(tmp_path: Path, word: str) -> None:
    done = run(tmp_path, SUITE, word)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "LFR_REQUIRE names" in done.stderr
