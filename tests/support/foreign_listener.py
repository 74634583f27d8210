"""Another user of the machine who listens, or tries to, on a port. Needs root, to be one."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["NOBODY", "foreign_attempts", "foreign_listener", "is_shared"]

NOBODY = 65_534

_LISTEN = """
import os, socket, sys
os.setuid(65534)
made = socket.socket()
made.bind(("127.0.0.1", int(sys.argv[1])))
made.listen()
print(made.getsockname()[1], flush=True)
asked, _ = made.accept()
print(asked.recv(100), flush=True)
"""
_TRY = """
import itertools, os, socket, sys
os.setuid(65534)
ways = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "::")]
for (family, host), reuse, share in itertools.product(ways, (0, 1), (0, 1)):
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, share)
    try:
        made.bind((host, int(sys.argv[1])))
        made.listen()
        print(host, reuse, share)
    except OSError:
        pass
    made.close()
"""


@contextmanager
def foreign_listener(port: int = 0) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Another user's process listens on `port`, or on a free one: the port, and the process.

    It takes one connection, and says on its output what it was sent there.
    """
    command = [sys.executable, "-I", "-S", "-c", _LISTEN, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process
        finally:
            process.kill()


def foreign_attempts(port: int) -> list[str]:
    """The ways in which another user's process can listen on `port` now: address, SO_REUSEADDR, SO_REUSEPORT."""
    command = [sys.executable, "-I", "-S", "-c", _TRY, str(port)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def is_shared(port: int) -> bool:
    """Whether who listens on `port` set SO_REUSEPORT, as a server must whose port the supervisor has reserved."""
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            made.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
