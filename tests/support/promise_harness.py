"""Everything the promises are about, kept by the ordinary services on a clock a test owns, and the checks on it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Table, update

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.project import PROJECT
from lfr_core.custody.audit.head_checkpoint import keep_head, write_public_key
from lfr_core.custody.vault.port import KeyKind, Vault
from lfr_core.deployments.attendance import Attendance
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.publication.promises.build import State, checks_of
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import PromiseLedger
from lfr_core.publication.promises.port import PromiseFinding
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary, PositiveControl
from lfr_core.retention.erasure.certificate_service import CertificateService, register_canaries
from lfr_core.retention.erasure.destruction_log import ended_ns, read_destroyed
from lfr_core.retention.erasure.verify import CanaryFinding, StoreResult, Verdict, Verification
from lfr_core.retention.footage.expiry import expire_segments
from lfr_core.retention.footage.register import open_row
from lfr_core.retention.port import CLASSES
from lfr_core.retention.reporting import StepReport, write_class
from lfr_core.storage.tables.alerts import AlertStubRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.footage import FootageSegmentRow
from lfr_core.storage.tables.row import Row
from lfr_core.storage.tables.stream import CameraSessionRow
from tests.support.alert_harness import AlertHarness
from tests.support.overwriting import overwriting
from tests.support.people import add_operators, authenticated

__all__ = ["DAY_S", "LATE_S", "PromiseHarness"]

DAY_S = 86_400.0
LATE_S = 301.0
"""Longer than the policy's overdue_after_s."""


@dataclass
class PromiseHarness(AlertHarness):
    """A live deployment `dep`, nothing overdue, and one state for every check."""

    source: Path = PROJECT
    policy: Policy = field(default_factory=load_policy)

    def __post_init__(self) -> None:
        super().__post_init__()
        add_operators(self.engine, "Op One", clock=self.clock, trail=self.trail)
        self.asked: Vault = self.vault
        self.gallery = ExactGallery()
        self.gallery.create("gallery_dep", "contract")
        self.keystore = self.home / "vault"
        write_public_key(self.keystore, self.vault.public_key)
        self.certificates = CertificateService(
            self.engine, self.vault, self.trail, self.clock, self.home / "certificates", self.keystore
        )

    def state(self) -> State:
        return State(
            engine=self.engine,
            vault=self.asked,
            gallery=self.gallery,
            certificates=self.certificates,
            keystore_folder=self.keystore,
            records_key=self.trail.records_key,
            source=self.source,
            alone=True,
            random=np.random.default_rng(0),
            clock=self.clock,
            pause=lambda _: None,
        )

    def check(self, check: str) -> PromiseFinding:
        """What one check finds now."""
        (found,) = [
            each.check(self.clock.time_ns()) for each in checks_of(self.state(), self.policy) if each.id == check
        ]
        return found

    def ledger(self) -> PromiseLedger:
        return PromiseLedger(
            self.engine, self.trail, self.clock, promises(self.policy), checks_of(self.state(), self.policy)
        )

    # -- the good state ----------------------------------------------------------------------------

    def attend(self) -> None:
        Attendance(self.engine, self.trail, self.clock).record_heartbeat("dep", authenticated("Op One"))

    def frame(self) -> None:
        """A frame is sealed under a key of this epoch."""
        self.attend()
        self.vault.maintain_keystore()  # what its timer does
        self.vault.seal_key("dep", "north")

    def sign_trail(self) -> None:
        keep_head(self.engine, self.vault, self.clock, self.keystore)

    def sweep_recorded(self) -> None:
        """As if every kind of data had just been swept, with nothing left."""
        now_ns = self.clock.time_ns()
        with overwriting(self.engine) as session:
            for each in CLASSES:
                write_class(session, StepReport(each.name, now_ns, now_ns, (), None, ()))

    def segment(self, name: str, *, days: float | None = None) -> None:
        """A piece of footage with its key, from now on."""
        now_ns = self.clock.time_ns()
        kept_days = self.policy.footage.retention_days if days is None else days
        due_ns = now_ns + round(kept_days * DAY_S * 1e9)
        key = self.vault.keystore.add(KeyKind.FOOTAGE, "dep", name, due_ns)[0]  # the vault itself makes none past 31
        open_row(
            self.engine,
            FootageSegmentRow(
                id=name,
                deployment="dep",
                camera="north",
                session="s1",
                key_id=key.id,
                key_fingerprint=key.fingerprint,
                started_ns=now_ns,
                due_ns=due_ns,
                ended_ns=now_ns,
            ),
        )

    def expire_footage(self) -> None:
        expire_segments(self.engine, self.home / "footage", self.vault, self.trail, now_ns=self.clock.time_ns())

    def certify(self, *, failures: tuple[str, ...] = ()) -> None:
        now_ns = self.clock.time_ns()
        canary = InjectedCanary(
            id="c1", kind=CanaryKind.REFERENCE, deployment="dep", store="database", planted_ns=0, due_ns=1,
            clear=(b"c" * 32,), stored=(b"s" * 32,), control=PositiveControl.FOUND,
        )  # fmt: skip
        register_canaries(self.engine, self.trail, [canary])
        store = StoreResult(
            store="database", what="", searched=True, files=1, bytes_read=1, milliseconds=1, not_searched=(),
            unread_files=0, findings=(CanaryFinding(canary="c1", verdict=Verdict.GONE),),
        )  # fmt: skip
        search = Verification(
            at_ns=now_ns, ended_ns=ended_ns(self.engine, "dep"), engine_control=True, due=("c1",), stores=(store,),
            failures=failures,
        )  # fmt: skip
        destroyed = read_destroyed(self.engine, "dep", grace_s=self.policy.vault.grace_s)
        self.certificates.issue("dep", destroyed=destroyed, injected=(canary,), search=search)

    def evaluation(self, *, people: int, faces: int) -> None:
        """An evaluation deployment `eval` that has ended, with so many on its list and so many faces compared."""
        self.deployments.create("eval", DeploymentKind.EVALUATION, name="Evaluation")
        now = utc_from_ns(self.clock.time_ns())
        self.change(
            DeploymentRow,
            "eval",
            status="ended",
            contract_id="contract",
            watchlist_size=people,
            opened_at=now,
            ended_at=now,
        )
        with overwriting(self.engine) as session:
            session.add(
                CameraSessionRow(
                    deployment="eval",
                    camera="north",
                    session="s1",
                    tracks_compared=faces,
                    first_seen_ns=self.clock.time_ns(),
                    last_seen_ns=self.clock.time_ns(),
                )
            )

    def false_alerts(self, count: int) -> None:
        """Alerts of `eval` that an operator judged different, as they stay after their day."""
        from uuid import UUID

        with overwriting(self.engine) as session:
            for number in range(count):
                session.add(
                    AlertStubRow(
                        id=UUID(int=number + 1),
                        deployment="eval",
                        category="wanted_by_courts",
                        similarity=0.5,
                        judgement="different",
                    )
                )

    # -- what nobody should be able to do ----------------------------------------------------------

    def change(self, row: type[Row], id: object, **values: object) -> None:
        """Write over a row by hand."""
        table: Table = row.__table__  # type: ignore[attr-defined]  # SQLModel adds it at run time
        with overwriting(self.engine) as session:
            session.execute(update(table).where(table.c.id == id).values(**values))

    def sqlite(self) -> sqlite3.Connection:
        """The database's file, past every rule of ours. Close it."""
        assert self.engine.url.database is not None
        return sqlite3.connect(self.engine.url.database)
