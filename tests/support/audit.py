"""An audit trail for tests: the real one, over a keyed pseudonymiser and an Ed25519 key of the test's own."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Retryable
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.port import Signature, WriterKey
from lfr_core.custody.vault.writer_keys import WriterKeys
from lfr_core.domain.actors import ProcessIdentity, fold_key_name
from lfr_core.domain.signatures import SignatureKind, signed_bytes
from tests.support.records import ManualClock

__all__ = ["Notary", "audit_trail"]


class Notary:
    """Signs and gives pseudonyms as the vault does. Two with the same `name` have the same keys."""

    def __init__(self, name: str = "this installation", clock: Clock | None = None) -> None:
        self._secret = hashlib.sha256(name.encode()).digest()
        self._key = Ed25519PrivateKey.from_private_bytes(self._secret)
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.writers = WriterKeys(self._secret, clock or ManualClock())
        self.away = False

    identity: ProcessIdentity | None = None

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        self._answer()
        return Signature(self._key.sign(signed_bytes(kind, message)), self.public_key)

    def sign_untyped(self, message: bytes) -> Signature:
        """As an earlier version did."""
        return Signature(self._key.sign(message), self.public_key)

    def pseudonym(self, name: str) -> str:
        self._answer()
        return hmac.new(self._secret, fold_key_name(name).encode(), hashlib.sha256).hexdigest()[:32]

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        self._answer()
        return self.writers.writer_key(name, self.identity, person)

    def _answer(self) -> None:
        if self.away:
            raise Retryable("the vault is away: start it with `lfr up`; nothing was done")


def audit_trail(clock: Clock | None = None, notary: Notary | None = None) -> AuditTrail:
    """A trail whose entries `Notary()` can sign."""
    return AuditTrail(notary or Notary(clock=clock), clock or ManualClock())
