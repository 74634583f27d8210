"""A laptop that sleeps in mid-deployment: time goes on for keys, hours and proofs, and stands for whoever waits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sleeping import in_machine_that_sleeps

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.kafka
@pytest.mark.models
@pytest.mark.slow
def test_a_machine_that_sleeps_in_mid_deployment_keeps_no_key_and_recognises_nobody_by_what_was_true_before(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:randomly", "-q", "tests/faults/asleep.py"]

    done = subprocess.run(
        in_machine_that_sleeps(tmp_path, command), cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert "2 passed" in done.stdout
