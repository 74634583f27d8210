"""Proof: the audit trail verifies, and certificates of deletion are whole and passed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.common.counts import agree, counted, each_of
from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, read_checkpoint, read_public_key, read_refusal
from lfr_core.custody.audit.verify import verify
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.publication.promises.port import PromiseFinding, Result, finding
from lfr_core.retention.erasure.certificate_service import CertificateService, read_certificates
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.erasure import CanaryRow

__all__ = ["DeletionCertified", "TrailVerifies"]

_DAY_NS = 24 * 3_600 * 10**9
_OPERATIONAL = DeploymentKind.OPERATIONAL.value


class TrailVerifies:
    """The whole trail: every entry, every signature, the head kept outside the database."""

    id = "audit.verifies"

    def __init__(self, engine: Engine, keystore_folder: Path, records_key: Callable[[], bytes]) -> None:
        """
        Args:
            engine: the records.
            keystore_folder: where the public key and the head checkpoint lie.
            records_key: asks the vault for the key of what the trail says of records.
        """
        self._records_key = records_key
        self._engine = engine
        self._folder = keystore_folder

    def check(self, now_ns: int) -> PromiseFinding:
        public_key = read_public_key(self._folder)
        try:
            checkpoint = read_checkpoint(self._folder / HEAD_FILE)
        except Refused as refusal:
            return PromiseFinding(Result.BROKEN, "what is kept outside the database is damaged", detail=str(refusal))
        report = verify(
            self._engine,
            public_key=public_key,
            checkpoint=checkpoint,
            now_ns=now_ns,
            refusal=read_refusal(self._folder),
            records_key=self._key(),
        )
        evidence: dict[str, str | int] = {
            "entries": report.entries,
            "signatures": report.heads,
            "signed_up_to": report.signed_seq,
            "public_key": public_key.hex(),
        }
        if report.differences:
            more = {"differences": len(report.differences)}
            message = "the records aren't what the trail says: somebody wrote in the database past the platform"
            return PromiseFinding(Result.BROKEN, message, evidence | more, detail="; ".join(report.differences[:5]))
        if report.problem is not None:
            found = finding(
                [f"audit:{report.problem.seq}"], holds="", breaks="the trail was changed", evidence=evidence
            )
            message = f"the trail doesn't verify: {report.problem.fault.value.replace('-', ' ')}"
            return PromiseFinding(found.result, message, found.evidence, found.subjects, report.problem.message)
        if report.unchecked:
            message = "nothing was changed, but not everything could be compared"
            return PromiseFinding(Result.UNCHECKED, message, evidence, detail="; ".join(report.unchecked))
        return PromiseFinding(Result.HOLDS, f"{each_of(report.entries, 'entry')} is as it was written", evidence)

    def _key(self) -> bytes | None:
        try:
            return self._records_key()
        except Retryable:
            return None


class DeletionCertified:
    """Certificates follow one another unbroken, each deployment's last one passed, and none is missing."""

    id = "deletion.certified"

    def __init__(self, engine: Engine, certificates: CertificateService, keystore_folder: Path, policy: Policy) -> None:
        self._engine = engine
        self._certificates = certificates
        self._folder = keystore_folder
        self._late_ns = _DAY_NS + round(policy.retention.overdue_after_s * 1e9)

    def check(self, now_ns: int) -> PromiseFinding:
        faults = self._certificates.check(read_public_key(self._folder).hex())
        broken = [f"certificate:{each.number}" for each in faults]
        passed: dict[str, tuple[int, bool]] = {}
        certificates = read_certificates(self._engine)
        for signed in certificates:
            try:
                body = signed.certificate
            except Poison:  # its fault is among those above
                continue
            passed[body.deployment] = body.number, body.search.passed
        broken += [f"certificate:{number}" for number, good in passed.values() if not good]
        broken += [f"deployment:{each}" for each in self._owed(now_ns) if each not in passed]
        evidence = {"certificates": len(certificates), "deployments": len(passed), "faults": len(faults)}
        if not broken and not certificates:
            return PromiseFinding(Result.UNCHECKED, "no certificate has fallen due yet", evidence)
        return finding(
            list(dict.fromkeys(broken)),
            holds=f"{each_of(len(certificates), 'certificate')} is whole, and the last of each deployment passed",
            breaks=f"{counted(len(set(broken)), 'certificate')} {agree(len(set(broken)), 'is')} damaged, failed "
            "or missing",
            evidence=evidence,
        )

    def _owed(self, now_ns: int) -> list[str]:
        """List the deployments of which a certificate must be there, because they ended a day ago.

        Every operational one that was opened, also where no canary was injected and so nothing could be proved; of
        trials those with canaries.
        """
        with reading(self._engine) as session:
            injected = set(session.exec(select(CanaryRow.deployment)))
            rows = session.exec(select(DeploymentRow)).all()
        before_s = (now_ns - self._late_ns) / 1e9
        over = (row for row in rows if row.ended_at is not None and row.ended_at.timestamp() < before_s)
        return [row.id for row in over if row.id in injected or (row.opened_at and row.kind == _OPERATIONAL)]
