"""The vault's open connections, and how many there may be: of strangers, of one machine, and in all."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from lfr_core.custody.vault.certificates import Peer

__all__ = ["MOST_HANDSHAKES", "MOST_LOCAL", "MOST_OF_ONE_MACHINE", "Connection", "Connections"]

MOST_LOCAL: Final = 64
"""Of this machine's own processes: the network can't take their places."""
MOST_FROM_NETWORK: Final = 256
MOST_OF_ONE_MACHINE: Final = 32
"""Processes of another machine, each with a connection: one machine keeps no other out."""
MOST_HANDSHAKES: Final = 16
MOST_HANDSHAKES_OF_ONE: Final = 4
"""From the network, at once: in all, and from one address. Who hasn't shown a certificate keeps nobody waiting long."""


@dataclass(slots=True, eq=False)
class Connection:
    """One connection."""

    secured: ssl.SSLSocket
    host: str
    """Of the network; empty for the socket."""
    peer: Peer | None = None
    """Who has shown who it is."""


class Connections:
    """Those that are open. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Connection] = set()

    def add(self, host: str, secure: Callable[[], ssl.SSLSocket]) -> Connection | None:
        """Count one more, which `secure` wraps; None, and nothing wrapped, where there are too many."""
        with self._lock:
            on_this_way = [each for each in self._open if bool(each.host) is bool(host)]
            strangers = [each.host for each in on_this_way if host and each.peer is None]
            if (
                len(on_this_way) >= (MOST_FROM_NETWORK if host else MOST_LOCAL)
                or len(strangers) >= MOST_HANDSHAKES
                or strangers.count(host) >= MOST_HANDSHAKES_OF_ONE
            ):
                return None
            added = Connection(secure(), host)
            self._open.add(added)
            return added

    def identify(self, connection: Connection, peer: Peer) -> bool:
        """Take note of who it is of; whether that machine may have one more."""
        with self._lock:
            others = [each for each in self._open if each.peer is not None and each.peer.machine == peer.machine]
            if connection.host and len(others) >= MOST_OF_ONE_MACHINE:
                return False
            connection.peer = peer
            return True

    def discard(self, connection: Connection) -> None:
        """Count it no more."""
        with self._lock:
            self._open.discard(connection)

    def close(self, unless: Callable[[Peer], bool] | None = None) -> None:
        """Close all of them; with `unless`, those from the network of peers of whom it isn't true."""
        with self._lock:
            for each in self._open:
                if unless is None or (each.host and each.peer is not None and not unless(each.peer)):
                    with suppress(OSError):  # the socket's own: TLS's would wait for who reads from it
                        socket.socket.shutdown(each.secured, socket.SHUT_RDWR)
