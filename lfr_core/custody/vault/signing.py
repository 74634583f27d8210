"""The installation's signing key: signs what passes the check of its kind, and nothing of a kind that has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import Signature
from lfr_core.domain.signatures import SignatureKind, signed_bytes

__all__ = ["MADE_BEFORE_NS", "NOT_SIGNED", "SigningCheck", "SigningKey", "check_recent", "not_signed"]

NOT_SIGNED = "vault.not-signed"
MADE_BEFORE_NS = 15 * 60 * 10**9
"""To make a site or a bundle takes so long at most."""
_CLOCKS_NS = 30 * 10**9
"""By how much two machines' clocks may differ."""
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


def check_recent(kind: SignatureKind, at_ns: int, clock: Clock) -> None:
    """See that what is signed now says that it was made now. Raises Refused `vault.not-signed`."""
    now_ns = clock.time_ns()
    if not now_ns - MADE_BEFORE_NS <= at_ns <= now_ns + _CLOCKS_NS:
        raise not_signed(kind, "it says that it was made at another time than now")


def not_signed(kind: SignatureKind, why: str) -> Refused:
    """Return the refusal of a message that isn't what its kind says."""
    return Refused(NOT_SIGNED, f"not signed as {kind}: {why}")
