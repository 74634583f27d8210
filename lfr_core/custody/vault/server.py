"""The vault's process side: a Unix socket, one thread a connection, and the timer.

Whoever may connect is decided twice: the socket's mode is 0600 in a folder of mode 0700, and the kernel is asked for
the peer's uid. Nothing of a request's content is logged.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from lfr_core.common.errors import Fatal, LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import MOST_IDS, FrameKey, KeptKey, KeptKeyInfo
from lfr_core.custody.vault.socket_owner import check_own_folder, peer_uid
from lfr_core.custody.vault.wire import read_frame, write_frame

__all__ = ["VaultServer"]

_TICK_S = 0.2
_HALF_A_MESSAGE_S = 2.0
_MOST_CONNECTIONS = 64
_MOST_REQUESTS_PER_S = 500
"""Of one connection. A worker asks some ten times a second; a flood is ended, not served."""


class VaultServer:
    """Serves one `VaultCore` on a socket until `stop`."""

    def __init__(self, core: VaultCore, path: Path) -> None:
        """
        Args:
            core: what is served.
            path: of the socket; one left by a vault that died is replaced, one that answers is not.

        Raises:
            Fatal: another vault answers there, or the socket can't be made.
        """
        self._core = core
        self._path = path
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = _listen(path)

    def serve(self) -> None:
        """Serve until `stop`; then every frame key is destroyed and the socket removed."""
        timers = [
            threading.Thread(target=self._keep_time, args=(act,), name=f"vault-{act.__name__}", daemon=True)
            # apart: no key waits for the database
            for act in (self._core.expire, self._core.sweep, self._core.maintain_keystore)
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
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
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
                self._connections.add(connection)
                threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()
                return
        get_logger().warning("vault.peer-refused", uid=uid, full=full)
        connection.close()

    def _serve_one(self, connection: socket.socket) -> None:
        second, asked = 0, 0
        try:
            with connection:
                while not self._stopping.is_set():
                    connection.settimeout(None)
                    connection.recv(1, socket.MSG_PEEK)  # between messages a client may be silent for long
                    connection.settimeout(_HALF_A_MESSAGE_S)
                    body = read_frame(connection)
                    if int(time.monotonic()) != second:
                        second, asked = int(time.monotonic()), 0
                    asked += 1
                    if asked > _MOST_REQUESTS_PER_S:
                        get_logger().warning("vault.flood")
                        return
                    write_frame(connection, self._answer(body).model_dump_json().encode())
        except EOFError:
            pass
        except (ValueError, OSError) as error:
            if not self._stopping.is_set():
                get_logger().warning("vault.connection-ended", error=type(error).__name__)
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _answer(self, body: bytes) -> BaseModel:
        try:
            request = m.AnyRequest.validate_json(body)
        except ValidationError:
            get_logger().warning("vault.request-refused")
            return m.RefusedAnswer(
                rule="vault.unknown-request", message="no request of this version: start both from the same OpenLFR"
            )
        try:
            return self._do(request)
        except Refused as error:
            return m.RefusedAnswer(rule=error.rule, message=str(error))
        except LfrError as error:
            return m.RetryAnswer(message=str(error))
        except Exception as error:  # noqa: BLE001  a fault of ours must not end the vault, nor its text be told
            get_logger().error("vault.fault", verb=request.verb, error=type(error).__name__)
            return m.RetryAnswer(message=f"the vault failed at this request ({type(error).__name__}); see its log")

    def _do(self, request: BaseModel) -> BaseModel:
        core = self._core
        match request:
            case m.SealKey():
                return _frame_key(core.seal_key(request.deployment, request.camera))
            case m.OpenKey():
                return _frame_key(core.open_key(request.key_id))
            case m.CheckGate():
                return m.GateAnswer(lease_s=core.check_gate(request.deployment))
            case m.LendRecordKey():
                lent = core.record_key(
                    request.use,
                    actor=request.actor,
                    day=request.day,
                    deployment=request.deployment,
                    camera=request.camera,
                )
                return m.RecordKeyAnswer(day=lent.day, key=lent.key, lease_s=lent.lease_s)
            case m.Now():
                return m.NowAnswer(now_ns=core.trusted_now_ns())
            case m.MakeKey():
                return _kept(
                    core.make_key(
                        request.kind, request.deployment, request.subject, request.due_ns, actor=request.actor
                    )
                )
            case m.OpenKept():
                who = request.actor.part if isinstance(request.actor, m.Part) else request.actor.name
                return _kept(core.open_kept(request.key_id, actor=who, purpose=request.purpose))
            case m.Kept():
                infos = core.kept(request.kind, request.deployment, after=request.after)
                now = infos[:MOST_IDS]
                return m.KeptAnswer(infos=tuple(_info(info) for info in now), more=len(now) < len(infos))
            case m.HoldKeys():
                core.hold(request.key_ids, held=request.held)
                return m.TextAnswer()
            case m.Destroy():
                gone = core.destroy(request.key_ids, rule=request.rule)
                return m.DestroyedAnswer(
                    destroyed=tuple(
                        m.Destroying(info=_info(each.info), destroyed_ns=each.destroyed_ns) for each in gone
                    )
                )
            case m.PublicKey():
                return m.PublicKeyAnswer(public_key=core.public_key)
            case m.Sign():
                signature = core.sign(request.kind, request.message)
                return m.SignatureAnswer(signature=signature.signature, public_key=signature.public_key)
            case m.Pseudonym():
                return m.TextAnswer(text=core.pseudonym(request.name))
            case _:
                return m.TextAnswer()


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


def _frame_key(key: FrameKey) -> m.FrameKeyAnswer:
    return m.FrameKeyAnswer(
        id=key.id,
        key=key.key,
        seals_until_ns=key.seals_until_ns,
        opens_until_ns=key.opens_until_ns,
        lease_s=key.lease_s,
    )


def _kept(kept: KeptKey) -> m.KeptKeyAnswer:
    return m.KeptKeyAnswer(info=_info(kept.info), key=kept.key)


def _info(info: KeptKeyInfo) -> m.Info:
    return m.Info(
        id=info.id,
        kind=info.kind,
        deployment=info.deployment,
        subject=info.subject,
        fingerprint=info.fingerprint,
        due_ns=info.due_ns,
        held=info.held,
    )
