"""A worker of the stream as a process of its own, and waiting until something holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lfr_core.common.settings import Settings
from streams.worker import ready_file
from tests.support.other_user import OtherUser

__all__ = ["Worker", "environment_of", "wait_until"]


def wait_until(condition: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Poll until true; fail with `what` after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.05)


@dataclass
class Worker:
    """A worker process that a test may stop or kill, and start again."""

    role: str
    index: int
    settings: Settings
    log: Path
    process: subprocess.Popen[bytes] | None = None
    user: OtherUser | None = None
    """Whose process it is; None: this user's."""

    def start(self) -> Worker:
        with self.log.open("ab") as log:
            environment = environment_of(self.settings)
            python, options = sys.executable, dict[str, Any](env=os.environ | environment)
            if self.user is not None:
                python, options = str(self.user.python), self.user.options(environment)
            command = [python, "-m", "streams.worker", self.role, "--index", str(self.index)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        return self

    def wait_ready(self, within_s: float = 180.0) -> Worker:
        file = ready_file(self.settings, self.role, self.index)

        def ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"the worker ended: {self.log.read_text()[-3000:]}"
            try:
                return file.read_text() == str(self.process.pid)
            except OSError:
                return False

        wait_until(ready, within_s=within_s, what=f"{self.role} {self.index} ready")
        return self

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, by itself or not."""
        return self.process is not None and self.process.poll() is not None

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait; the exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(30)
        self.process = None
        return code

    def pause(self) -> None:
        """Stop it in its tracks, as a machine does that has no time for it."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid


def environment_of(settings: Settings) -> dict[str, str]:
    """These settings as the environment of a process of ours."""
    return {
        "LFR_HOME": str(settings.home),
        "LFR_CACHE": str(settings.cache),
        "LFR_KAFKA_SERVERS": settings.kafka_servers,
        "LFR_BROKER": settings.broker,
        "LFR_KAFKA_SECURITY": settings.kafka_security,
        "LFR_MILVUS_URI": settings.milvus_uri,
        "LFR_DATABASE_URL": settings.records_url,
        "LFR_VAULT_LISTEN": settings.vault_listen,
        "LFR_VAULT_ADDRESS": settings.vault_address,
        "LFR_OIDC_ISSUER": settings.oidc_issuer,
        "LFR_LOG_LEVEL": "INFO",
    } | {
        f"LFR_{name.upper()}": str(path)
        for name in ("policy_file", "kafka_logins", "kafka_ca_file")
        if (path := getattr(settings, name)) is not None
    }
