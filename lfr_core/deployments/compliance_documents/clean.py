"""An HTML document as it is published: what `clean_html` leaves of it, in a page of ours that loads nothing."""

from __future__ import annotations

import html
import subprocess
import sys
from pathlib import Path

from lfr_core.common.errors import Fatal, Refused

__all__ = ["cleaned"]

_CPU_S = 15
"""The largest document that is plain text and tables takes about three."""
_WALL_S = 120.0
_MEMORY_BYTES = 4_000_000_000
_KILLED = frozenset({-9, -24, -6})
"""By SIGKILL, SIGXCPU (out of time) or SIGABRT (out of memory)."""
_PROGRAM = Path(__file__).with_name("clean_html.py")
_PAGE = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>
<body>
{body}
</body></html>
"""


def cleaned(content: bytes, title: str) -> bytes:
    """Return the cleaned page of an HTML document. What is clean stays as it is: cleaning it again changes nothing.

    Args:
        content: UTF-8, with or without BOM.
        title: the document's, for the browser's window.

    Raises:
        Refused: `papers.too-complicated`: it takes too long or too much memory to read.
        Fatal: the cleaner can't be run.
    """
    text = content.decode("utf-8-sig").encode()
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM), str(_CPU_S), str(_MEMORY_BYTES)],
            input=text,
            capture_output=True,
            timeout=_WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_complicated() from None
    if done.returncode in _KILLED or b"MemoryError" in done.stderr:
        raise _too_complicated()
    if done.returncode != 0:
        raise Fatal(f"the cleaner of HTML documents failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return _PAGE.format(title=html.escape(title), body=done.stdout.decode()).encode()


def _too_complicated() -> Refused:
    return Refused(
        "papers.too-complicated", "the HTML document takes too long to read: save it as PDF, or with fewer nested parts"
    )
