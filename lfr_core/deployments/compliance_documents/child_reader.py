"""Runs a reader of HTML documents in a process that can be ended: some text takes such a reader quadratic time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lfr_core.common.errors import Fatal, Refused

__all__ = ["read_in_child"]

_CPU_S = 15
"""The largest document that is plain text and tables takes about three."""
_WALL_S = 120.0
_MEMORY_BYTES = 4_000_000_000
_KILLED = frozenset({-9, -24, -6})
"""By SIGKILL, SIGXCPU (out of time) or SIGABRT (out of memory)."""


def read_in_child(program: str, text: str) -> str:
    """Return what a program beside this module (`clean_html.py`) prints of a text.

    Raises:
        Refused: `documents.too-complicated`: it takes too long or too much memory to read.
        Fatal: the program can't be run.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(Path(__file__).with_name(program)), str(_CPU_S), str(_MEMORY_BYTES)],
            input=text.encode(),
            capture_output=True,
            timeout=_WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_complicated() from None
    if done.returncode in _KILLED or b"MemoryError" in done.stderr:
        raise _too_complicated()
    if done.returncode != 0:
        raise Fatal(f"the reader of HTML documents failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout.decode()


def _too_complicated() -> Refused:
    return Refused(
        "documents.too-complicated",
        "the HTML document takes too long to read: save it as PDF, or with fewer nested parts",
    )
