"""Other machines that may reach the vault: admitted by compliance for some kinds of process, and dismissed at once.

A machine is given a certificate and key for each kind of process it was admitted for. Which certificates are good
stands in a file beside the keystore, and is asked at each request.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.access import PeopleRegister
from lfr_core.custody.vault.boots import Boots
from lfr_core.custody.vault.certificates import THIS_MACHINE, CertificateAuthority, Peer
from lfr_core.custody.vault.erasure_events import AuditRecorder
from lfr_core.custody.vault.machine_file import Machine, check_room, read_machines, write_machines
from lfr_core.custody.vault.process_files import AUTHORITY_FILE
from lfr_core.domain.actors import Principal, ProcessIdentity, SystemActor, person_name
from lfr_core.domain.reserved import CANARY_CAMERA, LIVE_PROBE_CAMERA

__all__ = ["ADMISSIBLE", "Machine", "Machines"]

ADMISSIBLE: Final = frozenset({ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE, ProcessIdentity.RECORD})
"""What other machines are for: the stream. Where people act, and what destroys and signs, is on the vault's machine."""
_COMPLIANCE: Final = frozenset({Role.COMPLIANCE})
_ADMIT: Final = "vault.admit-machine"
_DISMISS: Final = "vault.dismiss-machine"
_FILE: Final = "machines.json"
_RESERVED: Final = frozenset({LIVE_PROBE_CAMERA, CANARY_CAMERA})
_UNDER_WAY_NS: Final = 60 * 10**9
"""[proposal] As long as an entry may take from its key to its commit: who writes waits 10 seconds for the trail."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Machines:
    """Implements `lfr_core.custody.vault.writer_keys.MachineRegister`. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        authority: CertificateAuthority,
        *,
        people: PeopleRegister,
        audit: AuditRecorder,
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
        self._boots = Boots()
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._known = read_machines(self._file)
        self._is_written = True
        self._untold = {
            each.name: _dismissal(each.name, SystemActor.LFR) for each in self._known.values() if not each.is_told
        }
        """Dismissals that the audit trail wasn't told of yet."""

    def admit(self, name: str, identities: Sequence[ProcessIdentity], cameras: Sequence[str], person: str) -> bytes:
        """Admit a machine, or one again with new certificates: earlier ones are good for nothing from then on.

        `cameras`: for which it may speak, by name; given for a machine of cameras, and for no other.

        Returns:
            What the machine needs, as the file that `unpack_admission` takes: it holds its private keys.

        Raises:
            Refused: `people.*`; `vault.machine`: a wrong name, or a kind of process that stays on the vault's machine;
                wrong cameras; `vault.keystore`: the register can't be written.
            Retryable: the records are away.
        """
        wanted = tuple(dict.fromkeys(identities))
        if not _NAME.fullmatch(name):
            raise _refused(f"{name!r} is no name for a machine: small letters, digits and hyphens, at most 40")
        if not wanted or not ADMISSIBLE.issuperset(wanted):
            raise _refused(f"a machine is admitted for {', '.join(sorted(ADMISSIBLE))}: nothing else leaves this one")
        named = tuple(sorted(set(cameras)))
        if bool(named) is not (ProcessIdentity.CAMERA in wanted) or not {LIVE_PROBE_CAMERA, CANARY_CAMERA}.isdisjoint(
            named
        ):
            raise _refused("name each camera that the machine sends of, and none for a machine that sends of none")
        who = self._people.check_person(person_name(person), _COMPLIANCE, signed_on_to=None)
        self.maintain()  # a dismissal that the trail wasn't told of comes first
        check_room(self.list())
        issued = {each: self._authority.issue(each, name, self._days) for each in wanted}
        until_ns = min(round(each.until.timestamp()) for each in issued.values()) * 10**9
        facts: dict[str, str | int] = {"for": ", ".join(wanted), "until_ns": until_ns}
        facts |= {f"camera_{number}": each for number, each in enumerate(named, 1)}
        seq = self._audit.record(AuditEvent(Verb.AUTHORISE, who, "", _subject(name), _ADMIT, facts))
        admitted = Machine(
            name=name,
            identities=wanted,
            cameras=named,
            serials=tuple(f"{each.serial:x}" for each in issued.values()),
            admitted_ns=self._clock.time_ns(),
            until_ns=until_ns,
        )
        with self._lock:
            before = self._known.get(name)
            last_entries = {} if before is None else before.ends_at(None if before.is_admitted else seq)
            known = self._known | {name: admitted.model_copy(update={"last_entries": last_entries})}
            write_machines(self._file, known.values())
            self._known, self._is_written = known, True
        files = {f"{identity}.pem": each.pem.decode() for identity, each in issued.items()}
        files[AUTHORITY_FILE] = self._authority.pem.decode()
        return json.dumps({"kind": "openlfr.machine", "v": 1, "machine": name, "files": files}, indent=1).encode()

    def dismiss(self, name: str, person: str) -> str:
        """End a machine's admission at once, whether or not disk and records take it.

        Compliance does it. While the records are away, and can't say who is of compliance, this machine's user does
        (`person` may be empty): ending is the safe side.

        Returns:
            What the vault makes up for as soon as it can, in sentences; empty: nothing is left to do.

        Raises:
            Refused: `people.*`; `vault.machine`: there is none of that name.
        """
        try:  # nobody is registered under a part's name: with the records there, it is refused
            who: Principal = self._people.check_person(
                person_name(person) if person else str(SystemActor.LFR), _COMPLIANCE, signed_on_to=None
            )
        except Retryable:
            who, are_away = SystemActor.LFR, True
        else:
            are_away = False
        with self._lock:
            known = self._known.get(name)
            if known is None:
                raise _refused(f"no machine {name!r} was admitted: `lfr vault machines`")
            at_ns = known.dismissed_ns or self._clock.time_ns()
            self._keep(
                known.model_copy(update={"dismissed_ns": at_ns, "last_entries": known.ends_at(), "is_told": False})
            )
            self._untold[name] = _dismissal(name, who)
        if not are_away:  # else it takes longer than who asks waits
            self.maintain()
        with self._lock:
            disk = "" if self._is_written else f"{self._file} can't be written: it must be before the vault ends. "
            trail = "The audit trail isn't told yet: the records are away. " if name in self._untold else ""
        return (disk + trail).strip()

    def dismiss_again(self, entries: Iterable[AuditEntry]) -> None:
        """Dismiss machines whose dismissal is on the audit trail, and never reached the disk.

        `entries`: those of the installation as a whole, in their order.
        """
        last = {each.subject: each for each in entries if each.rule in {_ADMIT, _DISMISS}}
        with self._lock:
            for known in tuple(self._known.values()):
                entry = last.get(_subject(known.name))
                if entry is not None and entry.rule == _DISMISS and known.is_admitted:
                    seq = entry.seq
                    dismissed = {
                        "dismissed_ns": self._clock.time_ns(),
                        "last_entries": known.ends_at(seq),
                    }
                    self._keep(known.model_copy(update=dismissed))

    def maintain(self) -> None:
        """Write what the disk didn't take, and tell the trail what it doesn't know. Called by a timer."""
        with self._telling:  # whoever dismisses waits for the timer that tells it already
            with self._lock:
                if not self._is_written:
                    self._write()
                untold = tuple(self._untold.items())
            for name, event in untold:
                try:
                    seq = self._audit.record(event)
                except LfrError:  # it ends whatever the trail says: what was given is worth more than what is written
                    return
                with self._lock:
                    if self._untold.get(name) is event:
                        del self._untold[name]
                    known = self._known[name]
                    if not known.is_admitted:
                        self._keep(known.model_copy(update={"is_told": True, "last_entries": known.ends_at(seq)}))

    def list(self) -> tuple[Machine, ...]:
        """Return the machines that were ever admitted, by name."""
        with self._lock:
            return tuple(self._known[name] for name in sorted(self._known))

    def is_admitted(self, peer: Peer) -> bool:
        """Return whether a certificate is of a machine that is admitted now, and its time isn't over."""
        with self._lock:
            known = self._known.get(peer.machine)
        if known is None or not known.is_admitted or f"{peer.serial:x}" not in known.serials:
            return False
        return self._clock.time_ns() < known.until_ns

    def check_camera(self, peer: Peer, camera: str) -> None:
        """Raise Refused `vault.not-its-camera` when another machine may not speak for a camera."""
        with self._lock:
            known = self._known.get(peer.machine)
        if peer.machine != THIS_MACHINE and (known is None or camera not in known.cameras):
            raise Refused(
                "vault.not-its-camera",
                f"the machine {peer.machine} isn't admitted for the camera {camera!r}: see `lfr vault machines`; "
                "`lfr vault admit-machine --camera` admits it anew",
            )

    def check(self, peer: Peer) -> None:
        """Raise Refused `vault.not-admitted` when a certificate is of no machine that is admitted now."""
        if not self.is_admitted(peer):
            raise Refused(
                "vault.not-admitted",
                f"the machine {peer.machine} isn't admitted with this certificate: `lfr vault admit-machine`, "
                "on the vault's machine, gives it another",
            )

    def note_boot(self, peer: Peer, boot: str, host: str) -> None:
        """Note in which boot a machine shows life, and that what it was given is used by two (`Boots`)."""
        with self._lock:
            known = self._known.get(peer.machine)
            if known is None or known.copied:
                return
            places = self._boots.note(f"{known.name} {known.admitted_ns}", boot, host)
            if places is not None:
                get_logger().critical("vault.machine-copied", machine=peer.machine, hosts=places)
                self._keep(known.model_copy(update={"copied": " and ".join(sorted(set(places)))}))

    def note_newest(self, seq: int) -> None:
        """Note as `MachineRegister` does. Certificates that were replaced or ran out write what was under way then."""
        with self._lock:
            before_ns = self._clock.time_ns() - _UNDER_WAY_NS
            for each in tuple(self._known.values()):
                if not each.is_admitted or each.until_ns <= before_ns:
                    last_entries = each.ends_at(seq)
                elif each.admitted_ns <= before_ns:
                    last_entries = each.end_replaced(seq)
                else:
                    continue
                if last_entries != each.last_entries:
                    self._keep(each.model_copy(update={"last_entries": last_entries}))

    def last_entry(self, machine: str, serial: str) -> int | None:
        with self._lock:
            known = self._known.get(machine)
        if known is None:
            return 0
        return known.last_entries.get(serial, None if serial in known.serials else 0)

    def _keep(self, machine: Machine) -> None:
        """Keep it, whether or not the disk takes it: call it with the lock."""
        self._known = self._known | {machine.name: machine}
        self._write()

    def _write(self) -> None:
        try:
            write_machines(self._file, self._known.values())
        except Refused as error:
            if self._is_written:
                get_logger().error("vault.machines", reason=str(error))
            self._is_written = False
        else:
            self._is_written = True


def _dismissal(name: str, who: Principal) -> AuditEvent:
    return AuditEvent(Verb.AUTHORISE, who, "", _subject(name), _DISMISS)


def _subject(name: str) -> str:
    return f"machine:{name}"


def _refused(why: str) -> Refused:
    return Refused("vault.machine", why)
