"""Small makers of what the records take: deployments, sightings, outcomes; and a clock a test owns."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.alerts.read import AlertSummary
from lfr_core.alerts.read._alerts import alerts_in
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import Clock, SystemClock, utc_from_ns
from lfr_core.custody.crops import sighting_probe, sightings_key
from lfr_core.custody.vault.port import Vault
from lfr_core.custody.vault.sealing import seal
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.messages import FrameResult, OutcomeBatch, Sighting, sighting_id
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.domain.policy import load_policy
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.deployments import deployment_service
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.vaults import MemoryVault, trail_of, vault_of

__all__ = [
    "NOW_NS",
    "Entry",
    "ManualClock",
    "Reference",
    "add_deployment",
    "alert_of",
    "alerts_of",
    "as_operational",
    "entry",
    "live_deployment",
    "outcomes",
    "recorder_of",
    "sighting",
    "sighting_now",
    "store_of",
]

NOW_NS = 1_795_435_200 * 10**9
"""23 November 2026, 12:00 UTC."""


class ManualClock:
    """Time stands until a test moves it."""

    def __init__(self, time_ns: int = NOW_NS) -> None:
        self.now_ns = time_ns

    def time_ns(self) -> int:
        return self.now_ns

    def monotonic(self) -> float:
        return self.now_ns / 1e9

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


@dataclass(frozen=True, slots=True)
class Reference:
    id: str
    photograph: str = "one.jpg"
    crop_jpeg: bytes = b"reference crop"


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    subject: str
    category: Category
    legal_reference: str
    approved_by: str
    expires_on: date
    references: tuple[Reference, ...]
    age: int | None = None


def entry(
    name: str = "entry-1",
    *,
    category: Category = Category.WANTED_BY_COURTS,
    expires_on: date = date(2027, 1, 31),
    crop: bytes = b"reference crop",
    age: int | None = None,
) -> Entry:
    return Entry(
        name,
        f"subject of {name}",
        category,
        "Bail Act 1976 s7",
        "Insp A",
        expires_on,
        (Reference(f"{name}/1", crop_jpeg=crop),),
        age,
    )


def store_of(engine: Engine, clock: Clock | None = None) -> DeploymentService:
    """A store whose vault and trail are those of this test's database."""
    return deployment_service(engine, vault_of(engine), trail_of(engine), clock or SystemClock())


def as_operational(engine: Engine, deployment: str) -> None:
    """Make a trial's row say operational, as no way of ours does: what refuses recordings must refuse this too."""
    with overwriting(engine) as session:
        session.get_one(DeploymentRow, deployment).kind = DeploymentKind.OPERATIONAL.value


def recorder_of(engine: Engine, clock: Clock | None = None) -> Recorder:
    """A recorder with the same vault and trail."""
    return Recorder(engine, load_policy().alerts, clock or SystemClock(), vault_of(engine), trail_of(engine))


def add_deployment(engine: Engine, name: str = "dep") -> None:
    """A live deployment's row, and nothing else of it."""
    with overwriting(engine) as session:
        session.add(
            DeploymentRow(
                id=name,
                name=name,
                kind="demo",
                status="live",
                threshold=0.45,
                agreeing_shots=2,
                live_only=True,
                created_at=utc_from_ns(NOW_NS),
            )
        )


def live_deployment(engine: Engine, name: str = "dep", entries: tuple[Entry, ...] = ()) -> DeploymentService:
    """A live demo deployment with a watchlist."""
    store = store_of(engine, ManualClock())
    store.create(name, DeploymentKind.DEMO, name="High Street")
    listed = entries or (entry(),)
    store.attach_watchlist(name, "contract", f"gallery_{name}", listed, held=held_by(listed))
    store.open(name)
    return store


def sighting(
    at_s: float,
    *,
    deployment: str = "dep",
    camera: str = "north",
    session: str = "s1",
    sequence: int | None = None,
    face: int = 0,
    entry: str = "entry-1",
    similarity: float = 0.6,
    probe: bytes = b"probe",
    vault: Vault | None = None,
    sealed_ns: int = NOW_NS,
) -> Sighting:
    """A sighting `at_s` seconds after NOW_NS; its sequence is that of 25 frames/s unless given.

    Its probe is sealed under the key of the hour of `sealed_ns`: of `vault`, or one that every `MemoryVault` knows.
    """
    sequence = round(at_s * 25) + 1000 if sequence is None else sequence
    id_ = sighting_id(deployment, camera, session, sequence, face, entry)
    key = sightings_key(
        vault or MemoryVault(), deployment, now_ns=sealed_ns, retention_h=24, actor=SystemActor.RECOGNISER
    )
    return Sighting(
        id=id_,
        deployment=deployment,
        camera=camera,
        session=session,
        sequence=sequence,
        captured_ns=NOW_NS + round(at_s * 1e9),
        face=face,
        track="t1",
        entry=entry,
        similarity=similarity,
        threshold=0.45,
        box=(1.0, 2.0, 3.0, 4.0),
        eye_distance_px=40.0,
        probe_sealed=base64.b64encode(seal(key.key, probe, sighting_probe(deployment, id_))),
        key_id=key.info.id,
    )


def sighting_now(vault: Vault, now_ns: int) -> Sighting:
    """A sighting of this moment, of a deployment that was opened before it."""
    return sighting((now_ns - NOW_NS) / 1e9, sequence=1000, vault=vault, sealed_ns=now_ns)


def outcomes(
    *results: tuple[int, int, int],
    deployment: str = "dep",
    camera: str = "north",
    session: str = "s1",
    outcome: FrameOutcome = FrameOutcome.RECOGNISED,
    latency_ms: float = 100.0,
    captured: int | None = None,
    not_sampled: int | None = None,
    dropped: int | None = None,
    ended: bool = False,
    reported_ns: int = NOW_NS,
) -> OutcomeBatch:
    """A batch of results (sequence, running not_sampled, running dropped)."""
    return OutcomeBatch(
        deployment=deployment,
        camera=camera,
        session=session,
        results=tuple(
            FrameResult(sequence=s, not_sampled=n, dropped=d, outcome=outcome, latency_ms=latency_ms, faces=2)
            for s, n, d in results
        ),
        captured=captured,
        not_sampled=not_sampled,
        dropped=dropped,
        ended=ended,
        reported_ns=reported_ns,
    )


def alerts_of(
    engine: Engine, deployment: str, *, limit: int = 200, undecided_only: bool = False, judged: bool | None = None
) -> tuple[AlertSummary, ...]:
    """What stands in the records, whoever may see it."""
    with reading(engine) as session:
        return alerts_in(session, deployment, limit=limit, undecided_only=undecided_only, judged=judged)


def alert_of(engine: Engine, alert: UUID) -> AlertSummary | None:
    """One of them."""
    with reading(engine) as session:
        deployments = session.exec(select(DeploymentRow.id)).all()
    found = (one for each in deployments for one in alerts_of(engine, each))
    return next((one for one in found if one.id == alert), None)
