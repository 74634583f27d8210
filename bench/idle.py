"""What `lfr up` costs before anybody does anything: how long it takes to be ready, then processor time and memory.

    python -m bench.idle                   # half a minute to settle, three minutes measured
    python -m bench.idle --seconds 60

A home folder and ports of its own, started as a person starts it (`lfr up --detach`), everything that it starts without
settings: broker, gallery, vault, worker, recorder, pages, identity server, workflows, watch. Memory is PSS: what
processes share is counted once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from apps.runs.run_settings import settings_for_run
from apps.supervisor.plan import settings_env
from apps.supervisor.state import read_state
from bench.figures import make_parser, write_figures
from bench.processes import ProcessorTimes, kind_of
from lfr_core.common.settings import Settings

__all__ = ["Idle"]

START_GOAL_S, CORE_GOAL, MEMORY_GOAL_MB = 15.0, 0.10, 1200.0


@dataclass(frozen=True, slots=True)
class Idle:
    """What was measured."""

    start_s: float
    first_word_s: float
    """Until the start said something."""
    start_by_kind: Mapping[str, float]
    """Processor seconds until then, of what runs at its end."""
    core: float
    """Share of one core, all processes together."""
    memory_mb: float
    core_by_kind: Mapping[str, float]
    memory_by_kind: Mapping[str, float]
    load_before: float
    load_after: float


def start(env: Mapping[str, str]) -> tuple[float, float]:
    """Start it; seconds until its first word, and until it is ready. Its words go to the terminal."""
    began, first = time.perf_counter(), 0.0
    command = [sys.executable, "-m", "apps.cli", "up", "--detach"]
    with subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as said:
        for line in said.stdout or ():
            first = first or time.perf_counter() - began
            sys.stderr.write(f"{time.perf_counter() - began:5.1f} s  {line}")
    if said.returncode:
        raise SystemExit(f"`lfr up` ended with exit code {said.returncode}")
    return first, time.perf_counter() - began


def memory(root: psutil.Process) -> dict[str, float]:
    """Return the megabytes of each kind of process below `root`, and of it."""
    found: dict[str, float] = defaultdict(float)
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.Error):
            found[kind_of(" ".join(process.cmdline()))] += process.memory_full_info().pss / 1e6
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def processor_s(root: psutil.Process) -> dict[str, float]:
    """Return the processor seconds that each kind of process has used so far."""
    found: dict[str, float] = defaultdict(float)
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.Error):
            times = process.cpu_times()
            found[kind_of(" ".join(process.cmdline()))] += times.user + times.system
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def measure(seconds: float, settle_s: float, home: Path) -> Idle:
    """Start a system in `home`, wait, measure, stop it."""
    settings = settings_for_run(Settings(), home, workers=0, keep_page_port=False)
    ports = {"prefect_port": settings.operator_port + 1, "public_port": settings.operator_port + 2}
    env = {**os.environ, **settings_env(settings.model_copy(update=ports))}
    load = os.getloadavg()[0]
    first, ready = start(env)
    try:
        state = read_state(home)
        assert state is not None
        root = psutil.Process(state.pid)
        started = processor_s(root)
        time.sleep(settle_s)
        with ProcessorTimes(root) as used:
            time.sleep(seconds)
        by_kind = {kind: each / seconds for kind, each in used.seconds.items()}
        held = memory(root)
    finally:
        subprocess.run([sys.executable, "-m", "apps.cli", "down"], env=env, check=False, stdout=sys.stderr)
    return Idle(
        ready, first, started, sum(by_kind.values()), sum(held.values()), by_kind, held, load, os.getloadavg()[0]
    )  # fmt: skip


def main() -> int:
    """Measure and print; exits with 1 where a goal isn't reached."""
    parser = make_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=180.0, help="how long it is watched (default 180)")
    parser.add_argument("--settle", type=float, default=30.0, help="how long it is left alone before (default 30)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lfr-idle-") as folder:
        found = measure(given.seconds, given.settle, Path(folder) / "home")
    print(f"load before {found.load_before:.1f}, after {found.load_after:.1f}, on {os.cpu_count()} cores")
    print(f"ready after {found.start_s:.1f} s (goal {START_GOAL_S:.0f}), first word after {found.first_word_s:.1f} s")
    print(
        f"processor s of the start: {sum(found.start_by_kind.values()):.0f}: "
        + ", ".join(f"{kind} {each:.1f}" for kind, each in found.start_by_kind.items())
    )
    print(
        f"idle: {found.core:.1%} of a core (goal {CORE_GOAL:.0%}), "
        f"{found.memory_mb:,.0f} MB (goal {MEMORY_GOAL_MB:,.0f})"
    )
    for kind in sorted({*found.core_by_kind, *found.memory_by_kind}, key=lambda one: -found.core_by_kind.get(one, 0.0)):
        print(f"  {kind:18}{found.core_by_kind.get(kind, 0.0):>8.1%}{found.memory_by_kind.get(kind, 0.0):>8.0f} MB")
    write_figures(given.json, asdict(found))
    return 0 if found.start_s <= START_GOAL_S and found.core <= CORE_GOAL and found.memory_mb <= MEMORY_GOAL_MB else 1


if __name__ == "__main__":
    sys.exit(main())
