"""Loading a model tells nobody: no name is looked up, no proxy is asked, nothing is written outside the home folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from tests.support.outside import STRACE, RecordingProxy, foreign_hosts, hostile_folder, persons_environment

pytestmark = pytest.mark.models

LOAD = (  # longer than ONNX Runtime waits before it writes and sends
    "import time; from lfr_core.recognition.faces.engine import build_engine\n"
    "from lfr_core.domain.policy import load_policy\n"
    "from lfr_core.common.settings import Settings; build_engine(Settings(), load_policy(None)); time.sleep(2)"
)
PROGRAMS = {
    "a process of ours": (sys.executable, "-c", LOAD),
    "the command line": (str(Path(sys.executable).with_name("lfr")), "models", "verify", "--json"),
    "a benchmark": (sys.executable, "-c", f"import bench.stages; {LOAD}"),
}


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(program, id=name, marks=() if name == "a process of ours" else pytest.mark.slow)
        for name, program in PROGRAMS.items()
    ],
)
def test_loading_a_model_asks_nobody_and_leaves_nothing_in_the_persons_folders(
    program: tuple[str, ...], tmp_path: Path
) -> None:
    person, trace, theirs = tmp_path / "person", tmp_path / "trace", hostile_folder(tmp_path / "theirs")
    person.mkdir()
    cwd = Path(__file__).resolve().parents[4] if "bench" in program[-1] else theirs
    watched = [STRACE, "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect", "-o", str(trace)] if STRACE else []
    if cwd is theirs:  # `python -c` looks in the folder one stands in by itself
        program = (program[0], *(("-P",) if program[0] == sys.executable else ()), *program[1:])
    with RecordingProxy() as proxy:
        env = persons_environment(person, proxy.url) | {"LFR_CACHE": str(Settings().cache)}
        done = subprocess.run([*watched, *program], cwd=cwd, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert [str(path) for path in person.rglob("*")] == []
    assert proxy.asked == []
    assert foreign_hosts(trace) == [] if STRACE else True
