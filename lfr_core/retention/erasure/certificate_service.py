"""Where certificates are issued, kept and checked: a table, and beside it a file each for handing out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, Poison
from lfr_core.common.files import read_text_bounded
from lfr_core.custody.audit.port import AuditEvent, Signer, Trail, Verb
from lfr_core.custody.vault.keystore_files import read_tpm_binding
from lfr_core.domain.actors import Principal, SystemActor
from lfr_core.domain.signatures import SignatureKind
from lfr_core.retention.erasure.canary import InjectedCanary, digest_of
from lfr_core.retention.erasure.certificate import (
    Certificate,
    SignedCertificate,
    canary_line,
    find_unproved_classes,
    vouched_with,
)
from lfr_core.retention.erasure.destruction_log import ClassDestruction
from lfr_core.retention.erasure.verify import Verification
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.erasure import CanaryRow, CertificateRow

__all__ = [
    "CertificateFault",
    "CertificateService",
    "find_unregistered_canaries",
    "read_certificates",
    "register_canaries",
]

INJECTED: Final = "erasure.injected"
"""The rule of the entry that says which canaries were injected."""
_CERTIFICATE_BYTES = 50_000_000
"""It names every key epoch of a deployment: some 200 bytes each."""


@dataclass(frozen=True, slots=True)
class CertificateFault:
    """Something wrong with one certificate, or with their row."""

    number: int
    """0 when a file can't be told to belong to any."""
    what: str


class CertificateService:
    """Issues and checks. Raises Retryable when the records or the vault are away.

    Args:
        engine: the records.
        signer: the vault.
        trail: notified of each certificate, in the transaction that keeps it.
        clock: when it is issued.
        folder: of the files.
        keystore: the folder of the vault's keys.
    """

    def __init__(
        self, engine: Engine, signer: Signer, trail: Trail, clock: Clock, folder: Path, keystore: Path
    ) -> None:
        self._engine = engine
        self._signer = signer
        self._trail = trail
        self._clock = clock
        self._folder, self._keystore = folder, keystore

    def issue(
        self,
        deployment: str,
        *,
        destroyed: Sequence[ClassDestruction],
        injected: Sequence[InjectedCanary],
        search: Verification,
        actor: Principal = SystemActor.ERASURE,
    ) -> SignedCertificate:
        """Sign and keep what a search said, whatever it said: a failed search is certified as failed.

        Raises:
            Retryable: the vault or the records are away, or another certificate was issued at the same moment.
            Fatal: its file can't be written; the certificate itself is kept and `mend_files` writes it later.
        """
        self._trail.prepare(actor)
        newest = self._newest()
        body = Certificate(
            number=1 if newest is None else newest[0] + 1,
            previous="" if newest is None else newest[1],
            deployment=deployment,
            issued_ns=self._clock.time_ns(),
            destroyed=tuple(destroyed),
            canaries=tuple(canary_line(one, search.due) for one in injected),
            without_canary=find_unproved_classes([one.kind for one in injected]),
            search=search,
            vouched=vouched_with(tpm=read_tpm_binding(self._keystore) is not None),
        )
        text = body.canonical()
        signature = self._signer.sign(SignatureKind.CERTIFICATE, text.encode())
        signed = SignedCertificate(text, signature.signature.hex(), signature.public_key.hex())
        with writing(self._engine) as session:  # the number is its key: of two at once, one is told to try again
            session.add(
                CertificateRow(
                    number=body.number,
                    deployment=deployment,
                    issued_ns=body.issued_ns,
                    body=signed.body,
                    digest=signed.digest,
                    signature=signed.signature,
                    public_key=signed.public_key,
                )
            )
            session.flush()
            facts: dict[str, str | int] = {"digest": signed.digest, "passed": int(search.passed)}
            subject = f"certificate:{body.number}"
            event = AuditEvent(Verb.ERASE, actor, deployment, subject, rule="erasure.certificate", facts=facts)
            self._trail.append(session, event)
        self._write(body.number, deployment, signed)
        return signed

    def mend_files(self) -> int:
        """Write the files that are missing beside the table; how many."""
        missing = [row for row in self._rows() if not self._file(row.number, row.deployment).exists()]
        for row in missing:
            self._write(row.number, row.deployment, _signed(row))
        return len(missing)

    def check(self, public_key: str) -> tuple[CertificateFault, ...]:
        """Look at every certificate, in table and folder: any edit, removal or addition is a fault.

        Args:
            public_key: the installation's, hexadecimal.
        """
        return tuple(self._faults(public_key))

    def _faults(self, public_key: str) -> list[CertificateFault]:
        faults: list[CertificateFault] = []
        previous, expected = "", 1
        files = {path: path for path in self._folder.glob("*.json")}
        for row in self._rows():
            if row.number != expected:
                faults.append(CertificateFault(expected, "missing from the table"))
            faults += [CertificateFault(row.number, what) for what in _row_faults(row, public_key)]
            if row.number == expected and _previous_of(row) not in (previous, None):
                faults.append(CertificateFault(row.number, "doesn't follow the certificate before it"))
            path = files.pop(self._file(row.number, row.deployment), None)
            if what := _file_fault(path, _signed(row)):
                faults.append(CertificateFault(row.number, what))
            previous, expected = row.digest, row.number + 1
        for path in sorted(files):
            faults.append(CertificateFault(_number_in(path), f"{path.name} isn't in the table"))
        return faults

    def _newest(self) -> tuple[int, str] | None:
        with reading(self._engine) as session:
            row = session.exec(select(CertificateRow).order_by(col(CertificateRow.number).desc()).limit(1)).first()
            return None if row is None else (row.number, row.digest)

    def _rows(self) -> Sequence[CertificateRow]:
        with reading(self._engine) as session:
            return session.exec(select(CertificateRow).order_by(col(CertificateRow.number))).all()

    def _file(self, number: int, deployment: str) -> Path:
        return self._folder / f"{number:06d}-{deployment}.json"

    def _write(self, number: int, deployment: str, signed: SignedCertificate) -> None:
        path = self._file(number, deployment)
        beside = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_text(signed.as_file(), encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise Fatal(
                f"certificate {number} is kept in the records, but its file {path} can't be written "
                f"({error.strerror}): free space, then `lfr erasure verify --mend`"
            ) from error


def read_certificates(engine: Engine, deployment: str | None = None) -> tuple[SignedCertificate, ...]:
    """Read the certificates there are, of one deployment or all, the oldest first. Raises Retryable."""
    query = select(CertificateRow).order_by(col(CertificateRow.number))
    if deployment is not None:
        query = query.where(CertificateRow.deployment == deployment)
    with reading(engine) as session:
        return tuple(map(_signed, session.exec(query)))


def register_canaries(engine: Engine, trail: Trail, injected: Sequence[InjectedCanary]) -> None:
    """Record what was injected, by digests, and put it on the trail; those known already are left alone.

    Raises:
        Retryable: records or vault are away.
    """
    trail.prepare(SystemActor.ERASURE)
    with writing(engine) as session:
        new = [one for one in injected if session.get(CanaryRow, one.id) is None]
        session.add_all(map(_canary_row, new))
        for deployment in sorted({one.deployment for one in new}):
            kinds = Counter(one.kind.value for one in new if one.deployment == deployment)
            subject = f"deployment:{deployment}"
            event = AuditEvent(Verb.COLLECT, SystemActor.ERASURE, deployment, subject, INJECTED, kinds)
            trail.append(session, event)


def _canary_row(one: InjectedCanary) -> CanaryRow:
    return CanaryRow(
        id=one.id,
        deployment=one.deployment,
        kind=one.kind.value,
        store=one.store,
        planted_ns=one.planted_ns,
        due_ns=one.due_ns,
        key_id=one.key_id,
        key_fingerprint=one.key_fingerprint,
        clear_digest=digest_of(one.clear),
        stored_digest=digest_of(one.stored),
    )


def find_unregistered_canaries(engine: Engine, injected: Sequence[InjectedCanary]) -> tuple[str, ...]:
    """Say in words what differs between the file of canaries and what was recorded at injection. Raises Retryable."""
    with reading(engine) as session:
        deployments = {one.deployment for one in injected}
        rows = {row.id: row for row in session.exec(select(CanaryRow)) if row.deployment in deployments}
    faults = []
    for one in injected:
        row = rows.pop(one.id, None)
        if row is None:
            faults.append(f"{one.kind.value}: canary {one.id} was never recorded")
        elif (row.clear_digest, row.stored_digest, row.key_id, row.due_ns) != (
            digest_of(one.clear),
            digest_of(one.stored),
            one.key_id,
            one.due_ns,
        ):
            faults.append(f"{one.kind.value}: canary {one.id} isn't what was recorded at injection")
    faults += [f"{row.kind}: canary {row.id} was recorded and is missing from the file" for row in rows.values()]
    return tuple(faults)


def _signed(row: CertificateRow) -> SignedCertificate:
    return SignedCertificate(row.body, row.signature, row.public_key)


def _previous_of(row: CertificateRow) -> str | None:
    try:
        return _signed(row).certificate.previous
    except Poison:
        return None  # told as unreadable already


def _row_faults(row: CertificateRow, public_key: str) -> list[str]:
    signed = _signed(row)
    if signed.find_form(public_key) is None:
        return ["edited, or not signed by this installation"]
    if signed.digest != row.digest:
        return ["its digest in the table was edited"]
    try:
        certificate = signed.certificate
    except Poison as error:
        return [str(error)]
    if (certificate.number, certificate.deployment, certificate.issued_ns) != (
        row.number,
        row.deployment,
        row.issued_ns,
    ):
        return ["its row in the table was edited"]
    return []


def _file_fault(path: Path | None, signed: SignedCertificate) -> str:
    if path is None:
        return "its file is missing"
    try:
        return (
            ""
            if SignedCertificate.from_file(read_text_bounded(path, _CERTIFICATE_BYTES)) == signed
            else "its file was edited"
        )
    except (OSError, UnicodeDecodeError, Poison):
        return "its file can't be read"


def _number_in(path: Path) -> int:
    head = path.name.partition("-")[0]
    return int(head) if head.isdecimal() else 0
