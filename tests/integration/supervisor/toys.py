"""Children that sleep, crash, hold ports and have children of their own, and a clock that a test moves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from apps.supervisor import Backoff, ChildSpec
from apps.supervisor.probes import says_ready
from lfr_core.common.clock import SystemClock

QUICK = Backoff(first_s=0.05, factor=1.5, longest_s=0.2, quick_s=5.0, give_up_after=4)

SLEEPER = """
import os, pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER
PARENT = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1] + ".grandchild").write_text(str(child.pid))
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""
NOTER = """
import os, pathlib, signal, sys, time
def noted(*_):
    with open(sys.argv[2], "a") as file:
        file.write(sys.argv[3] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, noted)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""


def toy(name: str, code: str, folder: Path, *more: str, **options: Any) -> ChildSpec:
    """A child that runs `code` and is ready when it has written its pid to FOLDER/NAME.ready."""
    ready = folder / f"{name}.ready"
    command = (sys.executable, "-c", code, str(ready), *more)
    return ChildSpec(name, command, ready=says_ready(ready), **options)


class Ahead(SystemClock):
    """A clock that a test moves, and that counts how often it was looked at."""

    seconds, looks = 0.0, 0

    def monotonic(self) -> float:
        self.looks += 1
        return super().monotonic() + self.seconds
