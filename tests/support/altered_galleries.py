"""A deployment whose gallery is on a real Milvus Lite server, and somebody who alters it there without our checks."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.gate_facts import gather_gate_facts
from lfr_core.deployments.monitoring.gallery import GalleryCheck, GalleryWatch
from lfr_core.deployments.monitoring.watch import WATCH, Watch
from lfr_core.deployments.reading import call
from lfr_core.domain.gate import Condition, GateLimits, gate
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Candidate, Reference
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.galleries import reference
from tests.support.milvus import MilvusServer
from tests.support.planning import PlanningHarness
from tests.support.records import ManualClock

__all__ = ["Tampered", "added", "after", "find_row", "retry_while_unavailable", "shut_by", "watch_of"]


class Tampered:
    """What somebody does who can reach Milvus: by a client of its own, without our checks."""

    def __init__(self, server: MilvusServer, name: str) -> None:
        from pymilvus import MilvusClient

        self.client = MilvusClient(server.uri)
        self.name = name

    def delete(self, *ids: str) -> None:
        self.client.delete(self.name, ids=list(ids))

    def put(self, *rows: Reference) -> None:
        self.client.upsert(
            self.name, [{"id": row.id, "entry": row.entry, "template": row.template.tolist()} for row in rows]
        )

    def close(self) -> None:
        self.client.close()


def added(by: Tampered, _gallery: MilvusGallery) -> None:
    by.put(reference("not on the list", "person-1"))


def shut_by(harness: PlanningHarness) -> str:
    """Why the gate's condition on the gallery isn't met; "" when it is."""
    with reading(harness.engine) as session:
        facts = gather_gate_facts(session, session.get_one(DeploymentRow, "dep"), harness.now)
    found = gate(facts, GateLimits.of(harness.policy), now_ns=harness.clock.time_ns())
    (one,) = (each for each in found if each.condition is Condition.GALLERY_UNCHANGED)
    return "" if one.met else one.why


def watch_of(harness: PlanningHarness) -> Watch:
    def call_officer(session: Session, deployment: str, why: str) -> None:
        call(session, role=Role.AUTHORISING_OFFICER, deployment=deployment, why=why, now=utc_from_ns(0))

    class Nothing:
        def send(self, deployment: str) -> None:
            raise Refused("gate.operator-attending", f"nobody attends {deployment}: no proof is sent")

    check = GalleryCheck(harness.engine, harness.gallery, harness.clock)
    every_s = harness.policy.live_probe.gallery_every_s
    watching = GalleryWatch(
        harness.engine, check, harness.deployments, call_officer, harness.clock, every_s=every_s, by=WATCH
    )
    return Watch(
        engine=harness.engine,
        trail=harness.trail,
        sender=Nothing(),  # type: ignore[arg-type]  # never gives a live probe's id
        store=harness.deployments,
        circuit_breaker=lambda _name: None,
        galleries=watching,
        policy=harness.policy.live_probe,
        clock=harness.clock,
    )


def find_row(harness: PlanningHarness) -> DeploymentRow:
    with reading(harness.engine) as session:
        return session.get_one(DeploymentRow, "dep")


def after(harness: PlanningHarness, seconds: float) -> None:
    assert isinstance(harness.clock, ManualClock)
    harness.clock.advance(seconds)


def retry_while_unavailable(ask: Callable[[], list[list[Candidate]]]) -> list[list[Candidate]]:
    """As the stream does while a comparison runs."""
    for _ in range(100):
        try:
            return ask()
        except Retryable:
            continue
    raise AssertionError("it is compared for ever")
