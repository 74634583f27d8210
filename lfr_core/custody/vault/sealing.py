"""Sealing bytes: AES-256-GCM with a random 96-bit nonce in front, bound to what they belong to.

A key here seals some thousands of messages at most, far below the 2^32 that NIST SP 800-38D (8.3) allows
random nonces.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lfr_core.common.errors import Refused

__all__ = ["KEY_BYTES", "OVERHEAD_BYTES", "binding", "fingerprint", "new_key", "open_sealed", "seal"]

KEY_BYTES = 32
_NONCE_BYTES = 12
OVERHEAD_BYTES = _NONCE_BYTES + 16
"""What sealing adds: the nonce and the tag."""


def new_key() -> bytes:
    """Return 32 bytes of the operating system's randomness."""
    return os.urandom(KEY_BYTES)


def fingerprint(key: bytes) -> str:
    """Return SHA-256 of a key, hexadecimal. A key of 256 random bits can't be found from it."""
    return hashlib.sha256(key).hexdigest()


def binding(*parts: str | int) -> bytes:
    """Return the additional data of what a ciphertext belongs to; lengths go in front, so no part can be shifted."""
    encoded = [str(part).encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Seal `plain`: returns nonce, ciphertext and tag, which open only with the same `bound_to` (see `binding`)."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def open_sealed(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Return the plain bytes again.

    Raises:
        Refused: `vault.not-authentic`: another key, changed bytes, or sealed for something else.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise Refused(
            "vault.not-authentic", "sealed bytes don't open: changed, cut short, or sealed for something else"
        ) from error
