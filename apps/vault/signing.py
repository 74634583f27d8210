"""What the vault of an installation signs, and the check of each kind: put together from those who know the kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from lfr_core.alerts.evidence_check import check_bundle_to_sign
from lfr_core.common.clock import Clock
from lfr_core.custody.audit.bundle import parse_manifest
from lfr_core.custody.audit.heads import check_anchor_to_sign, check_head_to_sign
from lfr_core.custody.audit.signed import parse_anchor_message, parse_head_message
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.signing import SigningCheck, check_recent, not_signed
from lfr_core.domain.policy import Policy
from lfr_core.domain.signatures import SignatureKind
from lfr_core.publication.site.signing_check import check_site_to_sign
from lfr_core.retention.erasure.certificate_service import read_certificates
from lfr_core.retention.erasure.signing_check import check_certificate_to_sign

__all__ = ["signing_checks"]

_DAY_NS = 86_400 * 10**9


def signing_checks(
    core: VaultCore,
    engine: Engine,
    policy: Policy,
    clock: Clock,
    compare: Callable[[], tuple[str, ...]] = tuple,
    carry: Callable[[int], None] = lambda _up_to: None,
) -> Mapping[SignatureKind, SigningCheck]:
    """Return the check of each kind of signature, over the records and what `core` keeps.

    `compare` says which records aren't what the trail says: no site, no certificate that something was deleted and no
    evidence is made of such; the trail may be handed out. `carry` says again what entries said, before an anchor.
    """

    def check_records(kind: SignatureKind) -> None:
        for difference in compare():
            raise not_signed(kind, f"{difference}: see `lfr audit verify`")

    def check_head(message: bytes) -> None:
        head = parse_head_message(message)
        check_recent(SignatureKind.AUDIT_HEAD, head.at_ns, clock)
        if head.generation is not None and head.generation > core.keystore.generation:
            raise not_signed(SignatureKind.AUDIT_HEAD, "it says a generation of the keystore that there isn't yet")
        check_head_to_sign(engine, core, head)

    def check_anchor(message: bytes) -> None:
        before_ns = clock.time_ns() - policy.audit.keep_days * _DAY_NS
        anchor = parse_anchor_message(message)
        check_recent(SignatureKind.AUDIT_ANCHOR, anchor.at_ns, clock)
        check_anchor_to_sign(engine, core.public_key, anchor, before_ns=before_ns)
        carry(anchor.seq)

    def check_certificate(message: bytes) -> None:
        core.finality.check()  # what was destroyed isn't final in copies while the TPM is away
        check_certificate_to_sign(
            message,
            engine,
            clock,
            lambda: {info.id for info in core.kept()},
            differences=compare,
            grace_s=policy.vault.grace_s,
            has_tpm=core.keystore.tpm is not None,
        )

    def check_bundle(message: bytes) -> None:
        if parse_manifest(message).deployment is not None:
            check_records(SignatureKind.EVIDENCE)
        check_bundle_to_sign(message, engine, clock, lambda deployment: read_certificates(engine, deployment))

    def check_site(message: bytes) -> None:
        check_records(SignatureKind.SITE)
        check_site_to_sign(message, engine, policy.force, clock)

    return {
        SignatureKind.AUDIT_ANCHOR: check_anchor,
        SignatureKind.AUDIT_HEAD: check_head,
        SignatureKind.CERTIFICATE: check_certificate,
        SignatureKind.EVIDENCE: check_bundle,
        SignatureKind.SITE: check_site,
    }
