"""A vault behind its socket, in this process."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.custody.vault.process_files import client_context
from lfr_core.custody.vault.server import VaultServer
from lfr_core.custody.vault.wire import read_frame
from lfr_core.domain.actors import ProcessIdentity
from tests.support.each_process import EachProcess
from tests.support.vault_core import vault_core

__all__ = ["Served"]


class Served:
    """A vault on a socket, in a thread."""

    def __init__(self, folder: Path) -> None:
        self.core, self.clock, self.records = vault_core(folder / "vault")
        self.path = folder / "run" / "vault.sock"
        self.folder = folder / "processes"
        self.server = VaultServer(self.core, self.path, *build_identities(self.core, self.folder, 1.0, SystemClock()))
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()
        self.client = EachProcess(self.path, self.folder)

    def stop(self) -> None:
        self.client.close()
        self.server.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def raw(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(5.0)
        connection.connect(str(self.path))
        return connection

    def identified(self) -> ssl.SSLSocket:
        """A connection of a camera's process, without a client."""
        context = client_context(self.folder, ProcessIdentity.CAMERA)
        connection = context.wrap_socket(self.raw(), server_hostname="vault")
        read_frame(connection)  # that it was taken
        return connection
