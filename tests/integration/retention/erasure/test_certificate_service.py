"""Certificates on both databases: kept, chained, and every edit found."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, update
from sqlmodel import col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Retryable
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.tpm_secrets import TpmSecrets
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.signatures import SignatureKind
from lfr_core.retention.erasure.canary import CanaryKind, DataClass, InjectedCanary, PositiveControl
from lfr_core.retention.erasure.certificate import SignedCertificate
from lfr_core.retention.erasure.certificate_service import (
    CertificateService,
    find_unregistered_canaries,
    read_certificates,
    register_canaries,
)
from lfr_core.retention.erasure.destruction_log import epochs, read_destroyed
from lfr_core.retention.erasure.search import Needles
from lfr_core.retention.erasure.stores import FolderStore, database_store
from lfr_core.retention.erasure.verify import Verification
from lfr_core.storage.engine import is_sqlite, open_engine, reading
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.erasure import CertificateRow
from lfr_core.storage.tables.vault import EpochRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow
from tests.support.audit import Notary
from tests.support.overwriting import overwriting
from tests.support.records import NOW_NS, ManualClock, entry
from tests.support.tpms import MemoryTpm

S = 10**9


@dataclass
class CertificateHarness:
    engine: Engine
    folder: Path
    notary: Notary
    certificates: CertificateService

    def issue(self, deployment: str = "dep") -> SignedCertificate:
        search = Verification(at_ns=NOW_NS, ended_ns=None, engine_control=True, due=(), stores=(), failures=())
        return self.certificates.issue(
            deployment,
            destroyed=read_destroyed(self.engine, deployment, grace_s=5.0),
            injected=[canary()],
            search=search,
        )

    def faults(self) -> list[tuple[int, str]]:
        return [(fault.number, fault.what) for fault in self.certificates.check(self.notary.public_key.hex())]

    def file(self, number: int) -> Path:
        return self.folder / f"{number:06d}-dep.json"


def canary(**changes: object) -> InjectedCanary:
    one = InjectedCanary(
        id="c1",
        kind=CanaryKind.REFERENCE,
        deployment="dep",
        store="database",
        planted_ns=NOW_NS,
        due_ns=None,
        key_id="k",
        key_fingerprint="f",
        clear=(b"c" * 32,),
        stored=(b"s" * 32,),
        control=PositiveControl.FOUND,
    )
    return one.model_copy(update=changes)


@pytest.fixture
def certificates(database_url: str, tmp_path: Path) -> Iterator[CertificateHarness]:
    engine = open_engine(database_url)
    with overwriting(engine) as session:
        session.add(
            DeploymentRow(
                id="dep",
                name="dep",
                kind=DeploymentKind.DEMO.value,
                status="live",
                threshold=0.45,
                agreeing_shots=2,
                live_only=True,
                created_at=utc_from_ns(NOW_NS),
            )
        )
    notary, clock, folder = Notary(), ManualClock(), tmp_path / "certificates"
    trail = AuditTrail(notary, clock)
    service = CertificateService(engine, notary, trail, clock, folder, tmp_path / "vault")
    yield CertificateHarness(engine, folder, notary, service)
    engine.dispose()


def test_a_certificate_is_signed_kept_handed_out_and_on_the_trail(certificates: CertificateHarness) -> None:
    first, second = certificates.issue(), certificates.issue()

    assert certificates.faults() == []
    assert read_certificates(certificates.engine, "dep") == (first, second)
    assert SignedCertificate.from_file(certificates.file(1).read_text()) == first
    assert (second.certificate.number, second.certificate.previous) == (2, first.digest)
    assert set(first.certificate.without_canary) == set(DataClass) - {DataClass.LIST}
    with reading(certificates.engine) as session:
        bodies = session.exec(select(AuditEntryRow.body)).all()
    assert [second.digest in body for body in bodies] == [False, True]


def test_a_certificate_says_whether_a_tpm_keeps_copies_of_the_keys_closed(certificates: CertificateHarness) -> None:
    without = certificates.issue().certificate
    store, tpm = Keystore(certificates.folder.parent / "vault"), TpmSecrets(MemoryTpm())
    tpm.begin(store.installation)
    store.bind(tpm)

    with_one = certificates.issue().certificate

    assert "No TPM holds" in without.vouched
    assert "A TPM of the vault's machine holds" in with_one.vouched
    assert "No TPM" not in with_one.vouched


def _row(number: int, **values: object) -> Callable[[CertificateHarness], None]:
    def edit(certificates: CertificateHarness) -> None:
        with overwriting(certificates.engine) as session:
            session.execute(update(CertificateRow).where(col(CertificateRow.number) == number).values(**values))

    return edit


def _body(certificates: CertificateHarness) -> None:
    with overwriting(certificates.engine) as session:
        row = session.get(CertificateRow, 2)
        assert row is not None
        row.body = row.body.replace('"keys":0', '"keys":1', 1)


def _body_and_digest(certificates: CertificateHarness) -> None:
    _body(certificates)
    with overwriting(certificates.engine) as session:
        row = session.get(CertificateRow, 2)
        assert row is not None
        row.digest = SignedCertificate(row.body, row.signature, row.public_key).digest


def _another_signs(certificates: CertificateHarness) -> None:
    _body(certificates)
    stranger = Notary("another installation")
    with overwriting(certificates.engine) as session:
        row = session.get(CertificateRow, 2)
        assert row is not None
        row.digest = SignedCertificate(row.body, "", "").digest
        signature = stranger.sign(SignatureKind.CERTIFICATE, row.body.encode())
        row.signature, row.public_key = signature.signature.hex(), signature.public_key.hex()


def _file(certificates: CertificateHarness) -> None:
    document = json.loads(certificates.file(2).read_text())
    document["certificate"]["deployment"] = "another"
    certificates.file(2).write_text(json.dumps(document))


def _remove(number: int) -> Callable[[CertificateHarness], None]:
    def remove(certificates: CertificateHarness) -> None:
        with overwriting(certificates.engine) as session:
            session.execute(delete(CertificateRow).where(col(CertificateRow.number) == number))

    return remove


EDITS: dict[str, Callable[[CertificateHarness], object]] = {
    "body": _body,
    "body and digest": _body_and_digest,
    "body, signed by another": _another_signs,
    "signature": _row(2, signature="00" * 64),
    "signature that isn't hexadecimal": _row(2, signature="x"),
    "digest": _row(2, digest="00" * 32),
    "time": _row(2, issued_ns=1),
    "file": _file,
    "file removed": lambda certificates: certificates.file(2).unlink(),
    "file cut short": lambda certificates: certificates.file(2).write_text(certificates.file(2).read_text()[:-9]),
    "file added": lambda certificates: certificates.file(9).write_text(certificates.file(2).read_text()),
    "row removed": _remove(2),
    "last row removed": _remove(3),
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_of_a_certificate_is_found(certificates: CertificateHarness, edit: str) -> None:
    for _ in range(3):
        certificates.issue()
    assert certificates.faults() == []

    EDITS[edit](certificates)

    assert certificates.faults()
    assert {number for number, _ in certificates.faults()} <= {2, 3, 9}


def test_a_missing_file_is_written_again_from_the_table(certificates: CertificateHarness) -> None:
    certificates.issue()
    certificates.file(1).unlink()

    assert certificates.certificates.mend_files() == 1
    assert certificates.faults() == []


def test_without_the_vault_nothing_is_certified(certificates: CertificateHarness) -> None:
    certificates.notary.away = True

    with pytest.raises(Retryable, match="vault"):
        certificates.issue()

    assert read_certificates(certificates.engine) == ()


def test_a_canary_that_was_swapped_or_dropped_after_injection_is_noticed(certificates: CertificateHarness) -> None:
    trail = AuditTrail(certificates.notary, ManualClock(NOW_NS))
    register_canaries(certificates.engine, trail, [canary(), canary(id="c2")])

    assert find_unregistered_canaries(certificates.engine, [canary(), canary(id="c2")]) == ()
    assert len(find_unregistered_canaries(certificates.engine, [canary(stored=(b"z" * 32,)), canary(id="c2")])) == 1
    assert len(find_unregistered_canaries(certificates.engine, [canary()])) == 1
    assert len(find_unregistered_canaries(certificates.engine, [canary(), canary(id="c2"), canary(id="c3")])) == 1


def test_the_destruction_log_of_frames_has_every_epoch(certificates: CertificateHarness) -> None:
    with overwriting(certificates.engine) as session:
        for index, destroyed_ns in enumerate((NOW_NS + 15 * S, NOW_NS + 27 * S, None)):
            started = NOW_NS + index * 10 * S
            session.add(
                EpochRow(
                    id=f"e{index}",
                    deployment="dep",
                    started_ns=started,
                    ended_ns=started + 10 * S,
                    fingerprint=f"f{index}",
                    destroyed_ns=destroyed_ns,
                )
            )

    frames = read_destroyed(certificates.engine, "dep", grace_s=5.0)[0]

    assert (frames.data_class, frames.keys, dict(frames.left)) == (DataClass.FRAMES, 2, {"keys": 1})
    assert (frames.latest_after_due_ms, frames.done_ns) == (2_000, NOW_NS + 27 * S)
    assert [one.fingerprint for one in epochs(certificates.engine, "dep", at_ns=NOW_NS + 10 * S)] == ["f1"]


def test_bytes_in_any_column_of_the_database_are_found(certificates: CertificateHarness) -> None:
    needle, text = os.urandom(32), "a text of more than twenty-four characters"
    with overwriting(certificates.engine) as session:
        one = entry("e1")
        session.add(
            WatchlistEntryRow(
                deployment="dep",
                id="e1",
                subject=text,
                category=one.category.value,
                legal_reference="",
                approved_by="",
                expires_on=one.expires_on,
            )
        )
        session.flush()
        # large enough to be cut into overflow pages, or toasted
        crop = os.urandom(50_000) + needle + os.urandom(50_000)
        session.add(WatchlistReferenceRow(deployment="dep", id="r1", entry="e1", photograph="p", crop_sealed=crop))
    store = database_store(certificates.engine)

    searched = store.search(Needles([crop[1000:1032], crop[30_000:30_032], needle, text.encode()]))

    assert {0, 1, 2, 3} - searched.needles_found <= {0, 1, 2}  # a page's edge may cut one of the slices
    assert 3 in searched.needles_found
    assert len(searched.needles_found) >= 3
    assert searched.bytes_read > 100_000
    assert isinstance(store, FolderStore) == is_sqlite(certificates.engine)
    assert bool(store.limits) != is_sqlite(certificates.engine)
