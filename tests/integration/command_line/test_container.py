"""The whole platform as process 1 of a container: one folder may be written, nobody has an entry or a home there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from lfr_core.common.settings import Settings

SCRIPT = str(Path(__file__).resolve().parents[2] / "machines" / "container.sh")
TOOLS = ("unshare", "nsenter", "ip", "mount")
ENV = os.environ | {
    "LFR_CACHE": str(Settings().cache),
    "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.identity,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, TOOLS)), reason="only root makes a container; it needs unshare"
    ),
]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *command], env=ENV, capture_output=True, text=True, check=False, timeout=200)


def is_ready(first: int) -> bool:
    told = run("--in", str(first), "lfr", "status", "--json")
    if not told.stdout.startswith("{"):
        return False
    states: Sequence[str] = [child["state"] for child in json.loads(told.stdout)["children"]]
    return bool(states) and set(states) == {"ready"}


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir(mode=0o700)
    return folder


def test_the_platform_starts_answers_and_ends_as_process_1_of_a_container(volume: Path) -> None:
    with (volume.parent / "up.log").open("wb") as log:
        up = subprocess.Popen([SCRIPT, str(volume), "lfr", "up"], env=ENV, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 180
        first: list[psutil.Process] = []
        while not (first and is_ready(first[0].pid)):
            assert up.poll() is None, (volume.parent / "up.log").read_text()
            assert time.monotonic() < until, (volume.parent / "up.log").read_text()
            time.sleep(1)
            first = psutil.Process(up.pid).children()
        inside = str(first[0].pid)
        who = run("--in", inside, "sh", "-c", "id -u; readlink /proc/self/cwd; touch /tmp/x 2>&1")
        made = run("--in", inside, "lfr", "deployment", "create", "trial", "--kind", "evaluation")
        listed = run("--in", inside, "lfr", "deployment", "list", "--json")
        first[0].send_signal(signal.SIGTERM)
        code = up.wait(60)
    finally:
        up.kill()

    assert who.stdout.split("\n")[0] == "12345"
    assert "Read-only file system" in who.stdout
    assert made.returncode == 0, made.stderr
    assert [each["id"] for each in json.loads(listed.stdout)] == ["trial"]
    assert code == 0
    assert [each.name for each in volume.iterdir()] == ["home"]


def test_a_demonstration_is_played_to_its_certificate_in_a_container(volume: Path) -> None:
    done = run(str(volume), "lfr", "demo", "--headless", "--seconds", "10", "--json", "/mnt/out.json")

    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-3_000:]
    assert json.loads((volume / "out.json").read_text())
    assert {each.name for each in volume.iterdir()} <= {"home", "demo", "out.json"}
