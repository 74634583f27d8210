"""Runs the program that downloads: npm, pip or Maven, with the person's own proxies and mirrors."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lfr_core.common.environment import download_environment
from lfr_core.common.errors import Retryable

__all__ = ["run_downloader"]


def run_downloader(
    command: Sequence[str], *, limit_s: float, late: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` and return how it ended and what it printed.

    Args:
        command: the program and its arguments.
        limit_s: seconds after which it is ended.
        late: what is said then.
        cwd: where it runs.

    Raises:
        Retryable: it took too long.
    """
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=download_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired as error:
        raise Retryable(late) from error
