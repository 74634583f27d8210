"""A vault that answers at the socket of some settings, in this process: for tests of commands."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from apps.vault.process import build_core
from lfr_core.clock import Clock
from lfr_core.policy import Policy, load_policy
from lfr_core.records.engine import open_engine
from lfr_core.records.migrate import upgrade
from lfr_core.settings import Settings
from lfr_core.vault.client import VaultClient
from lfr_core.vault.core import VaultCore
from lfr_core.vault.server import VaultServer

__all__ = ["serving_vault"]


@contextmanager
def serving_vault(settings: Settings, policy: Policy | None = None, clock: Clock | None = None) -> Iterator[VaultCore]:
    """The vault of these settings, its database brought up to date; under `clock`, if a test moves one."""
    upgrade(settings.records_url)
    engine = open_engine(settings.records_url)
    core = build_core(settings, policy or load_policy(), engine, clock)
    server = VaultServer(core, settings.vault_socket)
    thread = threading.Thread(target=server.serve, name="vault")
    thread.start()
    try:
        with _clients_closed():
            yield core
    finally:
        server.stop()
        thread.join(10)
        engine.dispose()


@contextmanager
def _clients_closed() -> Iterator[None]:
    """Close the clients that were made meanwhile: the end of a command's process closes its own, here none ends."""
    clients: list[VaultClient] = []
    make = VaultClient.__init__

    def made(client: VaultClient, path: Path, timeout_s: float = 10.0) -> None:
        make(client, path, timeout_s)
        clients.append(client)

    try:
        with patch.object(VaultClient, "__init__", made):
            yield
    finally:
        for client in clients:
            client.close()
