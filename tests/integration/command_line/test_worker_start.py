from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def start(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.worker", "record"],
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"LFR_KAFKA_PORT": "many"}, "LFR_KAFKA_PORT"),
        pytest.param({"LFR_POLICY_FILE": "/nowhere/policy.toml"}, "/nowhere/policy.toml", marks=pytest.mark.slow),
    ],
)
def test_a_worker_that_cannot_run_as_things_are_says_why_and_is_not_started_again(
    env: dict[str, str], says: str
) -> None:
    result = start(env)

    assert result.returncode == 70
    assert says in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.slow
def test_a_worker_that_cannot_say_that_it_is_ready_ends_as_one_that_may_be_started_again() -> None:
    code = "import pathlib, streams.worker as w; w._say_ready(w.LivenessFile(pathlib.Path('/dev/full')))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 75
    assert b"Free space" in done.stdout + done.stderr
