"""Runs a program of ours on something from outside, in a process that is ended when it takes too much."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["TookTooMuch", "run_bounded"]

_ENDED = frozenset({-9, -24, -6})
"""By SIGKILL, SIGXCPU (out of time) or SIGABRT (out of memory)."""


class TookTooMuch(Exception):
    """The program was ended, since it took more time or memory than it may."""


def run_bounded(
    program: Path, data: bytes, *, cpu_s: int, memory_bytes: int, wall_s: float, arguments: Sequence[object] = ()
) -> subprocess.CompletedProcess[bytes]:
    """Run a Python program with `data` on its standard input, and return what it printed and how it ended.

    program: limits itself to the seconds of processor time and the bytes of memory that its first two arguments say.
    wall_s: seconds by the clock after which it is ended all the same.

    Raises:
        TookTooMuch: one of the three was reached.
    """
    command = [sys.executable, "-I", str(program), *map(str, (cpu_s, memory_bytes, *arguments))]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=wall_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise TookTooMuch from error
    if done.returncode in _ENDED or b"MemoryError" in done.stderr:
        raise TookTooMuch
    return done
