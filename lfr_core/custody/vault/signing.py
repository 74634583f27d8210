"""The installation's signing key: signs what passes the check of its kind, and nothing of a kind that has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import Signature
from lfr_core.domain.signatures import SignatureKind, signed_bytes

__all__ = ["NOT_SIGNED", "SigningCheck", "SigningKey", "not_signed"]

NOT_SIGNED = "vault.not-signed"
SigningCheck: TypeAlias = Callable[[bytes], None]
"""Returns when a message is what its kind says and fits the records. Raises Refused `vault.not-signed`, Retryable."""


class SigningKey:
    """An Ed25519 key and the kinds it signs."""

    def __init__(self, seed: bytes) -> None:
        """`seed`: 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._checks: dict[SignatureKind, SigningCheck] = {}
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)  # 32 bytes

    def allow(self, checks: Mapping[SignatureKind, SigningCheck]) -> None:
        """Sign messages of these kinds from now on, each after its check."""
        self._checks |= checks

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        """Sign a message as one of that kind. Raises Refused `vault.not-signed`, and as its check."""
        check = self._checks.get(kind)
        if check is None:
            raise Refused(NOT_SIGNED, f"this vault signs nothing of the kind {kind}")
        check(message)
        return Signature(self._key.sign(signed_bytes(kind, message)), self.public_key)


def not_signed(kind: SignatureKind, why: str) -> Refused:
    """Return the refusal of a message that isn't what its kind says."""
    return Refused(NOT_SIGNED, f"not signed as {kind}: {why}")
