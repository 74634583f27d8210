"""The whole platform, started where environment and folder lead elsewhere, asks nobody and writes at home.

Every child of `lfr up` runs, a flow's run is made by Prefect as a process of its own, and pages are opened.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.supervisor.children import ChildState
from apps.supervisor.state import read_state
from lfr_core.common.settings import Settings
from lfr_core.retention.last_purge import Purger, read_ended
from tests.support.brokers import free_ports
from tests.support.outside import (
    STRACE,
    RecordingProxy,
    foreign_hosts,
    hostile_folder,
    persons_environment,
)

pytestmark = [pytest.mark.models, pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(420)]
PORTS = ("KAFKA", "KAFKA_CONTROLLER", "MILVUS", "OPERATOR", "PREFECT", "PUBLIC", "IDENTITY")


def is_ours_alone(folder: Path) -> bool:
    """Whether it is this user's, and no other may write there or make it anew."""
    above = (folder, *folder.parents)
    return folder.stat().st_mode & 0o077 == 0 and all(
        each.stat().st_uid in {0, os.getuid()} and (not each.stat().st_mode & 0o022 or each.stat().st_mode & 0o1000)
        for each in above
    )


def how_hardened(home: Path, child: str, pid: int) -> tuple[str, bool]:
    """The limit of its core files, and whether its log says that nobody can attach to it."""
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    (core,) = (line.split()[4] for line in limits if line.startswith("Max core file size"))
    log = (home / "log" / f"{child}.log").read_text(encoding="utf-8", errors="replace")
    said = [line for line in log.splitlines() if "process_hardened" in line]
    return core, bool(said) and all("core_dumps_forbidden" in line and "rue" in line for line in said)


def until(true: Callable[[], bool], process: subprocess.Popen[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.5)


def of_platform(home: Path, ports: dict[str, int]) -> dict[str, str]:
    return {
        "LFR_HOME": str(home),
        "LFR_CACHE": str(Settings().cache),
        "LFR_WORKERS": "1",
        "LFR_BROKER": "kafka",
    } | {f"LFR_{name}_PORT": str(port) for name, port in ports.items()}


def test_the_platform_asks_nobody_and_writes_at_home_for_its_user_alone(tmp_path: Path, kafka_libs: Path) -> None:
    home, person, trace = tmp_path / "home", tmp_path / "person", tmp_path / "trace"
    person.mkdir()
    (home / "log").mkdir(parents=True)
    for folder in (home, home / "log"):
        folder.chmod(0o755)  # as an earlier version left them
    theirs = hostile_folder(tmp_path / "theirs")
    before = sorted(str(path) for path in theirs.rglob("*"))
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    lfr = str(Path(sys.executable).with_name("lfr"))
    watch = (*(STRACE, "-f", "-qq", "--seccomp-bpf"), *("-e", "trace=connect", "-o", str(trace)))
    command = [*(watch if STRACE else ()), lfr, "up"]

    def is_ready() -> bool:
        state = read_state(home)
        return state is not None and {child.check_state() for child in state.children} == {ChildState.READY}

    def has_swept() -> bool:
        ended = read_ended(home)
        return ended is not None and ended.by is Purger.FLOW

    with RecordingProxy() as proxy:
        env = persons_environment(person, proxy.url) | of_platform(home, ports)
        with subprocess.Popen(
            command, cwd=theirs, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as up:
            try:
                until(is_ready, up, 200)
                for name in ("OPERATOR", "PUBLIC"):
                    with urllib.request.urlopen(f"http://127.0.0.1:{ports[name]}/", timeout=20) as page:
                        assert page.status == 200
                until(has_swept, up, 150)
                doctor = subprocess.run([lfr, "doctor", "--json"], env=env, capture_output=True, check=False)
                running = read_state(home)
                assert running is not None
                open_sockets = [path for path in home.rglob("*") if path.is_socket() and not is_ours_alone(path.parent)]
                hardened = {child.name: how_hardened(home, child.name, child.pid or 0) for child in running.children}
            finally:
                state = read_state(home)
                if state is not None and state.is_alive():
                    os.kill(state.pid, signal.SIGTERM)
                output, _ = up.communicate(timeout=120)

    assert f"{home} was open to other users" in output.replace("\n", "")
    assert proxy.asked == []
    assert [str(path) for path in person.rglob("*")] == []
    assert sorted(str(path) for path in theirs.rglob("*")) == before
    told = {each["name"]: each for each in json.loads(doctor.stdout) if each["name"].startswith("connect: ")}
    assert {name: each["says"] for name, each in told.items() if each["level"] == "fail"} == {}
    assert [name for name, each in told.items() if "nobody listens" in each["says"]] == []
    assert open_sockets == []
    assert {core for core, _ in hardened.values()} == {"0"}
    assert {name for name, (_, said) in hardened.items() if said} >= {
        *("flows", "identity", "page", "purge", "recognise-0", "record", "vault", "watch"),
    }
    public = Settings(home=home).public_site
    closed = [path for path in (home, *home.rglob("*")) if not path.is_symlink() and public.name not in str(path)]
    assert [str(path) for path in closed if path.stat().st_mode & 0o077] == []
    if STRACE:
        assert foreign_hosts(trace) == []
