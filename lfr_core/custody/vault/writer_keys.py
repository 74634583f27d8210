"""Keys that entries of the audit trail are sealed with: of one running process, machine and person, for one day.

Who an entry's writer is stands beside it: process, machine, serial number of the certificate, day, a random name of
the running program, and the pseudonym of the person for whom the key was lent, if for one, with the roles that they
held then. All but the program's name come from the certificate and the login that were shown, from the register as it
stands on the trail and from the vault's clock, and the key is derived from all of them: a process can neither seal as
another one, nor as another machine, nor for a person who isn't logged in there, nor in a role that they don't hold.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.certificates import THIS_MACHINE, Peer
from lfr_core.custody.vault.port import WriterKey
from lfr_core.custody.vault.record_keys import day_of
from lfr_core.custody.vault.sealing import KEY_BYTES, binding
from lfr_core.domain.actors import ProcessIdentity, fold_key_name, person_name

__all__ = [
    "CLOCKS_APART_NS",
    "WRITER_LEASE_S",
    "MachineRegister",
    "Writer",
    "WriterKeys",
    "derive_pseudonym",
    "roles_among",
]

WRITER_LEASE_S: Final = 3_600.0
"""[proposal] While the vault is away, so that people's decisions can still be written down; else it is asked each time
whether the process may still write."""
CLOCKS_APART_NS: Final = 15 * 60 * 10**9
"""[proposal] By how much a process's clock may differ from the vault's: an entry that says a time further off isn't
written, and isn't signed."""
_WRITER: Final = re.compile(
    r"([a-z]*):([a-z0-9-]*):([0-9a-f]*):(\d{1,9}):([0-9a-f]{32})(?::([0-9a-f]{32}|)(?::([a-z +]*))?)?"
)


class MachineRegister(Protocol):
    """Until which entry of the audit trail a machine's certificate counts: `lfr_core.custody.vault.machines`."""

    def note_newest(self, seq: int) -> None:
        """Take note that the trail has entries up to `seq` now: where a certificate's time is over, that is its end."""
        ...

    def last_entry(self, machine: str, serial: str) -> int | None:
        """Return the last entry that a certificate may have sealed; None: it is good still; 0: it never was."""
        ...


@dataclass(frozen=True, slots=True)
class Writer:
    """Who seals entries."""

    identity: ProcessIdentity | None
    """None where nobody is asked who they are (tests)."""
    machine: str
    """Empty: the vault's own."""
    serial: str
    """Of its certificate, hexadecimal; empty for the vault's own machine, whose certificates are renewed."""
    day: int
    """Whole days since the epoch (UTC), by the vault's clock."""
    name: str
    """32 hexadecimal digits of the running program."""
    person: str | None
    """The pseudonym of the person for whom the key was lent, 32 hexadecimal digits; "": for no person. None: lent by an
    earlier version, which asked for nobody's login."""
    roles: frozenset[str] | None = None
    """Which the person held when the key was lent. None: for no person, or lent by an earlier version."""

    def __str__(self) -> str:
        """Return the writer as it stands beside an entry."""
        written = f"{self.identity or ''}:{self.machine}:{self.serial}:{self.day}:{self.name}"
        if self.person is not None:
            written += f":{self.person}"
        return written if self.roles is None else f"{written}:{'+'.join(sorted(self.roles))}"

    @classmethod
    def parse(cls, text: str) -> Writer | None:
        """Read what stands beside an entry; None when it names no writer."""
        found = _WRITER.fullmatch(text)
        if found is None or found[1] not in {"", *ProcessIdentity}:
            return None
        identity = ProcessIdentity(found[1]) if found[1] else None
        roles = None if found[7] is None else frozenset(filter(None, found[7].split("+")))
        return cls(identity, found[2], found[3], int(found[4]), found[5], found[6], roles)


class WriterKeys:
    """The keys of one installation. Safe to use from several threads."""

    def __init__(self, root: bytes, clock: Clock) -> None:
        """`root`: 32 secret bytes; `clock`: the vault's, which refuses to say a time that can't be trusted."""
        self._root = root
        self._clock = clock
        self.records_key: Final = self._derive_key(binding("openlfr audit records"))
        """What entries say of records is keyed with it."""
        self.machines: MachineRegister | None = None
        """The register of other machines; None: no other machine writes."""
        self.unnamed_until = 0
        """Up to this entry a person's may be sealed with a key of an earlier version, which was lent for nobody in
        particular: the newest when this version was first started."""

    def writer_key(
        self,
        name: str,
        peer: Peer | ProcessIdentity | None = ProcessIdentity.VAULT,
        person: str = "",
        roles: Collection[str] | None = None,
    ) -> WriterKey:
        """Give the key of today to a process, by what it has shown that it is; without, to the vault itself.

        Args:
            name: of the running program.
            peer: who asks.
            person: whose entries it seals, by name, who has logged in; "": those of parts of the platform alone.
            roles: which the person holds, by the register as it stands on the trail; None: that isn't known (tests).

        Raises:
            Refused: `vault.bad-request`: `name` isn't 32 hexadecimal digits. `actor.not-a-person`: nobody is so called.
            Retryable: the clock can't be trusted. What was lent before is good for its lease.
        """
        m.checked(m.LendWriterKey, name=name)
        try:
            at_ns = self._clock.time_ns()
        except Refused as error:
            raise Retryable(f"no key for the audit trail is lent: {error}") from error
        day, whose = day_of(at_ns), self.pseudonym(person)
        held = frozenset(roles) if person and roles is not None else None
        if isinstance(peer, Peer) and peer.machine != THIS_MACHINE:
            writer = Writer(peer.identity, peer.machine, f"{peer.serial:x}", day, name, whose, held)
        else:
            writer = Writer(peer.identity if isinstance(peer, Peer) else peer, "", "", day, name, whose, held)
        return WriterKey(str(writer), self._derive(writer), WRITER_LEASE_S, at_ns, self.records_key)

    def pseudonym(self, person: str) -> str:
        """Return what stands in a key's name for the person it is lent for; "": nobody. Raises as `person_name`."""
        return derive_pseudonym(self._root, person_name(person)) if person else ""

    def note_newest(self, seq: int) -> None:
        """Note as `MachineRegister` does."""
        if self.machines is not None:
            self.machines.note_newest(seq)

    def key_of(self, writer: Writer, *, seq: int, since_day: int) -> bytes:
        """Return the key of an entry that isn't signed yet.

        Args:
            writer: as it stands beside the entry.
            seq: the entry's number.
            since_day: the newest day of which earlier entries were signed.

        Raises:
            Refused: `audit.writer`: that writer could seal no such entry; the message ends a sentence.
        """
        if writer.day < since_day - 1:  # one before: a transaction that took long at midnight
            raise Refused("audit.writer", f"is sealed with a key of day {writer.day}, and day {since_day} is signed")
        if writer.machine or writer.serial:
            last = 0 if self.machines is None else self.machines.last_entry(writer.machine, writer.serial)
            if last is not None and seq > last:
                raise Refused(
                    "audit.writer",
                    f"is of the machine {writer.machine}, whose certificate was good for entries up to {last} only",
                )
        return self._derive(writer)

    def _derive(self, writer: Writer) -> bytes:
        """Derive a key with HKDF-SHA256 (RFC 5869)."""
        return self._derive_key(binding("openlfr audit writer", str(writer)))

    def _derive_key(self, info: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._root)


def roles_among(records: Collection[str] | None) -> frozenset[str] | None:
    """Return the roles among the names of a person's recorded rows, as `person_role/7/planner`; None: not compared."""
    if records is None:
        return None
    return frozenset(name.split("/")[2] for name in records if name.startswith("person_role/"))


def derive_pseudonym(root: bytes, name: str) -> str:
    """Return the pseudonym of a person's name, 32 hexadecimal digits. `root`: 32 secret bytes."""
    return hmac.new(root, fold_key_name(name).encode(), hashlib.sha256).hexdigest()[:32]
