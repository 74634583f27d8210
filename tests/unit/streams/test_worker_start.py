from __future__ import annotations

import os
import subprocess
import sys

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
    [({"LFR_KAFKA_PORT": "many"}, "kafka_port"), ({"LFR_POLICY_FILE": "/nowhere/policy.toml"}, "/nowhere/policy.toml")],
)
def test_a_worker_that_cannot_run_as_things_are_says_why_and_is_not_started_again(
    env: dict[str, str], says: str
) -> None:
    told = start(env)

    assert told.returncode == 70
    assert says in told.stderr
    assert "Traceback" not in told.stderr
