"""A vault whose clocks, facts and records a test owns; everything else in it is the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.entry import check_event
from lfr_core.custody.audit.port import AuditEvent
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.port import KeptKey, KeyKind
from lfr_core.custody.vault.tpm_secrets import TpmSecrets
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.gate import GateFacts, GateLimits
from lfr_core.domain.policy import Policy, VaultPolicy, load_policy
from lfr_core.domain.signatures import SignatureKind
from lfr_core.publication.site.signing_check import check_site_to_sign

__all__ = [
    "HOUR_NS",
    "MADE_BY",
    "NOW_NS",
    "SECOND_NS",
    "Records",
    "SteadyVaultRecords",
    "TwoClocks",
    "header",
    "make_kept",
]
__all__ += ["open_facts", "refused", "rule_of", "site_vault", "two_deployments", "vault_core"]

NOW_NS = 1_795_435_200 * 10**9
"""23 November 2026, 12:00 UTC."""
SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS
MADE_BY = {
    KeyKind.ALERT: SystemActor.RECORDER,
    KeyKind.FOOTAGE: SystemActor.CAMERA,
    KeyKind.SIGHTINGS: SystemActor.RECOGNISER,
    KeyKind.RIGHTS: SystemActor.RIGHTS,
}
"""Whose business it is to make a key of a kind."""


class SteadyVaultRecords(VaultRecords):
    """The records as the vault sees them, where no timer of a vault runs: they always took a write just now."""

    def facts(self, deployment: str) -> GateFacts | None:
        found = super().facts(deployment)
        return None if found is None else replace(found, audit_written_ns=self._clock.time_ns())


class TwoClocks:
    """Wall and monotonic time, which a test can move apart."""

    def __init__(self, wall_ns: int = NOW_NS) -> None:
        self.wall_ns = wall_ns
        self.seconds = 1_000.0

    def time_ns(self) -> int:
        return self.wall_ns

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.wall_ns += round(seconds * 1e9)
        self.seconds += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock."""
        self.wall_ns += round(seconds * 1e9)


def open_facts(clock: TwoClocks, deployment: str = "d") -> GateFacts:
    """Facts under which the gate is open."""
    return GateFacts(
        deployment=deployment,
        status=DeploymentStatus.LIVE,
        opens_ns=clock.time_ns(),
        closes_ns=clock.time_ns() + 3_600 * 10**9,
        gallery="lfr_d",
        suspended_why="",
        attended_ns=clock.time_ns(),
        audit_written_ns=clock.time_ns(),
    )


@dataclass
class Records:
    """Facts, the table of epochs and the trail; `away` makes each of them Retryable."""

    clock: TwoClocks
    away: bool = False
    known: dict[str, GateFacts] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    """Deployments whose list waits for approval."""
    attended: bool = True
    """Somebody attends, and the records take writes; off: as `known` says."""
    began_: list[Epoch] = field(default_factory=list)
    destroyed_: dict[str, int] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    written_ns: int | None = None
    held: frozenset[str] = frozenset()
    """Keys that a recorded hold covers."""
    requests: dict[str, bool] = field(default_factory=dict)
    """Whether each was closed."""
    people: dict[str, frozenset[Role]] = field(default_factory=lambda: {"A. Okafor": frozenset(Role)})

    def facts(self, deployment: str) -> GateFacts | None:
        self._there()
        found = self.known.get(deployment)
        if found is not None and self.attended:
            return replace(found, attended_ns=self.clock.time_ns(), audit_written_ns=self.clock.time_ns())
        return found

    def check_recorded(self, name: str) -> None:
        self._there()

    def record_begun(self, epoch: Epoch) -> None:
        self._there()
        self.began_.append(epoch)

    def record_destroyed(self, key_ids: Sequence[str], at_ns: int) -> None:
        self._there()
        self.destroyed_ |= dict.fromkeys(key_ids, at_ns)

    def close_unfinished(self, at_ns: int) -> int:
        self._there()
        return 0

    def touch(self, at_ns: int) -> None:
        self._there()
        self.written_ns = at_ns

    def check_person(
        self,
        name: str,
        roles: frozenset[Role],
        *,
        signed_on_to: str | None,
        alert: str = "",
        request: str = "",
        approves: str = "",
    ) -> str:
        """Those in `people`, by the register's own words; "d" is what everybody has signed on to."""
        self._there()
        held = self.people.get(name)
        if held is None:
            raise Refused("people.unknown", f"nobody is registered as {name!r}")
        if not held & roles:
            raise Refused("people.wrong-role", f"{name} may not")
        if signed_on_to not in {None, "d"}:
            raise Refused("operator.not-signed-on", f"{name} hasn't signed on to {signed_on_to}")
        if approves and approves not in self.waiting:
            raise Refused("deployment.wrong-state", f"the list of {approves} waits for nobody")
        return name

    def compare_records(self, deployment: str) -> str:
        self._there()
        return "compared"

    def held_segments(self, *, whole: bool = True) -> frozenset[str]:
        self._there()
        return self.held

    def is_request_closed(self, reference: str) -> bool | None:
        self._there()
        return self.requests.get(reference)

    def record(self, event: AuditEvent) -> int:
        check_event(event)  # as the trail does
        self._there()
        self.events.append(event)
        return len(self.events)

    def _there(self) -> None:
        if self.away:
            raise Retryable("the database is away")


def vault_core(
    folder: Path,
    clock: TwoClocks | None = None,
    records: Records | None = None,
    policy: VaultPolicy | None = None,
    terms: KeyTerms | None = None,
    tpm: TpmSecrets | None = None,
) -> tuple[VaultCore, TwoClocks, Records]:
    """A vault with deployment `d` open. It signs nothing: what is signed is held against records."""
    clock = clock or TwoClocks()
    if records is None:
        records = Records(clock)
        records.known["d"] = open_facts(clock)
    core = VaultCore(
        policy=policy or load_policy().vault,
        limits=GateLimits.of(load_policy()),
        terms=terms or KeyTerms.of(load_policy()),
        clock=clock,
        keystore=Keystore(folder, tpm=tpm),
        facts=records,
        epochs=records,
        audit=records,
        people=records,
    )
    return core, clock, records


def site_vault(folder: Path, engine: Engine, policy: Policy, now: datetime) -> tuple[VaultCore, TwoClocks]:
    """A vault that signs the site of these records and this policy, whose clock shows `now`."""
    core, clock, _ = vault_core(folder, TwoClocks(round(now.timestamp() * 1e9)))
    core.signing.allow({SignatureKind.SITE: lambda made: check_site_to_sign(made, engine, policy.force, clock)})
    return core, clock


def make_kept(
    core: VaultCore, subject: str, kind: KeyKind = KeyKind.ALERT, deployment: str = "d", due_s: float = 3_600
) -> KeptKey:
    """Make a key for its subject, due so many seconds after `NOW_NS`, as whoever makes keys of this kind."""
    return core.make_key(kind, deployment, subject, NOW_NS + round(due_s * 1e9), actor=MADE_BY[kind])


def two_deployments(folder: Path) -> tuple[VaultCore, Records]:
    """A vault whose records know `d` and `e`, both open."""
    core, clock, records = vault_core(folder)
    records.known["e"] = open_facts(clock, "e")
    return core, records


def refused(rule: str) -> pytest.RaisesExc[Refused]:
    """Expect a refusal by this rule."""
    return pytest.RaisesExc(Refused, check=lambda error: error.rule == rule)


def header(key_id: str, **changes: object) -> FrameHeader:
    return replace(FrameHeader("d", "cam", "s", 7, NOW_NS, 0, 0, key_id=key_id), **changes)  # type: ignore[arg-type]  # the test names fields of the header


def rule_of(ask: object) -> str:
    """The rule of a refusal; "" for an answer."""
    assert callable(ask)
    try:
        ask()
    except Refused as refused:
        return refused.rule
    return ""
