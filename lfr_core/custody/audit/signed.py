"""What is signed: heads and anchors, and how a signature is checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.port import Signer
from lfr_core.custody.vault.signing import not_signed
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form

__all__ = [
    "HEAD_TEXT",
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

HEAD_TEXT = "LFR-HEAD:"
"""How the text of a head begins, then its form: 1, or 2 with the keystore's generation. Only characters that a QR code
packs densely (ISO/IEC 18004, alphanumeric)."""
_NUMBER = re.compile(r"[0-9]{1,19}")
_MORE = {"1": 0, "2": 1}
"""How much more a form of the text has than the first."""


@dataclass(frozen=True, slots=True)
class Head:
    """A signature over entry `seq` and through its hash over all before it. `public_key` and `signature` are hex."""

    kind: ClassVar = SignatureKind.AUDIT_HEAD
    seq: int
    hash: str
    at_ns: int
    public_key: str
    signature: str
    generation: int | None = None
    """The keystore's, when the vault signed; None: of an earlier version, or signed for another process."""

    def message(self) -> bytes:
        """Return what is signed."""
        signed = {"kind": "openlfr.audit.head", "v": 1, "seq": self.seq, "hash": self.hash, "at_ns": self.at_ns}
        return canonical(signed | self._generation).encode()

    def as_dict(self) -> dict[str, str | int]:
        """Return the head as a mapping, for a file."""
        return {
            "seq": self.seq,
            "hash": self.hash,
            "at_ns": self.at_ns,
            "public_key": self.public_key,
            "signature": self.signature,
            **self._generation,
        }

    @property
    def _generation(self) -> dict[str, int]:
        return {} if self.generation is None else {"generation": self.generation}

    def as_file(self) -> bytes:
        """Write it as a file holds it, to which a time stamp is given too."""
        return (json.dumps(self.as_dict(), indent=1) + "\n").encode()

    def as_text(self) -> str:
        """Write it in one line of capitals, digits and colons: what its QR code holds."""
        line = f"{self.seq}:{self.hash}:{self.at_ns}:{self.public_key}:{self.signature}"
        form = f"1:{line}" if self.generation is None else f"2:{line}:{self.generation}"
        return f"{HEAD_TEXT}{form}".upper()


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
        """Return what is signed."""
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
        """Return the anchor as a mapping, for a file."""
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
    generation: StrictInt | None = Field(default=None, ge=0)


def head_from(text: bytes) -> Head:
    """Read the head in a file's content, or in what a QR code of one says. Raises a ValueError when there is none."""
    line = text.decode(errors="replace").strip()
    if line.upper().startswith(HEAD_TEXT):
        found = HeadDocument.model_validate(_read_line(line[len(HEAD_TEXT) :].lower()))
    else:
        found = HeadDocument.model_validate_json(text)
    return Head(found.seq, found.hash, found.at_ns, found.public_key, found.signature, found.generation)


def _read_line(line: str) -> dict[str, str | int]:
    form, seq, hash_, at_ns, public_key, signature, *more = line.split(":")
    numbers = (seq, at_ns, *more)
    if len(more) != _MORE.get(form) or not all(map(_NUMBER.fullmatch, numbers)):
        raise ValueError("it is of no form that there is, or its numbers are none")
    generation = {"generation": int(more[0])} if more else {}
    head: dict[str, str | int] = {"seq": int(seq), "hash": hash_, "at_ns": int(at_ns)}
    return head | {"public_key": public_key, "signature": signature} | generation


def signed_head(signer: Signer, seq: int, hash_: str, at_ns: int, generation: int | None = None) -> Head:
    """Have a head signed. Raises Retryable when the vault is away."""
    head = Head(seq, hash_, at_ns, "", "", generation)
    signed = signer.sign(SignatureKind.AUDIT_HEAD, head.message())
    return replace(head, public_key=signed.public_key.hex(), signature=signed.signature.hex())


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
    generation: StrictInt | None = Field(default=None, ge=0)


class _AnchorMessage(_HeadMessage):
    kind: Literal["openlfr.audit.anchor"]  # type: ignore[assignment]  # one word instead of another
    count: StrictInt
    generation: None = None


def parse_head_message(message: bytes) -> Head:
    """Return the head that a message is of, not signed yet. Raises Refused `vault.not-signed` when it is of none."""
    try:
        found = _HeadMessage.model_validate_json(message)
    except ValidationError as error:
        raise not_signed(SignatureKind.AUDIT_HEAD, "it is no head of the audit trail") from error
    head = Head(found.seq, found.hash, found.at_ns, "", "", found.generation)
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
