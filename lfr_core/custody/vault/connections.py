"""The vault's open connections, and how many there may be: of strangers, of one machine, and in all.

Who hasn't shown a certificate yet is a stranger, and there are few places for them. An address from which an admitted
machine came before has places of its own. Of the others, the address that takes most gives way to one that has fewer.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from lfr_core.custody.vault.certificates import Peer
from lfr_core.domain.actors import SPEAKS_FOR_PEOPLE

__all__ = [
    "MOST_HANDSHAKES",
    "MOST_LOCAL",
    "MOST_OF_ONE_MACHINE",
    "MOST_OF_PEOPLE",
    "Connection",
    "Connections",
]

MOST_LOCAL: Final = 128
"""Of this machine's own processes: the network can't take their places."""
MOST_OF_PEOPLE: Final = 64
"""Of those, of processes in which people log in (commands and pages): the other places are deletion's, the cameras',
the recognition's and the recording's, however many people ask and however long their answers take."""
MOST_FROM_NETWORK: Final = 256
MOST_OF_ONE_MACHINE: Final = 32
"""Processes of another machine, each with a connection: one machine keeps no other out."""
MOST_HANDSHAKES: Final = 16
MOST_HANDSHAKES_OF_ONE: Final = 4
"""From the network, at once: in all, and from one address. Who hasn't shown a certificate keeps nobody waiting long."""
_HONEST_HANDSHAKE_S: Final = 1.0
"""[proposal] Within which one is done, so that processes of one address that come at once don't end each other's."""


@dataclass(slots=True, eq=False)
class Connection:
    """One connection."""

    secured: ssl.SSLSocket
    host: str
    """Of the network; empty for the socket."""
    peer: Peer | None = None
    """Who has shown who it is."""
    boot: str = ""
    """In which that machine says that it is (`lfr_core.custody.vault.boots`); empty for the socket."""
    since: float = field(default_factory=time.monotonic)
    """Monotonic seconds."""


class Connections:
    """Those that are open. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Connection, None] = {}
        """The oldest first."""
        self._came_from: dict[str, tuple[Peer, str]] = {}
        """Of each admitted machine, its last certificate and address."""

    def add(self, host: str, secure: Callable[[], ssl.SSLSocket]) -> Connection | None:
        """Count one more, which `secure` wraps; None, and nothing wrapped, where there are too many."""
        with self._lock:
            on_this_way = [each for each in self._open if bool(each.host) is bool(host)]
            if not host:
                has_place = len(on_this_way) < MOST_LOCAL
            else:
                strangers = [each for each in on_this_way if each.peer is None]
                has_place = len(on_this_way) - len(strangers) < MOST_FROM_NETWORK and self._make_place(host, strangers)
            if not has_place:
                return None
            added = Connection(secure(), host)
            self._open[added] = None
            return added

    def _make_place(self, host: str, strangers: list[Connection]) -> bool:
        """Return whether an address has a place, if need be once another has ended; `strangers`: the oldest first."""
        known = {address for _, address in self._came_from.values()}
        own = [each for each in strangers if each.host == host]
        if len(own) >= MOST_HANDSHAKES_OF_ONE:
            return self._end(own[0], at_any_age=False)
        others = [each for each in strangers if each.host not in known]
        if host in known or len(others) < MOST_HANDSHAKES:
            return True
        counts = Counter(each.host for each in others)
        most = max(counts.values())
        return self._end(next(each for each in others if counts[each.host] == most), at_any_age=len(own) < most - 1)

    def _end(self, stranger: Connection, *, at_any_age: bool) -> bool:
        """End a stranger's connection, if it has had its time; whether it is ended."""
        if not at_any_age and time.monotonic() - stranger.since < _HONEST_HANDSHAKE_S:
            return False
        del self._open[stranger]
        _shut(stranger)
        return True

    def identify(self, connection: Connection, peer: Peer) -> bool:
        """Take note of who it is of; whether that machine may have one more, and its place wasn't given away."""
        with self._lock:
            others = [each.peer for each in self._open if each.peer is not None and each.peer.machine == peer.machine]
            if connection.host:
                has_place = len(others) < MOST_OF_ONE_MACHINE
            else:
                of_people = sum(each.identity in SPEAKS_FOR_PEOPLE for each in others)
                has_place = peer.identity not in SPEAKS_FOR_PEOPLE or of_people < MOST_OF_PEOPLE
            if connection not in self._open or not has_place:
                return False
            connection.peer = peer
            return True

    def keep_places(self, connection: Connection) -> None:
        """Keep places for strangers of its address, now that it is known to be of an admitted machine."""
        with self._lock:
            if connection.host and connection.peer is not None:
                self._came_from[connection.peer.machine] = (connection.peer, connection.host)

    def discard(self, connection: Connection) -> None:
        """Count it no more."""
        with self._lock:
            self._open.pop(connection, None)

    def close(self, unless: Callable[[Peer], bool] | None = None) -> None:
        """Close all of them; with `unless`, those from the network of peers of whom it isn't true."""
        with self._lock:
            if unless is not None:
                self._came_from = {name: each for name, each in self._came_from.items() if unless(each[0])}
            for each in self._open:
                if unless is None or (each.host and each.peer is not None and not unless(each.peer)):
                    _shut(each)


def _shut(connection: Connection) -> None:
    with suppress(OSError):  # the socket's own: TLS's would wait for who reads from it
        socket.socket.shutdown(connection.secured, socket.SHUT_RDWR)
