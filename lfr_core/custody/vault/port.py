"""What the vault does for others, behind one Protocol: keys for frames, keys that are kept, signatures, pseudonyms.

Two implementations: `lfr_core.custody.vault.core.VaultCore`, which holds the keys, and
`lfr_core.custody.vault.client.VaultClient`, which asks the vault's process over its socket. Every call raises Retryable
when the vault is away, and Refused with the rule that says no: `vault.bad-request` for what no vault takes (see
`lfr_core.custody.vault.messages`). Nothing here prints, logs or pickles a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from lfr_core.common.errors import Retryable
from lfr_core.custody.vault.canary_port import CanaryVault
from lfr_core.domain.actors import Principal, SystemActor
from lfr_core.domain.signatures import SignatureKind

__all__ = [
    "MOST_IDS",
    "DestroyedKey",
    "ErasureRule",
    "FrameKey",
    "KeptKey",
    "KeptKeyInfo",
    "KeyKind",
    "RecordKey",
    "RecordUse",
    "Signature",
    "Vault",
    "VaultAwayError",
    "WriterKey",
    "in_parts",
]

MOST_IDS: Final = 5_000
"""Key ids of one request, and keys in one answer; whoever may have more asks with `in_parts`."""


class VaultAwayError(Retryable):
    """Nobody answers at the vault's address; of a vault that answers, if only that it can't, a Retryable is raised."""


def in_parts(key_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split `key_ids` into parts that the vault takes in one request each."""
    for at in range(0, len(key_ids), MOST_IDS):
        yield key_ids[at : at + MOST_IDS]


class KeyKind(StrEnum):
    """What a kept key seals; one key for each thing that has to be destroyed apart from the others."""

    ALERT = "alert"
    """One alert's crops and exact times; due `alerts.retention_h` after it was opened, 24 hours at most; never held."""
    FOOTAGE = "footage"
    """One segment of one camera's footage; due after 31 days unless held."""
    WATCHLIST = "watchlist"
    """One deployment's list: reference crops, and the turn of its gallery's vectors; destroyed at the close."""
    SIGHTINGS = "sightings"
    """Probe crops between recogniser and recorder: one key a deployment and hour; due with the hour's first alert."""
    RIGHTS = "rights"
    """One enquiry's or complaint's contact, words and answer; due some months after it is closed."""


class ErasureRule(StrEnum):
    """Under which rule somebody may have a kept key destroyed before the vault does it itself; on the audit trail."""

    ALERTS_DUE = "alerts.retention_h"
    FOOTAGE_DUE = "footage.retention"
    FOOTAGE_STRAY = "footage.orphan"
    """A file that no record knows."""
    LIST_AT_CLOSE = "watchlist.at-close"
    """What a close that failed has left."""
    LIST_ENDED = "watchlist.deployment-ended"
    LIST_REFUSED = "watchlist.refused"
    """What a refused list was made with; its deployment still waits for one."""
    REQUEST_CLOSED = "rights.closed"
    REQUEST_NOT_TAKEN = "rights.not-taken"
    """Its key has sealed nothing that was kept."""


class RecordUse(StrEnum):
    """What is signed on the broker; each use has a key of its own each day (`lfr_core.custody.vault.record_keys`)."""

    CAMERA = "camera"
    """Records of one camera of one deployment: its frames, and what it says of itself."""
    FRAMES = "frames"
    """All cameras' records: each camera's key is derived from this one, which only recognisers are lent."""
    RESULTS = "results"
    """Sightings, outcomes, answers to live probes, dead letters: of workers."""
    CANARY = "canary"
    """Sightings of the canary, by which deletion is proved, and of nobody else."""


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A key that records on the broker are signed with (HMAC-SHA256), lent for `lease_s` seconds."""

    day: int
    """The day (UTC, whole days since the epoch) whose key it is; it travels with each record."""
    key: bytes = field(repr=False)
    """32 bytes."""
    lease_s: float


@dataclass(frozen=True, slots=True)
class FrameKey:
    """An epoch's key, lent for `lease_s` seconds from when the question was asked."""

    id: str
    key: bytes = field(repr=False)
    """32 bytes, AES-256-GCM."""
    seals_until_ns: int
    """Wall time of the epoch's end: nothing is sealed under it afterwards."""
    opens_until_ns: int
    """The epoch's end plus its grace: destroyed then."""
    lease_s: float
    canary: str = ""
    """Which canary a camera is asked to send (`lfr_core.custody.vault.canary_port`); empty: none."""


@dataclass(frozen=True, slots=True)
class KeptKeyInfo:
    """What may be known of a kept key without holding it."""

    id: str
    kind: KeyKind
    deployment: str
    """Empty for a key that belongs to none: that of an enquiry or a complaint."""
    subject: str
    """Id of what it seals: an alert, a segment, a deployment, an hour."""
    fingerprint: str
    """SHA-256 of the key in hexadecimal, which tells nothing of it: keys are 256 random bits."""
    due_ns: int
    """When the vault destroys it by itself."""
    held: bool


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A kept key, lent for one use."""

    info: KeptKeyInfo
    key: bytes = field(repr=False)
    """32 bytes, AES-256-GCM."""


@dataclass(frozen=True, slots=True)
class DestroyedKey:
    """A key that is no more."""

    info: KeptKeyInfo
    destroyed_ns: int


@dataclass(frozen=True, slots=True)
class WriterKey:
    """The key that a process seals its entries of the audit trail with."""

    writer: str
    """Who that is, as it stands beside each entry (`lfr_core.custody.vault.writer_keys`)."""
    key: bytes = field(repr=False)
    """32 bytes."""
    lease_s: float
    """For how long it may be used while the vault is away."""
    at_ns: int | None
    """When it was lent, by the vault's clock; None where a vault has none (tests)."""
    records_key: bytes = field(repr=False)
    """32 bytes, the installation's for ever: what entries say of records is keyed with it."""
    person_records: Mapping[str, str] | None = None
    """The digests of what the register says of the person who was asked about, by the rows' names; None: none taken."""


@dataclass(frozen=True, slots=True)
class Signature:
    """An Ed25519 signature by this installation's key."""

    signature: bytes
    """64 bytes."""
    public_key: bytes
    """32 bytes, raw."""


class Vault(CanaryVault, Protocol):
    """The keys of one installation."""

    def seal_key(self, deployment: str, camera: str) -> FrameKey:
        """Return the current epoch's key, for a camera to seal frames under. Refused when the gate says no."""
        ...

    def open_key(self, key_id: str) -> FrameKey:
        """Return a key again, for a worker to open frames with; ask anew when its lease is over.

        Refused `vault.key-gone` (never heard of, or destroyed) and when the gate of its deployment says no.
        """
        ...

    def check_gate(self, deployment: str) -> float:
        """Return for how many seconds this answer holds, when the gate of the deployment is open.

        Refused with the gate's rule (`gate.live`, `gate.within-hours`, ...) or `vault.clock`.
        """
        ...

    def trusted_now_ns(self) -> int:
        """Return the wall time, nanoseconds since the epoch, if it can be trusted. Refused `vault.clock` if not."""
        ...

    def record_key(
        self, use: RecordUse, *, actor: SystemActor, day: int | None = None, deployment: str = "", camera: str = ""
    ) -> RecordKey:
        """Lend a key that records are signed and verified with: today's, or that of a `day`.

        Lent whether or not a gate is open: outcomes, and what a camera says of itself, are recorded all the same.
        `deployment` and `camera` are given for a camera's key, and only then. Refused `vault.not-for-you`, and
        `vault.key-gone` for a day of which the broker keeps no record.
        """
        ...

    def make_key(
        self, kind: KeyKind, deployment: str, subject: str, due_ns: int, *, actor: SystemActor, camera: str = ""
    ) -> KeptKey:
        """Make a kept key, in the keystore on disk before it is given, for a part of the platform that makes such keys.

        It is given once. Asked again for the same subject nobody gets it, bar recognisers the key of an hour's
        sightings (`lfr_core.custody.vault.access.GIVEN_AGAIN`): use `open_kept`.
        `camera`: whose footage it is for; another machine is given keys of its own cameras alone.
        Refused `vault.not-for-you`; `vault.key-exists`; `vault.not-its-camera`; `vault.keystore` when the keystore
        can't be written.
        """
        ...

    def open_kept(self, key_id: str, *, actor: Principal, purpose: str) -> KeptKey:
        """Lend a kept key to `actor` for `purpose`, if that key is for them (`lfr_core.custody.vault.access`).

        The consultation is in the audit trail before the key is out; what can't be audited isn't done.
        Refused `vault.key-gone`, `vault.purpose-missing`, `vault.not-for-you`, `actor.not-a-person`, `people.*`,
        `operator.not-signed-on`, `audit.unwritable`; Retryable too when the records are away.
        """
        ...

    def kept(self, kind: KeyKind | None = None, deployment: str | None = None) -> tuple[KeptKeyInfo, ...]:
        """Return the kept keys there are, in the order of their ids; with a deployment, those of it (of none: "")."""
        ...

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        """Keep keys of footage beyond their due time, or no longer.

        Refused `vault.key-gone` (one is destroyed already; none is held then), `vault.hold-kind` (not footage),
        `vault.hold-recorded` (let go of, though a hold on record covers it; Retryable when the records can't say).
        """
        ...

    def destroy(self, key_ids: Sequence[str], *, rule: ErasureRule) -> tuple[DestroyedKey, ...]:
        """Destroy kept keys now, under the `rule` that asks for it; those gone already are left out of the answer.

        Refused, and nothing is destroyed, `vault.key-held`; `vault.erasure-rule` when one is of a kind that the rule
        isn't about; `vault.list-in-use` when a list's deployment isn't over (Retryable when the records can't say).
        The wrapping key is renewed, so that nothing on the disk opens to them.
        """
        ...

    @property
    def public_key(self) -> bytes:
        """The installation's public key: Ed25519, 32 bytes. Retryable when the vault is away."""
        ...

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        """Sign a message as one of that kind, with the installation's key (`lfr_core.domain.signatures`).

        Refused `vault.not-signed`: it isn't of that kind, or says what isn't so; Retryable when the records are away.
        """
        ...

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        """Lend the key that the process which asks seals its entries of the audit trail with, today.

        `name`: 32 random hexadecimal digits of the running program. Asked again, it says whether the process may still
        write. `person`: of whom it is about to write. Refused `vault.not-for-you`, `vault.not-admitted`;
        `records.not-on-trail`: what the register says of that person was written past the platform.
        """
        ...

    def pseudonym(self, name: str) -> str:
        """Return the keyed pseudonym of a person's name: the same name gives the same 32 hexadecimal digits here, and
        nobody without the key can tell which name.
        """
        ...
