"""The staff's app as the supervisor starts it."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from apps.staff.launch import command
from lfr_core.common.settings import Settings

__all__ = ["staff_app"]


@contextmanager
def staff_app(settings: Settings) -> Iterator[str]:
    """Its address, once it answers; its log is `page.log` in the home folder."""
    log = settings.home / "page.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command(settings), env=os.environ | {"LFR_HOME": str(settings.home)}, stdout=out, stderr=out
        )
    address = f"http://127.0.0.1:{settings.operator_port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)
