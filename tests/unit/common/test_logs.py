from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lfr_core.common.logs import withhold_biometrics

SPEAK = (
    "import logging, sys; from lfr_core.common.logs import configure_logs, get_logger; configure_logs(); "
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


LEAK = """
import numpy as np
from lfr_core.common.biometric import Biometric
from lfr_core.common.logs import configure_logs, get_logger
crop, template = b"\\xff\\xd8 a face", np.full(512, 0.0442, np.float32)
configure_logs()
get_logger().warning(
    "event", deployment="dep", frames=3, crop=crop, template=template, wrapped=Biometric(crop),
    nested={"probes": [1, {"deep": Biometric(template)}], "ids": ["a"]},
)
"""


def test_nothing_of_a_face_reaches_the_log_and_the_event_says_which_field_tried() -> None:
    done = subprocess.run([sys.executable, "-c", LEAK], capture_output=True, text=True, check=True)

    output = json.loads(done.stderr)
    assert output["biometric_withheld"] == ["crop", "nested", "template", "wrapped"]
    assert (output["crop"], output["template"], output["wrapped"]) == ("withheld",) * 3
    assert output["nested"] == {"probes": [1, {"deep": "withheld"}], "ids": ["a"]}
    assert (output["deployment"], output["frames"]) == ("dep", 3)
    assert "a face" not in done.stderr
    assert "0.044" not in done.stderr


def test_an_event_without_any_is_left_as_it_is() -> None:
    event = {"event": "x", "list": [1, 2], "who": None}

    assert withhold_biometrics(None, "info", dict(event)) == event
