"""Ports of 127.0.0.1: kept for this user, and asked whose process listens there.

Any user of a machine may listen on a port that nobody has, and is then taken for the service of ours that belongs
there: they would play the identity provider, or the workflow server, whose answers say what code runs. So the
supervisor reserves its children's ports before it starts any, for as long as it runs; and whoever speaks to one of them
asks the kernel first whose it is. Standard library only.
"""

from __future__ import annotations

import errno
import os
import pwd
import socket
import sys
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from lfr_core.common.errors import Fatal
from lfr_core.common.listening_sockets import listening_sockets

__all__ = ["bind_port", "has_own_listener", "listener_uids", "reserve_port", "user_name"]

_HOST, _HOST_6 = "127.0.0.1", "::1"
_NO_IPV6: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def reserve_port(port: int) -> ExitStack:
    """Keep `port` of 127.0.0.1, and of ::1 where there is one, for this user until the stack is closed.

    Nobody listens by that. The kernel lets sockets with SO_REUSEPORT share a port with those of the same user alone
    (socket(7)), so a server of ours must set it, as `bind_port` and gRPC do.

    Raises:
        Fatal: the port is taken.
    """
    _refuse_listener(port)
    with ExitStack() as held:
        for family, host in ((socket.AF_INET, _HOST), (socket.AF_INET6, _HOST_6)):
            try:
                made = held.enter_context(_bind(family, host, port))
            except OSError as error:
                if family is socket.AF_INET6 and error.errno in _NO_IPV6:
                    continue
                raise _taken(port, error) from error
            # needed to bind beside earlier connections that still close; kept, it would let other users bind as well
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        return held.pop_all()


def bind_port(port: int) -> socket.socket:
    """Return a socket bound to 127.0.0.1:`port`, reserved or not, for a server to listen on.

    Raises:
        Fatal: another server has it.
    """
    _refuse_listener(port)
    try:
        return _bind(socket.AF_INET, _HOST, port)
    except OSError as error:
        raise _taken(port, error) from error


def has_own_listener(port: int, name: str) -> bool:
    """Return whether a process of this user listens on 127.0.0.1:`port`; False: nobody. `name`: what belongs there.

    True where the system doesn't say whose a port is (macOS).

    Raises:
        Fatal: another user's process listens there.
    """
    uids = listener_uids(port)
    if uids is None:
        return True
    if others := uids - {os.geteuid()}:
        raise Fatal(
            f"another user of this machine ({user_name(min(others))}) listens on {_HOST}:{port}, where {name} belongs, "
            "and isn't spoken to: find out who did that, have it ended, and start the platform anew with `lfr up`"
        )
    return bool(uids)


def listener_uids(port: int) -> frozenset[int] | None:
    """Return the users whose sockets a connection to 127.0.0.1:`port` may reach; None where the system doesn't say.

    Raises:
        Fatal: Linux's own list can't be read.
    """
    if sys.platform != "linux":
        return None
    exact: set[int] = set()
    wildcard: set[int] = set()
    for address, uid in listening_sockets(port):
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        if IPv4Address(_HOST) in (address, mapped):
            exact.add(uid)
        elif address.is_unspecified:
            wildcard.add(uid)
    return frozenset(exact or wildcard)  # the kernel prefers the exact one (__inet_lookup_listener)


def user_name(uid: int) -> str:
    """Return a user's name, or the number where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def _refuse_listener(port: int) -> None:
    """Raise Fatal when somebody listens: a server of this user's could share the port, and have half of what comes."""
    if listener_uids(port):
        raise _taken(port, None)


def _taken(port: int, error: OSError | None) -> Fatal:
    why = "is taken" if error is None or error.errno == errno.EADDRINUSE else f"can't be had: {error.strerror}"
    return Fatal(f"port {port} of {_HOST} {why}: `lfr doctor` says by whom. Stop that, or choose another port")
