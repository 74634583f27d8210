"""The vault's process side: a Unix socket, one thread a connection, and the timer.

Who may connect is decided three times: the socket's mode is 0600 in a folder of mode 0700, the kernel is asked for the
peer's uid, and the peer shows a certificate of this installation (TLS 1.3), which says which process it is. What it
asks is held against that at each request. Nothing of a request's content is logged.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cachetools import TTLCache
from pydantic import BaseModel, ValidationError

from lfr_core.common.errors import Fatal, LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.certificates import THIS_MACHINE, Peer, read_peer
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.dispatch import answer
from lfr_core.custody.vault.process_files import ProcessFiles
from lfr_core.custody.vault.process_identity import check_request
from lfr_core.custody.vault.socket_owner import check_own_folder, peer_uid
from lfr_core.custody.vault.wire import read_frame, write_frame

__all__ = ["VaultServer"]

_TICK_S = 0.2
_HALF_A_MESSAGE_S = 2.0
_HANDSHAKE_S = 5.0
_MOST_CONNECTIONS = 64
_MOST_REQUESTS_PER_S = 500
"""Of one connection. A worker asks some ten times a second; a flood is ended, not served."""
_SAME_LINE_S = 60.0
"""A refusal is logged once in this time for whoever it is of: a log can't be filled with them."""


class VaultServer:
    """Serves one `VaultCore` on a socket until `stop`."""

    def __init__(self, core: VaultCore, path: Path, processes: ProcessFiles) -> None:
        """
        Args:
            core: what is served.
            path: of the socket; one left by a vault that died is replaced, one that answers is not.
            processes: how processes are known.

        Raises:
            Fatal: another vault answers there, or the socket can't be made.
        """
        self._core = core
        self._path = path
        self._processes = processes
        self._stopping = threading.Event()
        self._connections: set[ssl.SSLSocket] = set()
        self._lock = threading.Lock()
        self._said_lock = threading.Lock()
        self._said: TTLCache[tuple[str, ...], None] = TTLCache(256, _SAME_LINE_S)
        self._listener = _listen(path)

    def serve(self) -> None:
        """Serve until `stop`; then every frame key is destroyed and the socket removed."""
        timers = [
            threading.Thread(target=self._keep_time, args=(act,), name=f"vault-{act.__name__}", daemon=True)
            # apart: no key waits for the database
            for act in (self._core.expire, self._core.sweep, self._core.maintain_keystore, self._processes.renew)
        ]
        for timer in timers:
            timer.start()
        try:
            while not self._stopping.is_set():
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                self._take(connection)
        finally:
            self._stopping.set()
            self._core.stop()
            self._listener.close()
            self._path.unlink(missing_ok=True)
            with self._lock:
                for connection in self._connections:
                    with suppress(OSError):  # the socket's own: TLS's would wait for who reads from it
                        socket.socket.shutdown(connection, socket.SHUT_RDWR)
            for timer in timers:
                timer.join(2.0)

    def stop(self) -> None:
        """End `serve`; may be called from a signal handler."""
        self._stopping.set()

    def _keep_time(self, act: Callable[[], None]) -> None:
        while not self._stopping.wait(_TICK_S):
            try:
                act()
            except Exception as error:  # noqa: BLE001  the timer must live: keys are destroyed by it
                get_logger().error("vault.timer", error=type(error).__name__)

    def _take(self, connection: socket.socket) -> None:
        uid = peer_uid(connection)
        with self._lock:
            full = len(self._connections) >= _MOST_CONNECTIONS
            if uid in (None, os.getuid()) and not full:
                secured = self._processes.context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
                self._connections.add(secured)
                threading.Thread(target=self._serve_one, args=(secured,), daemon=True).start()
                return
        self._log("vault.peer-refused", uid=uid, full=full)
        connection.close()

    def _serve_one(self, connection: ssl.SSLSocket) -> None:
        try:
            with connection:
                peer = self._identify(connection)
                if peer is not None:
                    self._serve_peer(connection, peer)
        except EOFError:
            pass
        except (ValueError, OSError) as error:
            if not self._stopping.is_set():
                get_logger().warning("vault.connection-ended", error=type(error).__name__)
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _identify(self, connection: ssl.SSLSocket) -> Peer | None:
        """Return who the other side has shown that it is; None, and a line in the log, when it has shown nothing."""
        connection.settimeout(_HANDSHAKE_S)
        try:
            connection.do_handshake()
            peer = read_peer(connection.getpeercert(binary_form=True) or b"")
        except (OSError, ValueError) as error:
            if not self._stopping.is_set():
                self._log("vault.not-identified", why=getattr(error, "reason", None) or type(error).__name__)
            return None
        if peer.machine != THIS_MACHINE:
            self._log("vault.not-identified", why="a certificate of another machine")
            refusal = "this certificate is of another machine: it doesn't open the socket"
            _send(connection, m.RefusedAnswer(rule="vault.not-identified", message=refusal))
            return None
        _send(connection, m.TextAnswer())  # in TLS 1.3 a client isn't told otherwise that it was taken
        return peer

    def _serve_peer(self, connection: ssl.SSLSocket, peer: Peer) -> None:
        second, asked = 0, 0
        while not self._stopping.is_set():
            connection.settimeout(None)  # between messages a client may be silent for long
            first = connection.recv(1)
            if not first:
                return
            connection.settimeout(_HALF_A_MESSAGE_S)
            body = read_frame(connection, first)
            if int(time.monotonic()) != second:
                second, asked = int(time.monotonic()), 0
            asked += 1
            if asked > _MOST_REQUESTS_PER_S:
                get_logger().warning("vault.flood", process=peer.identity.value)
                return
            _send(connection, self._answer(body, peer))

    def _answer(self, body: bytes, peer: Peer) -> BaseModel:
        try:
            request = m.AnyRequest.validate_json(body)
        except ValidationError:
            get_logger().warning("vault.request-refused")
            return m.RefusedAnswer(
                rule="vault.unknown-request", message="no request of this version: start both from the same OpenLFR"
            )
        try:
            check_request(peer.identity, request)
        except Refused as error:
            self._log("vault.not-for-you", process=peer.identity.value, machine=peer.machine, why=str(error))
            return m.RefusedAnswer(rule=error.rule, message=str(error))
        try:
            return answer(self._core, request)
        except Refused as error:
            return m.RefusedAnswer(rule=error.rule, message=str(error))
        except LfrError as error:
            return m.RetryAnswer(message=str(error))
        except Exception as error:  # noqa: BLE001  a fault of ours must not end the vault, nor its text be told
            get_logger().error("vault.fault", verb=request.verb, error=type(error).__name__)
            return m.RetryAnswer(message=f"the vault failed at this request ({type(error).__name__}); see its log")

    def _log(self, event: str, **fields: object) -> None:
        """Write a warning, unless the same one was written a moment ago."""
        said = (event, *map(str, fields.values()))
        with self._said_lock:
            if said in self._said:
                return
            self._said[said] = None
        get_logger().warning(event, **fields)


def _send(connection: ssl.SSLSocket, answer: BaseModel) -> None:
    write_frame(connection, answer.model_dump_json().encode())


def _listen(path: Path) -> socket.socket:
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
        listener.listen(_MOST_CONNECTIONS)
        listener.settimeout(0.2)
    except OSError as error:
        raise Fatal(f"the vault's socket {path} can't be made ({error.strerror})") from error
    return listener
