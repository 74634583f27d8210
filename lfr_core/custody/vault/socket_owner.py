"""Whose the vault's socket is: both ends are this user's, in a folder that no other user may write to."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

from lfr_core.common.addresses import split_address
from lfr_core.common.errors import Fatal
from lfr_core.common.owned_file import is_own_folder

__all__ = ["check_own_folder", "check_own_peer", "connect_to", "peer_uid"]


def peer_uid(connection: socket.socket) -> int | None:
    """Return the uid behind a connection; None where the kernel can't say (then the socket's mode alone decides)."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    credentials = connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def check_own_peer(connection: socket.socket, path: Path) -> None:
    """Raise Fatal when another user answers there: what is asked of a vault is no business of theirs."""
    if peer_uid(connection) not in (None, os.getuid()):
        raise Fatal(
            f"another user of this machine answers at {path}, and isn't spoken to: find out who, move it away, and "
            "start the vault with `lfr up`"
        )


def check_own_folder(folder: Path) -> None:
    """Raise Fatal when a socket's folder isn't this user's alone: another could put theirs in its place."""
    if not is_own_folder(folder):
        raise Fatal(
            f"the vault's socket isn't made in {folder}: that folder is a link, another user's, or open to others. "
            "Move it away, or set LFR_HOME to a folder of this user's own with a shorter name"
        )


def connect_to(where: Path | str, timeout_s: float) -> socket.socket:
    """Open a connection to the vault, at its socket or HOST:PORT. Raises OSError; Fatal: another user answers."""
    if isinstance(where, str):
        connection = socket.create_connection(split_address(where), timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(str(where))
        check_own_peer(connection, where)
    except (OSError, Fatal):
        connection.close()
        raise
    return connection
