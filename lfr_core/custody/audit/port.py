"""What is put on the audit trail: who did what to which data, when, under which rule. No personal data.

A person's name is given here and becomes a keyed pseudonym before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sqlmodel import Session

from lfr_core.custody.vault.port import Signature, WriterKey
from lfr_core.custody.vault.writer_keys import WriterKeys
from lfr_core.domain.actors import Principal, ProcessIdentity
from lfr_core.domain.signatures import SignatureKind

__all__ = [
    "AuditEvent",
    "HeadSigner",
    "Pseudonyms",
    "RowSealer",
    "SealingTrail",
    "Signer",
    "Trail",
    "Verb",
    "WriterSource",
]


class Verb(StrEnum):
    """The kinds of processing that are logged: those of section 62 of the Data Protection Act 2018, and two of ours."""

    COLLECT = "collect"
    ALTER = "alter"
    CONSULT = "consult"
    DISCLOSE = "disclose"
    COMBINE = "combine"
    ERASE = "erase"
    DECIDE = "decide"
    AUTHORISE = "authorise"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. `subject` is a kind and an id (`alert:0b5c...`), never a name."""

    verb: Verb
    actor: Principal
    """Names are written as pseudonyms."""
    deployment: str
    """Its id; empty for the installation as a whole."""
    subject: str
    rule: str = ""
    """The rule it was done under, or the purpose of looking, in stable words."""
    facts: Mapping[str, str | int] = field(default_factory=dict)
    """Counts, ids, fingerprints. No names, no images, no reasons in a person's own words."""


class Pseudonyms(Protocol):
    """Turns names into pseudonyms; the vault does."""

    def pseudonym(self, name: str) -> str: ...


class WriterSource(Pseudonyms, Protocol):
    """The vault, as it is asked by a process that it knows."""

    def writer_key(self, name: str, person: str = "") -> WriterKey: ...

    @property
    def identity(self) -> ProcessIdentity | None:
        """As which process the vault knows who asks it; None where nobody is asked who they are (tests)."""
        ...


class Signer(Protocol):
    """Signs with the installation's key, whose public half is 32 bytes; the vault does."""

    @property
    def public_key(self) -> bytes: ...

    def sign(self, kind: SignatureKind, message: bytes) -> Signature: ...


class Trail(Protocol):
    """The trail's writing end: `lfr_core.custody.audit.trail.AuditTrail`."""

    def prepare(self, actor: Principal, /) -> None:
        """Get what entries of `actor` need from the vault, before a transaction begins. Raises Retryable, Refused."""
        ...

    def append(self, session: Session, event: AuditEvent, /) -> object:
        """Write `event` in the caller's transaction; what can't be audited isn't done, so an error undoes it."""
        ...


class RowSealer(Protocol):
    """Seals rows that have no entry of their own (`lfr_core.custody.audit.row_seals`); the trail does."""

    def seal(self, text: str, person: str = "", /) -> tuple[str, str]:
        """Return who seals, as it stands beside an entry, and the seal. Raises Retryable, Refused as `prepare`.

        `person`: whose row it is, by name, who has logged in; "": a part of the platform's.
        """
        ...


class SealingTrail(Trail, RowSealer, Protocol):
    """The trail for whoever writes both, and digests into rows (`lfr_core.storage.recorded_tables.AS_SEALED`)."""

    def records_key(self) -> bytes:
        """Return the key of what entries say of records. Raises Retryable, Refused as `prepare`."""
        ...


class HeadSigner(Signer, WriterSource, Protocol):
    """Signs heads; the vault does."""

    @property
    def writers(self) -> WriterKeys | None:
        """The keys of all writers, which the vault alone has; None for others: they ask the vault to sign."""
        ...
