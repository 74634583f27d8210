"""The way of cameras' thumbnails from a worker to the pages of its machine: a Unix socket, and the memory of both ends.

No topic, no table and no file has them. Both ends ask the kernel whose process the other is, in a folder of this
user's alone. A request is a deployment's id, the answer JSON; one of each a connection. Workers on other machines show
none.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lfr_core.common.addresses import shorten_socket_path
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault.socket_owner import check_own_folder, check_own_peer, peer_uid
from lfr_core.custody.vault.wire import read_frame, write_frame
from lfr_core.domain.thumbnails import EVERY_S, FRESH_S, Thumbnail

if TYPE_CHECKING:
    from lfr_core.recognition.thumbnails import Thumbnails

__all__ = ["ThumbnailReader", "ThumbnailServer", "thumbnail_socket"]

_SERVED_S: Final = 1.0
_ASKED_S: Final = 0.3
"""A worker that hangs holds no page up for longer."""
_LONGEST_REQUEST: Final = 1_000
_LONGEST: Final = 2_000_000
"""Bytes: some 64 thumbnails of 20 kB, in base64."""
_WORKER: Final = re.compile(r"worker-recognise-(\d{1,3})\.ready")
_MOST_WORKERS: Final = 32


def thumbnail_socket(home: Path, index: int) -> Path:
    """Return where the worker of that number of its machine serves thumbnails."""
    return shorten_socket_path((home / "run" / f"thumbnails-{index}.sock").resolve())


class ThumbnailServer:
    """Serves one worker's thumbnails, one request at a time, in a thread of its own."""

    def __init__(self, path: Path, thumbnails: Thumbnails) -> None:
        """`path`: one that a worker of this number left is replaced.

        Raises:
            Fatal: the folder isn't this user's alone.
            OSError: the socket can't be made.
        """
        self._thumbnails = thumbnails
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        check_own_folder(path.parent)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(8)
        self._thread = threading.Thread(target=self._serve, name="thumbnails", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End it: nobody is served any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            with connection:
                try:
                    self._answer(connection)
                except (OSError, EOFError, ValueError) as error:
                    get_logger().warning("thumbnails.not-served", error=type(error).__name__)

    def _answer(self, connection: socket.socket) -> None:
        if peer_uid(connection) not in (None, os.getuid()):
            return
        connection.settimeout(_SERVED_S)
        deployment = read_frame(connection, longest=_LONGEST_REQUEST).decode()
        found = self._thumbnails.of(deployment)
        answer = [[each.camera, base64.b64encode(each.jpeg).decode("ascii"), each.age_s] for each in found]
        write_frame(connection, json.dumps(answer).encode())


class ThumbnailReader:
    """Asks all workers of this machine, once for all viewers as often as there are new ones. For several threads."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._lock = threading.Lock()
        self._read: dict[str, tuple[float, Mapping[str, Thumbnail]]] = {}

    def read(self, deployment: str) -> Mapping[str, Thumbnail]:
        """Return the newest of each camera by its name; whoever asks has seen to it that they may look."""
        with self._lock:
            now = self._clock.monotonic()
            self._read = {name: kept for name, kept in self._read.items() if 0 <= now - kept[0] < EVERY_S}
            if deployment not in self._read:
                self._read[deployment] = now, self._ask_all(deployment)
            return self._read[deployment][1]

    def _ask_all(self, deployment: str) -> Mapping[str, Thumbnail]:
        found: dict[str, Thumbnail] = {}
        for index in self._workers():
            for each in self._ask(thumbnail_socket(self._home, index), deployment):
                if each.camera not in found or each.age_s < found[each.camera].age_s:
                    found[each.camera] = each  # a camera that moved to another worker is known to both for a moment
        return found

    def _workers(self) -> list[int]:
        try:
            names = [each.name for each in (self._home / "run").iterdir()]
        except OSError:
            return []
        return sorted(int(match[1]) for name in names if (match := _WORKER.fullmatch(name)))[:_MOST_WORKERS]

    def _ask(self, path: Path, deployment: str) -> tuple[Thumbnail, ...]:
        """Ask one worker; one that doesn't answer has none."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_ASKED_S)
                connection.connect(str(path))
                check_own_peer(connection, path)
                write_frame(connection, deployment.encode())
                answer = json.loads(read_frame(connection, longest=_LONGEST))
            read = (Thumbnail(str(name), base64.b64decode(jpeg), float(age_s)) for name, jpeg, age_s in answer)
            return tuple(each for each in read if each.age_s < FRESH_S)
        except (OSError, EOFError, ValueError, TypeError, Fatal):
            return ()
