"""Which ports are taken, and by whom."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping

import psutil

from lfr_core.common.errors import Fatal
from lfr_core.common.loopback_ports import listener_uids, user_name

__all__ = ["is_taken", "owner_of", "refuse_taken_ports"]


def is_taken(port: int) -> bool:
    """Return whether 127.0.0.1:`port` can't be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closing ones don't count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno in {errno.EADDRINUSE, errno.EACCES}
        return False


def owner_of(port: int) -> str:
    """Say who listens on `port`: program, process id and command line where we may see them."""
    try:
        listening = [
            each.pid
            for each in psutil.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
        ]
        owner = psutil.Process(next(pid for pid in listening if pid is not None))
        return f"{owner.name()} (process {owner.pid}: {' '.join(owner.cmdline())[:120]})"
    except (StopIteration, psutil.Error):
        others = sorted(map(user_name, (listener_uids(port) or set()) - {os.geteuid()}))
        return f"a process of {', '.join(others)}, another user" if others else "a process we may not see"


def refuse_taken_ports(needed: Mapping[int, str]) -> None:
    """Refuse ports that are taken. `needed` names who needs each port.

    Raises:
        Fatal: some are taken; the message names each, and its owner.
    """
    taken = [f"port {port} ({name}) is taken by {owner_of(port)}" for port, name in needed.items() if is_taken(port)]
    if taken:
        raise Fatal(
            f"{'; '.join(taken)}. Stop that, or choose other ports "
            "(LFR_KAFKA_PORT, LFR_KAFKA_CONTROLLER_PORT, LFR_MILVUS_PORT, LFR_OPERATOR_PORT, LFR_PUBLIC_PORT, "
            "LFR_PREFECT_PORT, LFR_IDENTITY_PORT)."
        )
