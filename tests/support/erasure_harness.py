"""A whole installation for tests of erasure: real SQLite, Milvus Lite, Kafka, keystore, vault and trail in one home."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from sqlalchemy import Engine

from apps.vault.signing import signing_checks
from lfr_core.alerts.expiry import expire_alerts
from lfr_core.alerts.recorder import Recorder
from lfr_core.custody.audit.port import AuditEvent
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.deployments.attendance import Attendance
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentView
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.messages import Sighting
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.recognition.gallery.rotated import build_rotated_gallery
from lfr_core.retention.erasure.canary import CanaryFile, CanaryKind, InjectedCanary
from lfr_core.retention.erasure.certificate import SignedCertificate
from lfr_core.retention.erasure.certificate_service import CertificateService, register_canaries
from lfr_core.retention.erasure.destruction_log import ended_ns, read_destroyed
from lfr_core.retention.erasure.inject import inject_reference, inject_template
from lfr_core.retention.erasure.keys import VaultKeys
from lfr_core.retention.erasure.places import canary_folder, certificate_folder, scratch_folder, stores_of
from lfr_core.retention.erasure.stores import FolderStore, Store
from lfr_core.retention.erasure.verify import Verification, confirm, verify
from lfr_core.retention.footage.expiry import expire_segments
from lfr_core.retention.steps.lists import ListsStep
from lfr_core.storage.engine import open_engine
from streams.broker.connection import BrokerConnection
from streams.broker.users import User
from streams.canary import CanaryStreams
from streams.topics import Topic
from tests.support.brokers import RunningBroker
from tests.support.databases import make_records
from tests.support.deployments import deployment_service
from tests.support.filming import filming
from tests.support.galleries import fill
from tests.support.milvus import MilvusServer
from tests.support.overwriting import overwriting
from tests.support.people import add_operators, authenticated
from tests.support.records import ManualClock, entry
from tests.support.vault_core import SteadyVaultRecords, TwoClocks

__all__ = ["ErasureHarness"]

POLICY = load_policy()
DAY_S = 86_400.0


@dataclass
class ErasureHarness:
    """One home. `later_s` moves the time that certificates are made at; the vault's own clock moves by `clock`."""

    home: Path
    milvus: MilvusServer
    broker: RunningBroker

    def __post_init__(self) -> None:
        self.settings = self.broker.fresh_topics(self.home, milvus_port=self.milvus.port)
        make_records(self.settings.records_url)
        self.engine: Engine = open_engine(self.settings.records_url)
        self.clock = TwoClocks(time.time_ns())
        log = SteadyVaultRecords(self.engine, self.clock)

        class Audit:
            def record(_, event: AuditEvent) -> int:  # noqa: N805  `self` is the installation
                return record(self.engine, self.trail, event).seq

        self.vault = VaultCore(
            policy=POLICY.vault,
            limits=GateLimits.of(load_policy()),
            terms=KeyTerms.of(load_policy()),
            clock=self.clock,
            keystore=Keystore(self.settings.keystore_folder),
            facts=log,
            epochs=log,
            audit=Audit(),
            people=log,
        )
        self.vault.signing.allow(signing_checks(self.vault, self.engine, POLICY, _Searching(self)))
        self.trail = AuditTrail(self.vault, self.clock)
        self.deployments = deployment_service(self.engine, self.vault, self.trail, self.clock)
        self.plain_gallery = MilvusGallery(self.settings.gallery_uri)
        self.certificates = CertificateService(
            self.engine,
            self.vault,
            self.trail,
            _Searching(self),
            certificate_folder(self.settings),
            self.settings.keystore_folder,
        )
        self.random = np.random.default_rng(7)
        self.searched_later_s = 0.0

    def close(self) -> None:
        self.plain_gallery.close()
        self.engine.dispose()

    def gallery(self, inner: Gallery) -> Gallery:
        return build_rotated_gallery(inner, self.vault, actor=SystemActor.ERASURE, may_make=True, clock=self.clock)

    def live(self, name: str) -> DeploymentView:
        """A live deployment with a gallery and a list, attended."""
        self.deployments.create(name, DeploymentKind.DEMO, name=name)
        collection = gallery_name(name)
        listed = [entry(f"entry-of-{name}")]
        held = fill(self.gallery(self.plain_gallery), collection, "contract", listed)
        self.deployments.attach_watchlist(name, "contract", collection, listed, held=held)
        view = self.deployments.open(name)
        add_operators(self.engine, "Op One", clock=self.clock)
        Attendance(self.engine, self.trail, self.clock).record_heartbeat(name, authenticated("Op One"))
        return view

    def stores(self) -> tuple[Store, ...]:
        folder = FolderStore("broker", "Apache Kafka's folder", (self.broker.data.parent,))
        return stores_of(self.settings, self.engine, folder)

    def canaries(self) -> CanaryStreams:
        return CanaryStreams(
            self.broker.connection(User.ERASURE),
            self.broker.traits,
            POLICY,
            self.vault,
            self.engine,
            self.clock,
            self.random,
        )

    def inject(self, view: DeploymentView) -> tuple[InjectedCanary, ...]:
        """One of each kind, confirmed, recorded and remembered."""
        streams = self.canaries()
        injected = [
            inject_template(view, self.gallery, self.plain_gallery, self.engine, clock=self.clock, random=self.random),
            inject_reference(self.engine, self.vault, view, clock=self.clock, random=self.random),
            streams.inject_footage(view.id, self.settings.footage_store),
        ]
        with self.recording():
            injected += streams.inject_alert(view)
        with filming(self.broker, self.vault, self.clock, view.id):
            injected.append(streams.inject_frame(view.id))  # last: the broker keeps it for a minute
        return self.remember(view, injected)

    def remember(self, view: DeploymentView, injected: list[InjectedCanary]) -> tuple[InjectedCanary, ...]:
        known = confirm(injected, self.stores())
        CanaryFile(canary_folder(self.settings), view.id).put(known)
        register_canaries(self.engine, self.trail, known)
        return known

    def recording(self) -> _Recording:
        recorder = Recorder(self.engine, POLICY.alerts, self.clock, self.vault, self.trail)
        return _Recording(self.broker.connection(User.RECORD), recorder)

    # -- the purges, each by itself --------------------------------------------------------------

    def purges(self, view: DeploymentView, now_ns: int) -> dict[frozenset[CanaryKind], Callable[[], object]]:
        """Every purge step by what it makes go, at `now_ns`: the vault's own clock shows that where it looks at it."""
        lists = ListsStep(self.engine, self.vault, self.trail)
        return {
            frozenset({CanaryKind.TEMPLATE}): lambda: self.plain_gallery.drop(view.gallery),
            frozenset({CanaryKind.REFERENCE}): lambda: lists.purge(now_ns),
            frozenset({CanaryKind.ALERT}): lambda: self._expire_alerts(now_ns),
            frozenset({CanaryKind.SIGHTING}): lambda: self._destroy_sightings(view.id, now_ns),
            frozenset({CanaryKind.FOOTAGE}): lambda: self._expire_footage(now_ns),
            frozenset({CanaryKind.FRAME}): self.vault.stop,  # destroys and records every epoch, as its timer does
        }

    @contextmanager
    def _vault_at(self, now_ns: int) -> Iterator[None]:
        """The vault's own clock goes on too, for as long as that takes: it destroys nothing before it is due."""
        keys = self.vault._kept_keys
        clock, keys._clock = keys._clock, ManualClock(now_ns)
        try:
            yield
        finally:
            keys._clock = clock

    def _expire_footage(self, now_ns: int) -> None:
        with self._vault_at(now_ns):
            expire_segments(self.engine, self.settings.footage_store, self.vault, self.trail, now_ns=now_ns)

    def _expire_alerts(self, now_ns: int) -> None:
        hours = POLICY.alerts.retention_h
        with self._vault_at(now_ns):
            expire_alerts(self.engine, self.vault, self.trail, now_ns=now_ns, retention_h=hours)

    def _destroy_sightings(self, deployment: str, now_ns: int) -> None:
        from lfr_core.custody.vault.port import ErasureRule, KeyKind

        keys = [info.id for info in self.vault.kept(KeyKind.SIGHTINGS, deployment)]
        with self._vault_at(now_ns):
            self.vault.destroy(keys, rule=ErasureRule.ALERTS_DUE)

    def end(self, view: DeploymentView) -> None:
        """The deployment is over; its list stays for the purge step under test."""
        from lfr_core.common.clock import utc_from_ns
        from lfr_core.domain.deployments import DeploymentStatus
        from lfr_core.storage.tables.deployments import DeploymentRow

        with overwriting(self.engine) as session:
            row = session.get(DeploymentRow, view.id)
            assert row is not None
            row.status, row.ended_at = DeploymentStatus.ENDED.value, utc_from_ns(self.clock.time_ns())

    def verify(self, view: DeploymentView, *, later_s: float = 0.0) -> Verification:
        self.searched_later_s = later_s
        return verify(
            CanaryFile(canary_folder(self.settings), view.id).require(),
            self.stores(),
            VaultKeys(self.vault, self.engine, self.settings.keystore_folder),
            now_ns=self.clock.time_ns() + round(later_s * 1e9),
            ended_ns=ended_ns(self.engine, view.id),
            scratch=scratch_folder(self.settings),
        )

    def certify(self, view: DeploymentView, search: Verification) -> SignedCertificate:
        return self.certificates.issue(
            view.id,
            destroyed=read_destroyed(self.engine, view.id, grace_s=POLICY.vault.grace_s),
            injected=CanaryFile(canary_folder(self.settings), view.id).require(),
            search=search,
        )


@dataclass(frozen=True)
class _Searching:
    """The time of the newest search, which may be later than the vault's."""

    harness: ErasureHarness

    def time_ns(self) -> int:
        return self.harness.clock.time_ns() + round(self.harness.searched_later_s * 1e9)

    def monotonic(self) -> float:
        return self.harness.clock.monotonic()


class _Recording:
    """The `record` worker's part, in a thread: sightings from the broker into alerts."""

    def __init__(self, connection: BrokerConnection, recorder: Recorder) -> None:
        self._connection = connection
        self._recorder = recorder
        self._ending = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(20)

    def _run(self) -> None:
        from kafka import KafkaConsumer

        consumer = KafkaConsumer(
            Topic.SIGHTINGS,
            **self._connection.options(),
            auto_offset_reset="latest",
            enable_auto_commit=False,
            group_id=None,
        )
        try:
            while not consumer.assignment():
                consumer.poll(timeout_ms=50)
            for part in consumer.assignment():
                consumer.position(part)
            self._ready.set()
            while not self._ending.is_set():
                for records in consumer.poll(timeout_ms=50).values():
                    done = self._recorder.record_sightings([Sighting.decode(one.value) for one in records])
                    assert not done.failures
        finally:
            consumer.close()
