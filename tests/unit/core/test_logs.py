from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SPEAK = (
    "import logging, sys; from lfr_core.logs import configure_logs, get_logger; configure_logs(); "
    "get_logger().warning('service_away', what='database'); logging.getLogger('kafka').error('away'); sys.exit(3)"
)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_log_on_a_full_disk_stops_nothing() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", SPEAK], stderr=full, check=False)

    assert done.returncode == 3


def test_events_are_json_lines_on_standard_error() -> None:
    done = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, text=True, check=False)

    assert done.stdout == ""
    assert '"event": "service_away"' in done.stderr
