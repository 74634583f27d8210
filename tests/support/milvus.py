"""A real Milvus Lite server for tests: on a free loopback port, in a folder that outlives a kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lfr_core.recognition.lite_server import lite_server_command

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MilvusServer", "free_port", "milvus_server"]

START_S = 60.0
"""How long a start may take on a busy machine; it usually takes 2-4 s."""


def free_port() -> int:
    """A loopback TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class MilvusServer:
    """One `milvus-lite server` process, the one owner of `folder`.

    `kill()` is SIGKILL, `stop()` SIGTERM; `start()` after either begins again on the same folder and port.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server isn't running"
        return self._process.pid

    def start(self) -> Self:
        """Start and wait until the port answers."""
        assert self._process is None, "the server is running already"
        self.folder.mkdir(parents=True, exist_ok=True)
        log = (self.folder.parent / f"{self.folder.name}.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                lite_server_command(self.folder, self.port),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"Milvus Lite did not start; its log is {log.name}")

    def ensure_started(self) -> Self:
        """Start it if it isn't running."""
        return self if self._process is not None else self.start()

    def kill(self) -> None:
        """SIGKILL: nothing is flushed. No error when it isn't running."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after 10 s. No error when it isn't running."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: the port stays open and nothing answers, as when a machine hangs."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def milvus_server(folder: Path) -> Iterator[MilvusServer]:
    """A started server on `folder`, killed on the way out. Make it session-scoped: a start costs seconds.

    Example:
        @pytest.fixture(scope="session")
        def milvus(tmp_path_factory):
            with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as server:
                yield server
    """
    server = MilvusServer(folder).start()
    try:
        yield server
    finally:
        server.kill()
