"""The vault as other processes know it: every call asks the process behind the socket."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeVar

from cachetools import LRUCache, cachedmethod
from pydantic import BaseModel, ValidationError

from lfr_core.common.errors import Fatal, LfrError, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.answers import CanaryFrameAnswer
from lfr_core.custody.vault.boots import read_own_boot
from lfr_core.custody.vault.canary_messages import CollectCanary, TellCanary, read_canary_frame
from lfr_core.custody.vault.canary_port import CanaryFrame
from lfr_core.custody.vault.certificates import SERVER_NAME
from lfr_core.custody.vault.port import (
    DestroyedKey,
    ErasureRule,
    FrameKey,
    KeptKey,
    KeptKeyInfo,
    KeyKind,
    RecordKey,
    RecordUse,
    Signature,
    VaultAwayError,
    WriterKey,
)
from lfr_core.custody.vault.process_files import client_context
from lfr_core.custody.vault.socket_owner import connect_to
from lfr_core.custody.vault.wire import read_frame, write_frame
from lfr_core.domain.actors import Principal, ProcessIdentity, SystemActor, fold_name
from lfr_core.domain.signatures import SignatureKind

__all__ = ["VAULT_TIMEOUT_S", "VaultClient", "make_vault_client"]

VAULT_TIMEOUT_S = 10.0  # longer than the records' own timeout, so that its answer, not this, is what is heard
_PAUSE_S = 1.0  # after a time-out: who asks for several keys in a row waits for a hanging vault once, not for each
_MOST_NAMES = 256
_Expected = TypeVar("_Expected", bound=BaseModel)


class VaultClient:
    """Implements `lfr_core.custody.vault.port.Vault` over one connection, made when needed; thread-safe."""

    def __init__(
        self, where: Path | str, identity: ProcessIdentity, processes: Path, timeout_s: float = VAULT_TIMEOUT_S
    ) -> None:
        """
        Args:
            where: the Unix socket; or host:port, of another machine. Nothing is connected yet.
            identity: which process this is.
            processes: the folder with what it shows that with.
            timeout_s: how long one question may take.
        """
        self._connection: ssl.SSLSocket | None = None
        self._where = where
        self.identity = identity
        self._processes = processes
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._hanging_until = float("-inf")
        self._pseudonyms: LRUCache[str, str] = LRUCache(_MOST_NAMES)
        self._names_lock = threading.Lock()
        self._shown: dict[str, str] = {}
        self._boot = read_own_boot  # another's in a test of two machines

    def remember(self, person: AuthenticatedPerson) -> None:
        """Show the vault this login with whatever is asked in the person's name from now on."""
        if person.login.shown:
            with self._names_lock:
                self._shown[fold_name(person.name)] = person.login.shown

    def share_logins(self, other: VaultClient) -> None:
        """Show what another client of this process remembers, too."""
        self._shown, self._names_lock = other._shown, other._names_lock

    def _shown_by(self, person: Principal) -> str:
        with self._names_lock:
            return "" if isinstance(person, SystemActor) else self._shown.get(fold_name(person), "")

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._drop()

    def __del__(self) -> None:
        """Let go of the connection: a command that ends needs no `close`."""
        self._drop()

    def ping(self) -> None:
        """Return when the vault answers."""
        self._ask(m.Ping(), m.TextAnswer)

    def seal_key(self, deployment: str, camera: str) -> FrameKey:
        return _frame_key(self._ask(m.checked(m.SealKey, deployment=deployment, camera=camera), m.FrameKeyAnswer))

    def open_key(self, key_id: str) -> FrameKey:
        return _frame_key(self._ask(m.checked(m.OpenKey, key_id=key_id), m.FrameKeyAnswer))

    def check_gate(self, deployment: str) -> float:
        return self._ask(m.checked(m.CheckGate, deployment=deployment), m.GateAnswer).lease_s

    def tell_canary(
        self, canary: str, key_id: str, camera: str, clear: Sequence[bytes], stored: Sequence[bytes]
    ) -> None:
        needles = {"clear": tuple(clear), "stored": tuple(stored)}
        self._ask(m.checked(TellCanary, canary=canary, key_id=key_id, camera=camera, **needles), m.TextAnswer)

    def collect_canary(self, deployment: str, *, ask: bool = True) -> CanaryFrame | None:
        return read_canary_frame(self._ask(m.checked(CollectCanary, deployment=deployment, ask=ask), CanaryFrameAnswer))

    def record_key(
        self, use: RecordUse, *, actor: SystemActor, day: int | None = None, deployment: str = "", camera: str = ""
    ) -> RecordKey:
        request = m.checked(m.LendRecordKey, use=use, actor=actor, day=day, deployment=deployment, camera=camera)
        answer = self._ask(request, m.RecordKeyAnswer)
        return RecordKey(answer.day, answer.key, answer.lease_s)

    def trusted_now_ns(self) -> int:
        return self._ask(m.Now(), m.NowAnswer).now_ns

    def make_key(
        self, kind: KeyKind, deployment: str, subject: str, due_ns: int, *, actor: SystemActor, camera: str = ""
    ) -> KeptKey:
        asked = {"kind": kind, "deployment": deployment, "subject": subject, "due_ns": due_ns, "actor": actor}
        request = m.checked(m.MakeKey, **asked, camera=camera)
        answer = self._ask(request, m.KeptKeyAnswer)
        return KeptKey(_info(answer.info), answer.key)

    def open_kept(self, key_id: str, *, actor: Principal, purpose: str) -> KeptKey:
        request = m.checked(
            m.OpenKept, key_id=key_id, actor=m.actor_message(actor), purpose=purpose, shown=self._shown_by(actor)
        )
        answer = self._ask(request, m.KeptKeyAnswer)
        return KeptKey(_info(answer.info), answer.key)

    def kept(self, kind: KeyKind | None = None, deployment: str | None = None) -> tuple[KeptKeyInfo, ...]:
        infos: list[KeptKeyInfo] = []
        while True:
            after = infos[-1].id if infos else ""
            answer = self._ask(m.checked(m.Kept, kind=kind, deployment=deployment, after=after), m.KeptAnswer)
            infos += (_info(each) for each in answer.infos)
            if not answer.more:
                return tuple(infos)

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        self._ask(m.checked(m.HoldKeys, key_ids=tuple(key_ids), held=held), m.TextAnswer)

    def destroy(self, key_ids: Sequence[str], *, rule: ErasureRule) -> tuple[DestroyedKey, ...]:
        answer = self._ask(m.checked(m.Destroy, key_ids=tuple(key_ids), rule=rule), m.DestroyedAnswer)
        return tuple(DestroyedKey(_info(each.info), each.destroyed_ns) for each in answer.destroyed)

    @property
    def public_key(self) -> bytes:
        return self._ask(m.PublicKey(), m.PublicKeyAnswer).public_key

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        answer = self._ask(m.checked(m.Sign, kind=kind, message=message), m.SignatureAnswer)
        return Signature(answer.signature, answer.public_key)

    def admit_machine(
        self, name: str, identities: Sequence[ProcessIdentity], cameras: Sequence[str], person: str
    ) -> bytes:
        """Admit a machine as `lfr_core.custody.vault.machines.Machines.admit` does."""
        asked = {"name": name, "identities": tuple(identities), "cameras": tuple(cameras), "person": person}
        request = m.checked(m.AdmitMachine, **asked, shown=self._shown_by(person))
        return self._ask(request, m.AdmissionAnswer).content

    def dismiss_machine(self, name: str, person: str) -> str:
        """Dismiss a machine as `lfr_core.custody.vault.machines.Machines.dismiss` does."""
        request = m.checked(m.DismissMachine, name=name, person=person, shown=self._shown_by(person))
        return self._ask(request, m.TextAnswer).text

    def machines(self) -> tuple[m.MachineInfo, ...]:
        """List machines as `lfr_core.custody.vault.machines.Machines.list` does."""
        return self._ask(m.ListMachines(), m.MachinesAnswer).machines

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        answer = self._ask(
            m.checked(m.LendWriterKey, name=name, person=person, shown=self._shown_by(person)), m.WriterKeyAnswer
        )
        return WriterKey(
            answer.writer, answer.key, answer.lease_s, answer.at_ns, answer.records_key, answer.person_records
        )

    def compare_records(self, deployment: str) -> str:
        """Compare as `lfr_core.custody.vault.access.PeopleRegister.compare_records` does."""
        return self._ask(m.checked(m.CompareRecords, deployment=deployment), m.TextAnswer).text

    writers = None
    """The keys of other writers are the vault's own: it looks at entries itself before it signs."""

    @cachedmethod(lambda self: self._pseudonyms, lock=lambda self: self._names_lock)
    def pseudonym(self, name: str) -> str:
        return self._ask(m.checked(m.Pseudonym, name=name), m.TextAnswer).text

    # -- the socket ------------------------------------------------------------------------------

    def _ask(self, request: BaseModel, expected: type[_Expected]) -> _Expected:
        body = request.model_dump_json().encode()
        with self._lock:
            if time.monotonic() < self._hanging_until:
                raise _away(self._where)
            fresh = self._connection is None
            try:
                answer = self._exchange(body)
            except (OSError, EOFError, ValueError) as error:
                self._drop()
                if isinstance(error, TimeoutError):
                    self._hanging_until = time.monotonic() + _PAUSE_S
                if fresh or isinstance(error, TimeoutError):
                    raise self._explain(error) from error
                try:  # the connection was from before the vault's restart
                    answer = self._exchange(body)
                except (OSError, EOFError, ValueError) as again:
                    self._drop()
                    raise self._explain(again) from again
        return self._read(answer, expected)

    def _exchange(self, body: bytes) -> bytes:
        if self._connection is None:
            self._connection = self._connect()
        write_frame(self._connection, body)
        return read_frame(self._connection)

    def _connect(self) -> ssl.SSLSocket:
        with ExitStack() as opened:
            plain = opened.enter_context(connect_to(self._where, self._timeout_s))
            context = client_context(self._processes, self.identity)  # read anew: the vault may have renewed it
            connection = opened.enter_context(context.wrap_socket(plain, server_hostname=SERVER_NAME))
            if isinstance(self._where, str):
                write_frame(connection, self._boot().encode())
            self._read(read_frame(connection), m.TextAnswer)  # it says whether it takes what it was shown
            opened.pop_all()
            return connection

    def _explain(self, error: Exception) -> LfrError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Fatal(
                f"who answers at {self._where} isn't the vault that {self._processes} is of ({error.verify_message}): "
                "see that the keystore, and LFR_HOME, are this installation's"
            )
        if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
            return Refused(
                "vault.not-identified",
                f"the vault doesn't take the certificate of {self.identity} in {self._processes} ({error.reason}): "
                "start the vault again, which renews it",
            )
        return _away(self._where)

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None

    @staticmethod
    def _read(body: bytes, expected: type[_Expected]) -> _Expected:
        try:
            answer = m.Answer.validate_json(body)
        except ValidationError:
            # its text could hold a key
            raise Fatal("the vault's answer isn't of this version: start both from the same OpenLFR") from None
        if isinstance(answer, m.RefusedAnswer):
            raise Refused(answer.rule, answer.message)
        if isinstance(answer, m.RetryAnswer):
            raise Retryable(answer.message)
        if not isinstance(answer, expected):
            raise Fatal(f"the vault answered with {type(answer).__name__}: start both from the same OpenLFR")
        return answer


def make_vault_client(settings: Settings, identity: ProcessIdentity, timeout_s: float = VAULT_TIMEOUT_S) -> VaultClient:
    """Return the client of these settings' vault, for the process that this is. Nothing is connected yet."""
    where = settings.vault_address or settings.vault_socket
    return VaultClient(where, identity, settings.process_folder, timeout_s)


def _away(where: Path | str) -> VaultAwayError:
    return VaultAwayError(
        f"the vault at {where} does not answer: whoever runs the system starts it with `lfr up`, or sees `lfr status`"
    )


def _frame_key(answer: m.FrameKeyAnswer) -> FrameKey:
    return FrameKey(answer.id, answer.key, answer.seals_until_ns, answer.opens_until_ns, answer.lease_s, answer.canary)


def _info(info: m.Info) -> KeptKeyInfo:
    return KeptKeyInfo(info.id, info.kind, info.deployment, info.subject, info.fingerprint, info.due_ns, info.held)
