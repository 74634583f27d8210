"""What the installation signs: a closed list of kinds, the kind a part of what is signed.

Signed is `openlfr signature 2`, a line feed, the kind, a line feed, and the message: so no signature of one kind can be
passed off as one of another. Until version 2 the bare message was signed. Such signatures are verified still, and
told apart; none is made any more.
"""

from __future__ import annotations

from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["SignatureForm", "SignatureKind", "find_form", "signed_bytes"]


class SignatureKind(StrEnum):
    """What may be signed with the installation's key. The value is part of what is signed: never change one."""

    AUDIT_ANCHOR = "audit-anchor"
    """Where the audit trail begins since it was pruned."""
    AUDIT_HEAD = "audit-head"
    """The newest entry of the audit trail, and through its hash all before it."""
    CERTIFICATE = "erasure-certificate"
    EVIDENCE = "evidence-bundle"
    """The manifest of an export of the trail, or of one deployment's evidence."""
    SITE = "public-site"
    """The manifest of the public site."""


class SignatureForm(StrEnum):
    """How a signature was made."""

    TYPED = "typed"
    UNTYPED = "untyped"
    """By an earlier version, over the bare message: for any kind, whoever asked."""


def signed_bytes(kind: SignatureKind, message: bytes) -> bytes:
    """Return what is signed for a message of that kind."""
    return f"openlfr signature 2\n{kind.value}\n".encode() + message


def find_form(
    kind: SignatureKind, message: bytes, *, signature: str, public_key: str, untyped: bytes | None = None
) -> SignatureForm | None:
    """Return the form of a valid Ed25519 signature, None when it is not valid for this message as one of this kind.

    Args:
        kind: what the message has to be signed as.
        message: without the kind.
        signature: hexadecimal, 64 bytes.
        public_key: hexadecimal, 32 bytes; like the signature in small letters, so that there is one way to write it.
        untyped: what was signed before version 2, where that wasn't the message.
    """
    try:
        key, made = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)), bytes.fromhex(signature)
    except ValueError:
        return None
    if (key.public_bytes_raw().hex(), made.hex()) != (public_key, signature):
        return None
    forms = {
        SignatureForm.TYPED: signed_bytes(kind, message),
        SignatureForm.UNTYPED: message if untyped is None else untyped,
    }
    for form, signed in forms.items():
        try:
            key.verify(made, signed)
        except InvalidSignature:
            continue
        return form
    return None
