"""What the vault sees of a certificate before it signs it: it is the next one, and a "passed" fits vault and records.

What was destroyed and left, and which classes have no canary, is held against what the vault reads itself. A search
that failed is signed as it is. One that says "passed" is signed only when its own findings say so too, when it leaves
out no canary that was recorded at its injection, and when the vault keeps no key that had to be destroyed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock
from lfr_core.custody.vault.signing import check_recent, not_signed
from lfr_core.domain.signatures import SignatureKind
from lfr_core.retention.erasure.canary import CanaryKind
from lfr_core.retention.erasure.certificate import CanaryLine, Certificate, find_unproved_classes, vouched_with
from lfr_core.retention.erasure.destruction_log import ClassDestruction, ended_ns, read_destroyed
from lfr_core.retention.erasure.verify import find_failures
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.erasure import CanaryRow, CertificateRow

__all__ = ["check_certificate_to_sign"]

_LATER_BY_NS = 3600 * 10**9
"""A search of large stores takes a while: so much older may it be than its certificate."""
_CLOCKS_NS = 30 * 10**9
"""By how much two machines' clocks may differ."""


def check_certificate_to_sign(
    message: bytes,
    engine: Engine,
    clock: Clock,
    kept_ids: Callable[[], Collection[str]],
    differences: Callable[[], Collection[str]],
    grace_s: float,
    *,
    has_tpm: bool,
) -> None:
    """See that a message is the certificate that comes next, and that it says "passed" only of what is so.

    Args:
        message: its body, canonical JSON.
        engine: the records.
        clock: of the vault.
        kept_ids: ids of the keys that the vault keeps.
        differences: in words, which records aren't what the audit trail says: of those nothing is called deleted.
        grace_s: how long an ended epoch may be opened (`policy.vault.grace_s`).
        has_tpm: whether a TPM holds a part of what opens the keystore.

    Raises:
        Refused: `vault.not-signed`; `deployment.unknown`.
        Retryable: the records are away.
    """
    try:
        certificate = Certificate.model_validate_json(message)
    except ValidationError as error:
        raise not_signed(SignatureKind.CERTIFICATE, "it is no certificate of erasure") from error
    if certificate.canonical().encode() != message:
        raise not_signed(SignatureKind.CERTIFICATE, "it isn't written the one way")
    check_recent(SignatureKind.CERTIFICATE, certificate.issued_ns, clock)
    ended = ended_ns(engine, certificate.deployment)
    destroyed = read_destroyed(engine, certificate.deployment, grace_s=grace_s)
    differing = tuple(differences()) if certificate.search.passed else ()
    with reading(engine) as session:
        faults = [*_place_faults(session, certificate), *_find_vault_faults(session, certificate, destroyed)]
        if certificate.vouched != vouched_with(tpm=has_tpm):
            faults.append("it doesn't say what its signature vouches for")
        if certificate.search.passed:
            faults += differing
            faults += _passed_faults(session, certificate, ended, clock.time_ns(), kept_ids())
    if faults:
        raise not_signed(SignatureKind.CERTIFICATE, faults[0])


def _place_faults(session: Session, certificate: Certificate) -> Iterator[str]:
    newest = session.exec(select(CertificateRow).order_by(col(CertificateRow.number).desc()).limit(1)).first()
    place = (1, "") if newest is None else (newest.number + 1, newest.digest)
    if (certificate.number, certificate.previous) != place:
        yield f"the next certificate is number {place[0]}, after the newest there is"


def _find_vault_faults(
    session: Session, certificate: Certificate, destroyed: Sequence[ClassDestruction]
) -> Iterator[str]:
    """Compare what the vault reads itself, whatever the search said."""
    if certificate.destroyed != tuple(destroyed):
        yield "what it says was destroyed and left isn't what the records say"
    kinds = session.exec(select(CanaryRow.kind).where(CanaryRow.deployment == certificate.deployment))
    if certificate.without_canary != find_unproved_classes([CanaryKind(each) for each in kinds]):
        yield "the classes that it says have no canary aren't those"


def _passed_faults(
    session: Session, certificate: Certificate, ended: int | None, now_ns: int, kept: Collection[str]
) -> Iterator[str]:
    search, lines = certificate.search, {line.id: line for line in certificate.canaries}
    if not now_ns - _LATER_BY_NS <= search.at_ns <= now_ns + _CLOCKS_NS:
        yield 'it says "passed" of another time'
    if ended != search.ended_ns:
        yield "its deployment ended at another time"
    if not lines:
        yield 'it says "passed" without a canary'
    rows = session.exec(select(CanaryRow).where(CanaryRow.deployment == certificate.deployment)).all()
    if {row.id: _values_of_row(row) for row in rows} != {id_: _values_of_line(line) for id_, line in lines.items()}:
        yield "its canaries aren't those recorded at the injection"
    for result in search.stores:
        if {finding.canary for finding in result.findings} != lines.keys():
            yield f"it doesn't say of each canary what was found in {result.store}"
    if not {line.store for line in lines.values()} <= {result.store for result in search.stores}:
        yield "a store that a canary was put into isn't among those searched"
    yield from find_failures(certificate.canaries, search.stores, engine_control=search.engine_control)
    for line in lines.values():
        due_ns = ended if line.due_ns is None else line.due_ns
        is_due = due_ns is not None and due_ns <= search.at_ns
        if (line.due, line.id in search.due) != (is_due, is_due):
            yield f"whether canary {line.id} had to be gone is wrong"
        if is_due and line.key_id in kept:
            yield f"the key of canary {line.id} had to be destroyed, and is kept"


def _values_of_row(row: CanaryRow) -> tuple[object, ...]:
    return (
        row.kind,
        row.store,
        row.planted_ns,
        row.due_ns,
        row.key_id,
        row.key_fingerprint,
        row.clear_digest,
        row.stored_digest,
    )


def _values_of_line(line: CanaryLine) -> tuple[object, ...]:
    return (
        line.kind.value,
        line.store,
        line.planted_ns,
        line.due_ns,
        line.key_id,
        line.key_fingerprint,
        line.clear_digest,
        line.stored_digest,
    )
