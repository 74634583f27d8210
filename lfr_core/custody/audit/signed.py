"""What is signed: heads and anchors, and how a signature is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.port import Signer
from lfr_core.custody.vault.signing import not_signed
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form

__all__ = [
    "Anchor",
    "Head",
    "HeadDocument",
    "find_signed_form",
    "head_from",
    "parse_anchor_message",
    "parse_head_message",
    "signed_anchor",
    "signed_head",
]


@dataclass(frozen=True, slots=True)
class Head:
    """A signature over entry `seq` and through its hash over all before it. `public_key` and `signature` are hex."""

    kind: ClassVar = SignatureKind.AUDIT_HEAD
    seq: int
    hash: str
    at_ns: int
    public_key: str
    signature: str

    def message(self) -> bytes:
        """What is signed."""
        return canonical(
            {"kind": "openlfr.audit.head", "v": 1, "seq": self.seq, "hash": self.hash, "at_ns": self.at_ns}
        ).encode()

    def as_dict(self) -> dict[str, str | int]:
        """For a file."""
        return {
            "seq": self.seq,
            "hash": self.hash,
            "at_ns": self.at_ns,
            "public_key": self.public_key,
            "signature": self.signature,
        }


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the trail begins since it was pruned: the last entry removed, and how many went in all."""

    kind: ClassVar = SignatureKind.AUDIT_ANCHOR
    seq: int
    hash: str
    count: int
    at_ns: int
    public_key: str
    signature: str

    def message(self) -> bytes:
        """What is signed."""
        return canonical(
            {
                "kind": "openlfr.audit.anchor",
                "v": 1,
                "seq": self.seq,
                "hash": self.hash,
                "count": self.count,
                "at_ns": self.at_ns,
            }
        ).encode()

    def as_dict(self) -> dict[str, str | int]:
        """For a file."""
        return {
            "seq": self.seq,
            "hash": self.hash,
            "count": self.count,
            "at_ns": self.at_ns,
            "public_key": self.public_key,
            "signature": self.signature,
        }


class HeadDocument(BaseModel):
    """A head as a file holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seq: StrictInt = Field(ge=1)
    hash: str = Field(pattern="^[0-9a-f]{64}$")
    at_ns: StrictInt
    public_key: str = Field(pattern="^[0-9a-f]{64}$")
    signature: str = Field(pattern="^[0-9a-f]{128}$")


def head_from(text: bytes) -> Head:
    """The head in a file's content. Raises pydantic's ValidationError, a ValueError, when there is none."""
    found = HeadDocument.model_validate_json(text)
    return Head(found.seq, found.hash, found.at_ns, found.public_key, found.signature)


def signed_head(signer: Signer, seq: int, hash_: str, at_ns: int) -> Head:
    """Have a head signed. Raises Retryable when the vault is away."""
    signed = signer.sign(SignatureKind.AUDIT_HEAD, Head(seq, hash_, at_ns, "", "").message())
    return Head(seq, hash_, at_ns, signed.public_key.hex(), signed.signature.hex())


def signed_anchor(signer: Signer, seq: int, hash_: str, at_ns: int) -> Anchor:
    """Have an anchor signed; entries are numbered without gaps from 1, so `seq` of them are gone."""
    signed = signer.sign(SignatureKind.AUDIT_ANCHOR, Anchor(seq, hash_, seq, at_ns, "", "").message())
    return Anchor(seq, hash_, seq, at_ns, signed.public_key.hex(), signed.signature.hex())


def find_signed_form(one: Head | Anchor) -> SignatureForm | None:
    """Return the form of its signature; None when it isn't that of the public key it names."""
    return find_form(one.kind, one.message(), signature=one.signature, public_key=one.public_key)


class _HeadMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["openlfr.audit.head"]
    v: Literal[1]
    seq: StrictInt = Field(ge=1)
    hash: str = Field(pattern="^[0-9a-f]{64}$")
    at_ns: StrictInt


class _AnchorMessage(_HeadMessage):
    kind: Literal["openlfr.audit.anchor"]  # type: ignore[assignment]  # one word instead of another
    count: StrictInt


def parse_head_message(message: bytes) -> Head:
    """Return the head that a message is of, not signed yet. Raises Refused `vault.not-signed` when it is of none."""
    try:
        found = _HeadMessage.model_validate_json(message)
    except ValidationError as error:
        raise not_signed(SignatureKind.AUDIT_HEAD, "it is no head of the audit trail") from error
    head = Head(found.seq, found.hash, found.at_ns, "", "")
    if head.message() != message:
        raise not_signed(SignatureKind.AUDIT_HEAD, "it isn't written the one way")
    return head


def parse_anchor_message(message: bytes) -> Anchor:
    """Return the anchor that a message is of, not signed yet. Raises Refused `vault.not-signed` when it is of none."""
    try:
        found = _AnchorMessage.model_validate_json(message)
    except ValidationError as error:
        raise not_signed(SignatureKind.AUDIT_ANCHOR, "it is no anchor of the audit trail") from error
    anchor = Anchor(found.seq, found.hash, found.count, found.at_ns, "", "")
    if anchor.message() != message:
        raise not_signed(SignatureKind.AUDIT_ANCHOR, "it isn't written the one way")
    return anchor
