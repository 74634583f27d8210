"""A vault that answers at the socket of some settings: in this process under a test's clock, or its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from apps.vault.process import build_core, build_identities
from lfr_core.common.clock import Clock, SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.vault_records import TrailRecords
from lfr_core.custody.identity.provider import provider_of
from lfr_core.custody.identity.shown_logins import ShownLogins
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.process_files import ProcessFiles
from lfr_core.custody.vault.server import VaultServer
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.each_process import EachProcess

__all__ = ["VaultProcess", "process_files", "served", "serving_vault"]


@contextmanager
def serving_vault(
    settings: Settings, policy: Policy | None = None, clock: Clock | None = None, *, asks_for_logins: bool = False
) -> Iterator[VaultCore]:
    """The vault of these settings, its database brought up to date; under `clock`, if a test moves one.

    asks_for_logins: whether it must be shown the login of each person, as a vault in a process of its own.
    """
    make_records(settings.records_url)
    engine = open_engine(settings.records_url)
    core = build_core(settings, policy or load_policy(), engine, SystemClock() if clock is None else _OneLook(clock))
    try:
        session_h = (policy or load_policy()).access.session_h
        records = TrailRecords(engine, core.writers, core.public_key, core.clock, settings.keystore_folder)
        shown = ShownLogins(engine, provider_of(settings), session_h, core.clock, records)
        logins = shown if asks_for_logins else None
        if logins is not None:
            # known before anybody asks; in a thread, as the vault's own: a browser's test runs an event loop
            asking = threading.Thread(target=logins.maintain, name="provider-keys")
            asking.start()
            asking.join()
        with served(core, settings.vault_socket, settings.process_folder, logins=logins), _clients_closed():
            yield core
    finally:
        engine.dispose()


@contextmanager
def served(
    core: VaultCore,
    path: Path,
    folder: Path,
    listen: tuple[str, int] | None = None,
    *,
    clock: Clock | None = None,
    logins: ShownLogins | None = None,
) -> Iterator[VaultServer]:
    """A vault served at a socket, its processes' certificates in a folder."""
    server = VaultServer(core, path, *build_identities(core, folder, 1.0, clock or SystemClock()), listen, logins)
    thread = threading.Thread(target=server.serve, name="vault")
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


def process_files(core: VaultCore, folder: Path, clock: Clock | None = None) -> ProcessFiles:
    """Certificates of every kind of process, good for a day, as the vault makes them at its start."""
    return build_identities(core, folder, 1.0, clock or SystemClock())[0]


class _OneLook:
    """A test's clock for the vault's own threads: a test that moves it between a look at the wall time and the look
    at the monotonic time that follows would make a jump that no clock made.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = threading.local()

    def time_ns(self) -> int:
        while True:  # until nobody moved it meanwhile
            before, monotonic, wall_ns = self._clock.time_ns(), self._clock.monotonic(), self._clock.time_ns()
            if before == wall_ns:
                self._seen.monotonic = monotonic
                return wall_ns

    def monotonic(self) -> float:
        seen: float | None = getattr(self._seen, "monotonic", None)
        self._seen.monotonic = None
        return self._clock.monotonic() if seen is None else seen


@contextmanager
def _clients_closed() -> Iterator[None]:
    """Close the clients that were made meanwhile: the end of a command's process closes its own, here none ends."""
    clients: list[VaultClient] = []
    make = VaultClient.__init__

    def made(client: VaultClient, *given: Any, **named: Any) -> None:
        make(client, *given, **named)
        clients.append(client)

    try:
        with patch.object(VaultClient, "__init__", made):
            yield
    finally:
        for client in clients:
            client.close()


class VaultProcess:
    """`python -m apps.vault` on a home of its own, its database brought up to date."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.settings = Settings(home=home)
        make_records(self.settings.records_url)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "apps.vault"],
            env={**os.environ, "LFR_HOME": str(home), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_ready(self) -> EachProcess:
        client = EachProcess.of(self.settings)
        deadline = time.monotonic() + 30
        while True:
            try:
                client.ping()
            except Retryable:
                assert self.process.poll() is None, self.process.communicate()[0]
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return client

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        self.process.communicate(timeout=20)
        return self.process.returncode
