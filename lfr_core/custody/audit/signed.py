"""What is signed: heads and anchors, and how a signature is checked."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.port import Signer

__all__ = ["Anchor", "Head", "HeadDocument", "head_from", "is_signed", "signed_anchor", "signed_head"]


@dataclass(frozen=True, slots=True)
class Head:
    """A signature over entry `seq` and through its hash over all before it. `public_key` and `signature` are hex."""

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
    signed = signer.sign(Head(seq, hash_, at_ns, "", "").message())
    return Head(seq, hash_, at_ns, signed.public_key.hex(), signed.signature.hex())


def signed_anchor(signer: Signer, seq: int, hash_: str, at_ns: int) -> Anchor:
    """Have an anchor signed; entries are numbered without gaps from 1, so `seq` of them are gone."""
    signed = signer.sign(Anchor(seq, hash_, seq, at_ns, "", "").message())
    return Anchor(seq, hash_, seq, at_ns, signed.public_key.hex(), signed.signature.hex())


def is_signed(one: Head | Anchor) -> bool:
    """Whether its signature is that of the public key it names, and both are written the one way."""
    try:
        key, signature = bytes.fromhex(one.public_key), bytes.fromhex(one.signature)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, one.message())
    except (InvalidSignature, ValueError):
        return False
    return one.public_key == key.hex() and one.signature == signature.hex()
