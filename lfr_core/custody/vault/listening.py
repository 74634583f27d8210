"""The vault's two ways in: a Unix socket for this user's processes, and TCP for machines that were admitted."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from lfr_core.common.errors import Fatal
from lfr_core.custody.vault.socket_owner import check_own_folder

__all__ = ["listen_on_network", "listen_on_socket"]


def listen_on_socket(path: Path, backlog: int) -> socket.socket:
    """Listen on a Unix socket, 0600; one left by a vault that died is replaced.

    Raises:
        Fatal: a vault answers there, or it can't be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        check_own_folder(path.parent)
        if path.exists():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(1.0)
                if probe.connect_ex(str(path)) == 0:
                    raise Fatal(f"a vault answers at {path} already: stop it with `lfr down`")
            path.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(0o600)
        listener.listen(backlog)
        listener.settimeout(0.0)
    except OSError as error:
        raise Fatal(f"the vault's socket {path} can't be made ({error.strerror})") from error
    return listener


def listen_on_network(address: tuple[str, int], backlog: int) -> socket.socket:
    """Listen on TCP, at one address of this machine. Raises Fatal: it is taken, or none of this machine's."""
    host, port = address
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server(address, family=family, backlog=backlog)
        listener.settimeout(0.0)
    except OSError as error:
        raise Fatal(f"the vault can't listen at {host}:{port} ({error.strerror}): see LFR_VAULT_LISTEN") from error
    return listener
