"""The vault's process side: its ways in, one thread a connection, and the timers.

On its own machine: a Unix socket, 0600 in a folder of 0700, whose peer's uid the kernel says. For machines that were
admitted: TCP, where `LFR_VAULT_LISTEN` says so. On both the peer shows a certificate of this installation (TLS 1.3),
which says which process of which machine it is, and what it asks is held against that at each request. Nothing of a
request's content is logged.
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cachetools import TTLCache
from pydantic import BaseModel, ValidationError

from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.answers import Message
from lfr_core.custody.vault.boots import LONGEST_BOOT
from lfr_core.custody.vault.certificates import THIS_MACHINE, Peer, read_peer
from lfr_core.custody.vault.connections import (
    MOST_HANDSHAKES,
    MOST_LOCAL,
    MOST_OF_ONE_MACHINE,
    MOST_OF_PEOPLE,
    Connection,
    Connections,
)
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.dispatch import answer
from lfr_core.custody.vault.key_rates import KeyRates, RequestRates
from lfr_core.custody.vault.listening import listen_on_network, listen_on_socket
from lfr_core.custody.vault.logins import ChecksLogins, PeoplesTurns, check_login
from lfr_core.custody.vault.machines import Machines
from lfr_core.custody.vault.process_files import ProcessFiles
from lfr_core.custody.vault.process_identity import camera_asked_for, check_request
from lfr_core.custody.vault.socket_owner import peer_uid
from lfr_core.custody.vault.wire import LONGEST, read_frame, send

__all__ = ["VaultServer"]

_TICK_S = 0.2
_HALF_A_MESSAGE_S = 2.0
_HANDSHAKE_S = 5.0
_IDLE_S = 300.0
"""From the network: a process that has something to ask comes back, and one that was cut off gives its place back."""
_LONGEST_FROM_NETWORK = 65_536
"""Bytes: far more than a camera or worker asks."""
_MOST_REQUESTS_PER_S = 500
"""Of one process of the vault's machine, or all of another machine. A worker asks some ten times a second; a flood is
ended, not served."""
_SAME_LINE_S = 60.0
"""A refusal is logged once in this time for whoever it is of: a log can't be filled with them."""


class VaultServer:
    """Serves one `VaultCore` until `stop`."""

    def __init__(
        self,
        core: VaultCore,
        path: Path,
        processes: ProcessFiles,
        machines: Machines,
        listen: tuple[str, int] | None = None,
        logins: ChecksLogins | None = None,
    ) -> None:
        """
        Args:
            core: what is served.
            path: of the socket; one left by a vault that died is replaced, one that answers is not.
            processes: how processes are known.
            machines: which other machines are admitted.
            listen: host and port for them; None: no network.
            logins: who verifies logins; None only where a test is about something else.

        Raises:
            Fatal: another vault answers there, or the socket or port can't be used.
        """
        self._core, self._path = core, path
        self._processes = processes
        self._machines, self._logins = machines, logins
        self._stopping = threading.Event()
        self._connections = Connections()
        self._key_rates, self._requests = KeyRates(core.terms), RequestRates()
        self._turns, self._said_lock = PeoplesTurns(), threading.Lock()
        self._said: TTLCache[tuple[str, ...], None] = TTLCache(256, _SAME_LINE_S)
        self._local = listen_on_socket(path, MOST_LOCAL)
        self._network = None if listen is None else listen_on_network(listen, MOST_HANDSHAKES)
        self._wake, self._woken = socket.socketpair()

    @property
    def port(self) -> int:
        """Of the network; 0 without."""
        return 0 if self._network is None else int(self._network.getsockname()[1])

    def serve(self) -> None:
        """Serve until `stop`; then every frame key is destroyed and the socket removed."""
        core = self._core
        acts = [*core.timers, self._processes.renew, self._machines.maintain]
        if self._logins is not None:
            acts.append(self._logins.maintain)
        timers = [  # apart: no key waits for the database
            threading.Thread(target=self._keep_time, args=(act,), name=f"vault-{act.__name__}", daemon=True)
            for act in acts
        ]
        for timer in timers:
            timer.start()
        try:
            with selectors.DefaultSelector() as waiting:
                for listener in filter(None, (self._woken, self._local, self._network)):
                    waiting.register(listener, selectors.EVENT_READ)
                while not self._stopping.is_set():
                    for key, _ in waiting.select():
                        if key.fileobj is not self._woken:
                            self._accept(self._local if key.fileobj is self._local else self._network)
        finally:
            self._stopping.set()
            self._core.stop()
            self._path.unlink(missing_ok=True)
            for each in filter(None, (self._local, self._network, self._wake, self._woken)):
                each.close()
            self._connections.close()
            for timer in timers:
                timer.join(2.0)

    def stop(self) -> None:
        """End `serve`; may be called from a signal handler."""
        self._stopping.set()
        with suppress(OSError):  # it has ended already
            self._wake.send(b"\0")

    def _keep_time(self, act: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                act()
            except Exception as error:  # noqa: BLE001  the timer must live: keys are destroyed by it
                get_logger().error("vault.timer", error=type(error).__name__)
            self._stopping.wait(_TICK_S)

    def _accept(self, listener: socket.socket | None) -> None:
        if listener is None:
            return
        try:
            connection, address = listener.accept()
        except OSError:  # it is gone again
            return
        connection.settimeout(None)
        host = "" if listener is self._local else str(address[0])
        uid = None if host else peer_uid(connection)
        taken = None
        if uid in (None, os.getuid()):
            taken = self._connections.add(
                host,
                lambda: self._processes.context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                ),
            )
        if taken is None:
            self._log("vault.peer-refused", uid=uid, host=host)
            connection.close()
            return
        threading.Thread(target=self._serve_one, args=(taken,), daemon=True).start()

    def _serve_one(self, connection: Connection) -> None:
        try:
            with connection.secured:
                peer = self._identify(connection)
                if peer is not None:
                    self._serve_peer(connection, peer)
        except EOFError:
            pass
        except (ValueError, OSError) as error:
            if not self._stopping.is_set():
                get_logger().warning("vault.connection-ended", error=type(error).__name__)
        finally:
            self._connections.discard(connection)

    def _identify(self, connection: Connection) -> Peer | None:
        """Return who the other side has shown that it is; None, and a line in the log, when it has shown nothing."""
        secured, host = connection.secured, connection.host
        secured.settimeout(_HANDSHAKE_S)
        try:
            secured.do_handshake()
            peer = read_peer(secured.getpeercert(binary_form=True) or b"")
            connection.boot = read_frame(secured, longest=LONGEST_BOOT).decode("ascii") if host else ""
        except (OSError, EOFError, ValueError) as error:
            if not self._stopping.is_set():
                self._log("vault.not-identified", host=host, why=getattr(error, "reason", None) or type(error).__name__)
            return None
        if (peer.machine == THIS_MACHINE) is bool(host):
            self._log("vault.not-identified", host=host, why="a certificate for another way in")
            refusal = "a certificate of this machine is for the socket, and one of another machine for the network"
            send(secured, m.RefusedAnswer(rule="vault.not-identified", message=refusal))
            return None
        if not self._connections.identify(connection, peer):
            self._log("vault.too-many", machine=peer.machine)
            most = MOST_OF_ONE_MACHINE if host else MOST_OF_PEOPLE
            send(secured, m.RetryAnswer(message=f"{peer.machine} has {most} connections of that kind already"))
            return None
        if not self._is_admitted(secured, peer):  # it may have been dismissed before it was known whose it is
            return None
        self._connections.keep_places(connection)
        if host:
            secured.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # one that was cut off gives its place back
        send(secured, m.TextAnswer())  # in TLS 1.3 a client isn't told otherwise that it was taken
        return peer

    def _is_admitted(self, secured: ssl.SSLSocket, peer: Peer) -> bool:
        """Check that a machine is admitted still; it is told when it isn't."""
        if peer.machine == THIS_MACHINE:
            return True
        try:
            self._machines.check(peer)
        except Refused as error:
            self._log(error.rule, process=peer.identity.value, machine=peer.machine)
            send(secured, m.RefusedAnswer(rule=error.rule, message=str(error)))
            return False
        return True

    def _serve_peer(self, connection: Connection, peer: Peer) -> None:
        secured = connection.secured
        longest = LONGEST if peer.machine == THIS_MACHINE else _LONGEST_FROM_NETWORK
        requests = RequestRates() if peer.machine == THIS_MACHINE else self._requests
        while not self._stopping.is_set():
            secured.settimeout(None if longest == LONGEST else _IDLE_S)  # a client of ours may be silent for long
            try:
                first = secured.recv(1)
            except TimeoutError:
                return
            if not first:
                return
            secured.settimeout(_HALF_A_MESSAGE_S)
            body = read_frame(secured, first, longest)
            if not requests.take(peer.machine, every_s=1.0 / _MOST_REQUESTS_PER_S, at_once=_MOST_REQUESTS_PER_S):
                get_logger().warning("vault.flood", process=peer.identity.value, machine=peer.machine)
                return
            if time.time() > peer.until_s or not self._is_admitted(secured, peer):
                return  # who has a newer certificate comes back with it
            if connection.host:
                self._machines.note_boot(peer, connection.boot, connection.host)
            send(secured, self._answer(body, peer))

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
            camera = camera_asked_for(request)
            if camera is not None:
                self._machines.check_camera(peer, camera)
        except Refused as error:
            self._log(error.rule, process=peer.identity.value, machine=peer.machine, why=str(error))
            return m.RefusedAnswer(rule=error.rule, message=str(error))
        try:
            with self._turns.take(request):
                return self._answer_known(request, peer)
        except Refused as error:
            return m.RefusedAnswer(rule=error.rule, message=str(error))
        except LfrError as error:
            return m.RetryAnswer(message=str(error))
        except Exception as error:  # noqa: BLE001  a fault of ours must not end the vault, nor its text be told
            get_logger().error("vault.fault", verb=request.verb, error=type(error).__name__)
            return m.RetryAnswer(message=f"the vault failed at this request ({type(error).__name__}); see its log")

    def _answer_known(self, request: Message, peer: Peer) -> BaseModel:
        if self._logins is not None:
            check_login(request, self._logins)
        if isinstance(request, m.AdmitMachine | m.DismissMachine):
            try:
                return answer(self._core, self._machines, request, peer)
            finally:
                self._connections.close(unless=self._machines.is_admitted)
        if isinstance(request, m.MakeKey):
            self._key_rates.check(peer, request)
        return answer(self._core, self._machines, request, peer)

    def _log(self, event: str, **fields: object) -> None:
        """Write a warning, unless the same one was written a moment ago."""
        said = (event, *map(str, fields.values()))
        with self._said_lock:
            if said in self._said:
                return
            self._said[said] = None
        get_logger().warning(event, **fields)
