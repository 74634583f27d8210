"""Runs a reader of HTML documents in a process that can be ended: some text takes such a reader quadratic time."""

from __future__ import annotations

from pathlib import Path

from lfr_core.common.bounded_child import TookTooMuch, run_bounded
from lfr_core.common.errors import Fatal, Refused

__all__ = ["read_in_child"]

_CPU_S = 15
"""The largest document that is plain text and tables takes about three."""
_WALL_S = 120.0
_MEMORY_BYTES = 4_000_000_000


def read_in_child(program: str, text: str) -> str:
    """Return what a program beside this module (`clean_html.py`) prints of a text.

    Raises:
        Refused: `documents.too-complicated`: it takes too long or too much memory to read.
        Fatal: the program can't be run.
    """
    file = Path(__file__).with_name(program)
    try:
        done = run_bounded(file, text.encode(), cpu_s=_CPU_S, memory_bytes=_MEMORY_BYTES, wall_s=_WALL_S)
    except TookTooMuch:
        raise Refused(
            "documents.too-complicated",
            "the HTML document takes too long to read: save it as PDF, or with fewer nested parts",
        ) from None
    if done.returncode != 0:
        raise Fatal(f"the reader of HTML documents failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout.decode()
