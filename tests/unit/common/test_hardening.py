"""Core dumps, in a real process that is made to crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lfr_core.common.environment import LOCK_MEMORY

ROOT = Path(__file__).resolve().parents[3]

CRASH = """
import ctypes, os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
if sys.argv[1] == "hardened":
    import lfr_core
said = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
print(said, resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)
os.abort()
"""


def _crash(tmp_path: Path, how: str) -> tuple[str, bool]:
    """What the process said of itself, and whether the kernel says that it dumped core."""
    with (tmp_path / how).open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", CRASH, how],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        _pid, status = os.waitpid(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == -signal.SIGABRT, (tmp_path / how).read_text()
    return (tmp_path / how).read_text().split("\n")[0], os.WCOREDUMP(status)


@pytest.mark.skipif(sys.platform != "linux", reason="mlockall's page on fault is Linux's")
@pytest.mark.root
def test_what_the_supervisor_asks_to_lock_its_memory_does_so_before_it_imports_anything() -> None:
    tell = "import lfr_core, re; print(re.search(r'VmLck:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    locked = {
        how: int(subprocess.check_output([sys.executable, "-c", tell], env=os.environ | {LOCK_MEMORY: how}, cwd=ROOT))
        for how in ("", "1")
    }

    assert locked[""] == 0
    if locked["1"] == 0:
        pytest.skip("this container may not lock memory")
    assert locked["1"] > 1_000  # kB


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_hardened_process_that_crashes_leaves_no_core(tmp_path: Path) -> None:
    plain, hardened = _crash(tmp_path, "plain"), _crash(tmp_path, "hardened")

    assert plain[0].split()[0] == "1"  # the flag is set where nothing clears it: the check can fail
    assert hardened == ("0 0", False)
    assert [f.name for f in tmp_path.iterdir() if "core" in f.name] == (["core"] if plain[1] else [])
