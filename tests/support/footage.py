"""A footage store for tests: a real keystore and vault, the real trail and register, and a clock the test owns."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.common.settings import Settings
from lfr_core.custody.audit.port import AuditEvent
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.port import Vault
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import FootagePolicy, VaultPolicy, load_policy
from lfr_core.retention.footage.expiry import PurgedSegment, expire_segments
from lfr_core.retention.footage.hold_service import HoldService
from lfr_core.retention.footage.holds import Hold, HoldGround, HoldRequest
from lfr_core.retention.footage.register import Segment, segments
from lfr_core.retention.footage.segment import segment_file
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.audit import AuditEntryRow
from streams.camera.footage import FootageWriter
from tests.support.each_process import EachProcess
from tests.support.people import add_people, authenticated
from tests.support.records import NOW_NS, ManualClock, add_deployment
from tests.support.vault_server import serving_vault

__all__ = ["DAY_S", "FootageHarness", "jpeg"]

DAY_S = 24 * 3600


def jpeg(number: int, size: int = 2_000) -> bytes:
    """Something of a JPEG's beginning and a frame's size, which no two numbers share."""
    return b"\xff\xd8\xff\xe0" + f"FRAME-{number:06d}-IN-THE-CLEAR ".encode() * (size // 30)


class _NoEpochs:
    def touch(self, at_ns: int) -> None: ...

    def record_begun(self, epoch: Epoch) -> None:
        raise NotImplementedError

    def record_destroyed(self, key_ids: Sequence[str], at_ns: int) -> None:
        raise NotImplementedError

    def close_unfinished(self, at_ns: int) -> int:
        raise NotImplementedError


@dataclass
class FootageHarness:
    """Everything footage needs, on one engine and one folder; `reopened` is the same after every process died."""

    engine: Engine
    home: Path
    clock: ManualClock = field(default_factory=ManualClock)
    policy: FootagePolicy = field(default_factory=lambda: load_policy().footage)
    vault_policy: VaultPolicy = field(default_factory=lambda: load_policy().vault)

    def __post_init__(self) -> None:
        self.folder = self.home / "footage"
        self.core, self.trail = self.reopened()
        self.vault: Vault = self.core

    @contextmanager
    def behind_its_socket(self) -> Iterator[None]:
        """The vault answers at the socket of `settings`, and everything here asks it there, as a running platform does.

        Without this the vault is in this process: it takes the same requests
        (`lfr_core.custody.vault.messages.checked`).
        """
        url = self.engine.url.render_as_string(hide_password=False)
        self.settings = Settings(home=self.home, database_url=url)
        with (
            serving_vault(self.settings, clock=self.clock) as self.core,
            closing(EachProcess.of(self.settings)) as client,
        ):
            self.vault, self.trail = client, AuditTrail(client, self.clock)
            yield

    def reopened(self) -> tuple[VaultCore, AuditTrail]:
        """A vault and a trail as another process has them."""

        class Audit:
            def record(_, event: AuditEvent) -> int:  # noqa: N805  `self` is the harness
                return record(self.engine, trail, event).seq

        log = VaultRecords(self.engine, self.clock)
        vault = VaultCore(
            policy=self.vault_policy,
            limits=GateLimits.of(load_policy()),
            terms=KeyTerms.of(load_policy()),
            clock=self.clock,
            keystore=Keystore(self.home / "vault"),
            facts=log,
            epochs=_NoEpochs(),
            audit=Audit(),
            people=log,
        )
        trail = AuditTrail(vault, self.clock)
        return vault, trail

    def register(self, *names: str) -> None:
        """Officers who may look at footage, hold it and let go of it."""
        add_people(self.engine, *((name, Role.AUTHORISING_OFFICER) for name in names), clock=self.clock)

    def deployment(self, name: str = "dep") -> None:
        add_deployment(self.engine, name)

    def writer(self, *, camera: str = "north", deployment: str = "dep", min_free_bytes: int = 0) -> FootageWriter:
        return FootageWriter(
            deployment=deployment,
            camera=camera,
            session="s1",
            engine=self.engine,
            folder=self.folder,
            vault=self.vault,
            policy=self.policy,
            clock=self.clock,
            min_free_bytes=min_free_bytes,
        )

    def record(self, seconds: float, *, camera: str = "north", frames_per_second: int = 1) -> tuple[Segment, ...]:
        """Film for so long from the clock's time on; the segments there are then."""
        with self.writer(camera=camera) as writer:
            begun = self.clock.now_ns
            for number in range(round(seconds * frames_per_second)):
                self.clock.now_ns = begun + round(number / frames_per_second * 1e9)
                writer.offer(self.clock.now_ns, jpeg(number))
                _wait(lambda: writer.kept + writer.missed == number + 1)  # noqa: B023  called at once
            assert writer.missed == 0
        return segments(self.engine, camera=camera)

    def hold_service(self) -> HoldService:
        return HoldService(self.engine, self.vault, self.trail, self.policy, self.clock)

    def hold(self, *wanted: Segment, by: str = "DC Ask", approved_by: str = "Insp Allow") -> Hold:
        """Asked for by one and approved by another; the same again is as it stands."""
        asked = self.hold_service().place(self.request(*wanted), by=authenticated(by))
        if asked.approved_by:
            return asked
        return self.hold_service().approve(asked.id, digest=asked.digest, by=authenticated(approved_by))

    def request(self, *wanted: Segment) -> HoldRequest:
        return HoldRequest(
            segments=tuple(each.id for each in wanted),
            ground=HoldGround.CRIMINAL_INVESTIGATION,
            reference="36/1234/26",
            review_on=self.today() + dt.timedelta(days=28),
        )

    def today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.clock.now_ns / 1e9, tz=dt.UTC).date()

    def expire(self) -> tuple[PurgedSegment, ...]:
        return expire_segments(self.engine, self.folder, self.vault, self.trail, now_ns=self.clock.now_ns)

    def file(self, segment: Segment) -> Path:
        return segment_file(self.folder, segment.id)

    def audited(self, verb: str) -> list[AuditEntryRow]:
        with reading(self.engine) as session:
            return list(session.exec(select(AuditEntryRow).where(AuditEntryRow.verb == verb)))

    def after(self, days: float) -> None:
        """Let that much time pass since NOW_NS."""
        self.clock.now_ns = NOW_NS + round(days * DAY_S * 1e9)


def _wait(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not so():
        assert time.monotonic() < deadline, "the writer took nothing"
        time.sleep(0.001)
