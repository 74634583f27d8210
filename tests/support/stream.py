"""The whole stream under test: broker, Milvus Lite, database and worker processes, real each of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import cv2
from sqlalchemy import Engine

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.actors import Principal, SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentView
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.domain.watchlists import Category
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.rotated import build_rotated_gallery
from lfr_core.storage.engine import open_engine
from streams.broker.users import User
from streams.topics import RECOGNISE_GROUP, RECORD_GROUP, Topic, lag
from tests.support.brokers import RunningBroker, new_kafka
from tests.support.databases import make_records
from tests.support.deployments import deployment_service
from tests.support.each_process import EachProcess
from tests.support.milvus import MilvusServer
from tests.support.people import add_operators, authenticated
from tests.support.samples import require_image
from tests.support.sessions import issuer_address, session_env, token_in
from tests.support.worker_processes import Worker, environment_of, wait_until

__all__ = ["Stream", "two_workers"]


@dataclass(frozen=True)
class _Reference:
    id: str
    photograph: str
    crop_jpeg: bytes


@dataclass(frozen=True)
class _Entry:
    id: str
    subject: str
    category: Category
    legal_reference: str
    approved_by: str
    expires_on: date
    references: Sequence[_Reference]
    age: int | None = None


@dataclass
class Stream:
    """Everything a frame passes, and a deployment with one enrolled person."""

    settings: Settings
    broker: RunningBroker
    milvus: MilvusServer
    policy: Policy = field(default_factory=load_policy)
    workers: list[Worker] = field(default_factory=list)
    vault_process: subprocess.Popen[bytes] | None = None
    _attending: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def start(cls, home: Path, broker: RunningBroker, milvus: MilvusServer, *, recognisers: int = 1) -> Stream:
        """Fresh topics, a fresh database, and workers that are ready."""
        stream = cls.prepare(home, broker, milvus)
        stream.start_vault()
        stream.start_workers(recognisers)
        for worker in stream.workers:
            worker.wait_ready()
        return stream

    @classmethod
    def prepare(cls, home: Path, broker: RunningBroker, milvus: MilvusServer, *, database_url: str = "") -> Stream:
        """Fresh topics and a fresh database (SQLite in `home` unless named); no worker yet."""
        home.mkdir(parents=True, exist_ok=True)
        database = database_url or f"sqlite:///{home / 'records.sqlite3'}"
        settings = broker.fresh_topics(home, milvus_uri=milvus.uri, database_url=database, oidc_issuer=issuer_address())
        make_records(settings.records_url)
        return cls(settings, broker, milvus)

    def start_vault(self) -> None:
        """Start the vault's process, or start it again; it answers when this returns."""
        with (self.settings.home / "vault.log").open("ab") as log:
            self.vault_process = subprocess.Popen(
                [sys.executable, "-m", "apps.vault"],
                stdout=log,
                stderr=log,
                env=os.environ | environment_of(self.settings),
            )
        wait_until(self._vault_answers, within_s=30, what="the vault answers")

    def _vault_answers(self) -> bool:
        assert self.vault_process is not None
        assert self.vault_process.poll() is None, (self.settings.home / "vault.log").read_text()[-3000:]
        try:
            self.vault.ping()
        except Retryable:
            return False
        return True

    def stop_vault(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the vault's process."""
        if self.vault_process is not None:
            self.vault_process.send_signal(how)
            self.vault_process.wait(30)
            self.vault_process = None

    def start_ended_workers(self) -> None:
        """What `lfr up` does: a worker whose deployments have ended is started afresh."""
        for worker in self.workers:
            if worker.has_ended:
                worker.start().wait_ready()

    def log_in(self, name: str) -> None:
        """Show the vault that somebody registered is logged in: it believes no test's word."""
        person = authenticated(name)
        token = token_in(session_env(name, self.settings))
        self.vault.process(self.vault.identity).remember(replace(person, login=replace(person.login, shown=token)))

    def stop_attending(self) -> None:
        """The tester leaves every deployment."""
        self._attending.close()

    @cached_property
    def vault(self) -> EachProcess:
        """The test's own line to the vault; closed by `stop`."""
        return EachProcess.of(self.settings)

    @cached_property
    def deployments(self) -> DeploymentService:
        """The deployments, audited as in the real thing."""
        return deployment_service(self.database, self.vault, self.trail, SystemClock())

    @property
    def trail(self) -> AuditTrail:
        """Where commands write."""
        return AuditTrail(self.vault, SystemClock())

    def start_workers(self, recognisers: int = 1) -> None:
        """Start them; they may not be ready yet."""
        for index in range(recognisers):
            self.workers.append(self.worker("recognise", index).start())
        self.workers.append(self.worker("record", 0).start())

    def worker(self, role: str, index: int) -> Worker:
        return Worker(role, index, self.settings, self.settings.home / f"{role}-{index}.log")

    @property
    def recognisers(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.role == "recognise"]

    @cached_property
    def database(self) -> Engine:
        """The test's own look at the records; closed by `stop`."""
        return open_engine(self.settings.records_url)

    def deploy(
        self, name: str, *, live_only: bool = False, photo: str = "obama", attended: bool = True
    ) -> DeploymentView:
        """A live deployment whose watchlist is one photograph."""
        self.deployments.create(name, DeploymentKind.EVALUATION, name=name, live_only=live_only)
        self.enrol(name, photo=photo)
        opened = self.deployments.open(name)
        if attended:
            self.attend(name)
        return opened

    def enrol(self, name: str, *, photo: str = "obama", by: Principal = SystemActor.LFR) -> None:
        """Give a deployment its list of one test subject."""
        engine = build_engine(self.settings, self.policy)
        gallery = build_rotated_gallery(
            MilvusGallery(self.milvus.uri), self.vault, actor=SystemActor.ENROLMENT, may_make=True, clock=SystemClock()
        )
        collection = gallery_name(name)
        entry = str(uuid5(NAMESPACE_OID, f"{name}/{photo}"))
        reference, crop = _reference(engine, entry, photo)
        gallery.create(collection, engine.contract_id)
        held = gallery.add(collection, engine.contract_id, [reference])
        row = _Entry(
            id=entry,
            subject=photo,
            category=Category.BLUE_LIST,
            legal_reference="volunteer",
            approved_by="a tester",
            expires_on=datetime.now(tz=UTC).date().replace(year=2099),
            references=[_Reference(reference.id, photo, crop)],
        )
        self.deployments.attach_watchlist(
            name,
            engine.contract_id,
            collection,
            [row],
            by if isinstance(by, SystemActor) else authenticated(by),
            held=held,
        )

    def attend(self, name: str, operator: str = "a tester") -> None:
        """A registered operator attends a deployment from now on."""
        add_operators(self.database, operator, trail=self.trail)
        attendance = Attendance(self.database, self.trail, SystemClock())
        self._attending.enter_context(attendance.keep_alive(name, authenticated(operator)))

    def drained(self) -> bool:
        """Whether every record has been processed and committed; not while the broker can't say."""
        try:
            return self._waiting() == 0
        except Retryable:
            return False

    def _waiting(self) -> int:
        connection = self.broker.connection(User.RETENTION)
        waiting = [
            lag(connection, RECOGNISE_GROUP, Topic.FRAMES),
            lag(connection, RECORD_GROUP, Topic.SIGHTINGS),
            lag(connection, RECORD_GROUP, Topic.OUTCOMES),
            lag(connection, RECORD_GROUP, Topic.DEAD_LETTERS),
        ]
        return sum(waiting)

    def stop(self) -> None:
        """End the workers; the servers are the caller's."""
        self._attending.close()
        self.database.dispose()
        for worker in self.workers:
            if worker.process is not None:
                worker.end(signal.SIGTERM)
        self.vault.close()
        self.stop_vault()


def _reference(engine: FaceEngine, entry: str, photo: str) -> tuple[Reference, bytes]:
    image = require_image(photo)
    face = engine.describe(image, engine.detect([image])[0][0])
    crop = cv2.imencode(".jpg", face.aligned)[1].tobytes()
    return Reference(str(uuid5(NAMESPACE_OID, f"{entry}/{photo}")), entry, engine.embed([face.aligned])[0]), crop


@contextmanager
def two_workers(folder: Path, kafka_libs: Path) -> Iterator[Stream]:
    """A stream of two recognition workers on servers of its own."""
    broker, milvus = new_kafka(folder / "broker", kafka_libs), MilvusServer(folder / "milvus")
    with ExitStack() as stack:
        broker.start()
        stack.callback(broker.stop)
        milvus.start()
        stack.callback(milvus.stop)
        started = Stream.start(folder / "home", broker, milvus, recognisers=2)
        stack.callback(started.stop)
        yield started
