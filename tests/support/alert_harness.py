"""A deployment with its records, a real vault and a real audit trail, on a clock that a test owns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import select

from apps.vault.signing import signing_checks
from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.expiry import ExpiredAlert, expire_alerts
from lfr_core.alerts.recorder import Recorder
from lfr_core.custody.audit.port import AuditEvent
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.deployments.vault_records import VaultRecords, bind_installation
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.audit import AuditEntryRow
from tests.support.deployments import deployment_service
from tests.support.galleries import held_by
from tests.support.made_once import Beginning
from tests.support.people import sign_on
from tests.support.records import Entry, entry, sighting
from tests.support.vault_core import TwoClocks

__all__ = ["AlertHarness"]

POLICY = load_policy()
RETENTION_S = POLICY.alerts.retention_h * 3600.0


@dataclass
class AlertHarness:
    """Everything an alert passes after recognition."""

    engine: Engine
    home: Path
    entries: tuple[Entry, ...] = (entry(),)
    operators: tuple[str, ...] = ()
    """Who has signed on to it."""

    def __post_init__(self) -> None:
        self.clock = TwoClocks()
        beginning = Beginning(self.engine, self.home, "a live trial", self.entries, self.operators)
        restored = beginning.restore() is not None
        self.start_vault()
        if not restored:
            self.deploy()
            if self.operators:
                self.sign_on(*self.operators)
            beginning.keep(self.clock.time_ns())

    def start_vault(self) -> None:
        """Begin as a machine does that was switched on: with what its disk holds."""
        log = VaultRecords(self.engine, self.clock)

        class Audit:
            def record(_, event: AuditEvent) -> int:  # noqa: N805  `self` is the harness
                return record(self.engine, self.trail, event).seq

        self.vault = VaultCore(
            policy=POLICY.vault,
            limits=GateLimits.of(load_policy()),
            terms=KeyTerms.of(load_policy()),
            clock=self.clock,
            keystore=Keystore(self.home / "vault"),
            facts=log,
            epochs=log,
            audit=Audit(),
            people=log,
        )
        bind_installation(self.engine, "of a test")
        self.vault.signing.allow(signing_checks(self.vault, self.engine, POLICY, self.clock))
        self.vault.begin()
        self.trail = AuditTrail(self.vault, self.clock)
        self.deployments = deployment_service(self.engine, self.vault, self.trail, self.clock)
        self.decisions = DecisionService(self.engine, self.trail, self.clock)
        self.crops = read.AlertCrops(self.engine, self.vault)

    def deploy(self) -> None:
        """Make a live trial with its list."""
        self.deployments.create("dep", DeploymentKind.DEMO, name="High Street")
        self.deployments.attach_watchlist("dep", "contract", "gallery_dep", self.entries, held=held_by(self.entries))
        self.deployments.open("dep", hours=24.0)

    def sign_on(self, *names: str) -> None:
        """Registered operators who have signed on to it."""
        sign_on(self.engine, self.trail, *names, clock=self.clock)

    def recorder(self) -> Recorder:
        return Recorder(self.engine, POLICY.alerts, self.clock, self.vault, self.trail)

    def alert(
        self, at_s: float = 0.0, *, entry: str = "entry-1", probe: bytes = b"probe", camera: str = "north"
    ) -> UUID:
        """An alert opened by one sighting."""
        now_ns = self.clock.time_ns()
        sequence = None if at_s >= 0 else 10**6 + round(at_s * 25)
        one = sighting(
            at_s, sequence=sequence, entry=entry, probe=probe, camera=camera, vault=self.vault, sealed_ns=now_ns
        )
        (opened,) = self.recorder().record_sightings([one]).opened
        return opened

    def after_retention(self) -> None:
        """A day later."""
        self.clock.advance(RETENTION_S)

    def expire(self) -> tuple[ExpiredAlert, ...]:
        return expire_alerts(
            self.engine, self.vault, self.trail, now_ns=self.clock.time_ns(), retention_h=POLICY.alerts.retention_h
        )

    def audited(self, verb: str) -> list[str]:
        """The bodies of the trail's entries of one verb, the oldest first."""
        with reading(self.engine) as session:
            return list(
                session.exec(
                    select(AuditEntryRow.body).where(AuditEntryRow.verb == verb).order_by(AuditEntryRow.seq)  # type: ignore[arg-type]  # SQLModel's class attribute
                )
            )
