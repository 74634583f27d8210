"""The staff's app as the supervisor starts it."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from apps.staff.launch import command, health_address
from apps.supervisor.plan import settings_env
from lfr_core.common.settings import Settings

__all__ = ["staff_app"]


@contextmanager
def staff_app(settings: Settings, started: Sequence[str] = ()) -> Iterator[str]:
    """Its address, once it answers; its log is `page.log` in the home folder. `started`: by another command."""
    log = settings.home / "page.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            list(started) or command(), env=os.environ | settings_env(settings), stdout=out, stderr=out
        )
    address = settings.page_addresses[0]
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(health_address(settings), timeout=2):
                    break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)
