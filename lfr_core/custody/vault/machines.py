"""Other machines that may reach the vault: admitted by compliance for some kinds of process, and dismissed at once.

A machine is given a certificate and key for each kind of process it was admitted for. Which certificates are good
stands in a file beside the keystore, and is asked at each request.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.files import SETTINGS_BYTES, read_bounded
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.access import KnowsPeople
from lfr_core.custody.vault.certificates import CertificateAuthority, Peer
from lfr_core.custody.vault.erasure_events import WritesAudit
from lfr_core.custody.vault.files import write_private
from lfr_core.custody.vault.process_files import AUTHORITY_FILE
from lfr_core.domain.actors import ProcessIdentity, person_name

__all__ = ["ADMISSIBLE", "Machine", "Machines"]

ADMISSIBLE: Final = frozenset({ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE, ProcessIdentity.RECORD})
"""What other machines are for: the stream. Where people act, and what destroys and signs, is on the vault's machine."""
_COMPLIANCE: Final = frozenset({Role.COMPLIANCE})
_FILE: Final = "machines.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Machine(BaseModel):
    """A machine as it was admitted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    identities: tuple[ProcessIdentity, ...]
    serials: tuple[str, ...]
    """Of its certificates, hexadecimal."""
    admitted_ns: int
    until_ns: int
    """Its certificates are good for no longer."""
    dismissed_ns: int | None = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    machines: tuple[Machine, ...] = ()


class Machines:
    """The register. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        authority: CertificateAuthority,
        *,
        people: KnowsPeople,
        audit: WritesAudit,
        clock: Clock,
        days: float,
    ) -> None:
        """
        Args:
            folder: the keystore's.
            authority: who signs certificates.
            people: whether somebody is of compliance.
            audit: told of each admission and dismissal.
            clock: the machine's.
            days: how long a certificate is good.

        Raises:
            Fatal: the file is damaged.
        """
        self._file = folder / _FILE
        self._authority = authority
        self._people = people
        self._audit = audit
        self._clock = clock
        self._days = days
        self._lock = threading.Lock()
        self._known = {each.name: each for each in self._read().machines}

    def admit(self, name: str, identities: Sequence[ProcessIdentity], person: str) -> bytes:
        """Admit a machine, or one again with new certificates: those of before are good for nothing from then on.

        Returns:
            What the machine needs, as the file that `unpack_admission` takes: it holds its private keys.

        Raises:
            Refused: `people.*`; `vault.machine`: a wrong name, or a kind of process that stays on the vault's machine;
                `vault.keystore`: the register can't be written.
            Retryable: the records are away.
        """
        wanted = tuple(dict.fromkeys(identities))
        if not _NAME.fullmatch(name):
            raise _refused(f"{name!r} is no name for a machine: small letters, digits and hyphens, at most 40")
        if not wanted or not ADMISSIBLE.issuperset(wanted):
            raise _refused(f"a machine is admitted for {', '.join(sorted(ADMISSIBLE))}: nothing else leaves this one")
        who = self._people.check_person(person_name(person), _COMPLIANCE, signed_on_to=None)
        issued = {each: self._authority.issue(each, name, self._days) for each in wanted}
        until_ns = min(round(each.until.timestamp()) for each in issued.values()) * 10**9
        facts: dict[str, str | int] = {"for": ", ".join(wanted), "until_ns": until_ns}
        self._audit.record(AuditEvent(Verb.AUTHORISE, who, "", f"machine:{name}", "vault.admit-machine", facts))
        serials = tuple(f"{each.serial:x}" for each in issued.values())
        self._put(
            Machine(
                name=name,
                identities=wanted,
                serials=serials,
                admitted_ns=self._clock.time_ns(),
                until_ns=until_ns,
            )
        )
        files = {f"{identity}.pem": each.pem.decode() for identity, each in issued.items()}
        files[AUTHORITY_FILE] = self._authority.pem.decode()
        return json.dumps({"kind": "openlfr.machine", "v": 1, "machine": name, "files": files}, indent=1).encode()

    def dismiss(self, name: str, person: str) -> None:
        """End a machine's admission at once.

        Raises:
            Refused: `people.*`; `vault.machine`: there is none of that name; `vault.keystore`: it ends all the same.
            Retryable: the records are away.
        """
        who = self._people.check_person(person_name(person), _COMPLIANCE, signed_on_to=None)
        with self._lock:
            known = self._known.get(name)
        if known is None:
            raise _refused(f"no machine {name!r} was admitted: `lfr vault machines`")
        # it ends whatever the trail says: what was given is worth more than what is written
        self._put(known.model_copy(update={"dismissed_ns": known.dismissed_ns or self._clock.time_ns()}))
        self._audit.record(AuditEvent(Verb.AUTHORISE, who, "", f"machine:{name}", "vault.dismiss-machine"))

    def list(self) -> tuple[Machine, ...]:
        """Those that were ever admitted, by name."""
        with self._lock:
            return tuple(self._known[name] for name in sorted(self._known))

    def check(self, peer: Peer) -> None:
        """Raises Refused `vault.not-admitted` when a certificate is of no machine that is admitted now."""
        with self._lock:
            known = self._known.get(peer.machine)
        if known is None or known.dismissed_ns is not None or f"{peer.serial:x}" not in known.serials:
            raise Refused(
                "vault.not-admitted",
                f"the machine {peer.machine} isn't admitted with this certificate: `lfr vault admit-machine`, "
                "on the vault's machine, gives it another",
            )

    def _put(self, machine: Machine) -> None:
        with self._lock:
            known = self._known | {machine.name: machine}
            if machine.dismissed_ns is not None:
                self._known = known  # whether or not the disk takes it
            content = _File(machines=tuple(known.values()))
            write_private(self._file, content.model_dump_json(indent=1).encode())
            self._known = known

    def _read(self) -> _File:
        try:
            return _File.model_validate_json(read_bounded(self._file, SETTINGS_BYTES))
        except FileNotFoundError:
            return _File()
        except (OSError, ValidationError) as error:
            raise Fatal(
                f"{self._file} is damaged ({type(error).__name__}): restore it, or remove it and "
                "admit the machines anew"
            ) from error


def _refused(why: str) -> Refused:
    return Refused("vault.machine", why)
