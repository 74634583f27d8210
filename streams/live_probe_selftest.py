"""Runs the self-test of one installation: every check with the real services behind it, and keeps its result."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Actor, Role, principal_of
from lfr_core.deployments.monitoring.gallery import GalleryCheck
from lfr_core.deployments.monitoring.selftest import (
    SelfTest,
    SelfTestCheck,
    check_clock,
    check_face,
    check_footage,
    check_gallery,
    check_pack,
    run_checks,
)
from lfr_core.deployments.monitoring.store import keep_self_test, read_answers
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentView
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.storage.engine import reading, writing
from streams.broker.connection import BrokerConnection, connect_as
from streams.broker.traits import read_traits
from streams.broker.users import User
from streams.live_probe import LiveProbeSender
from streams.topics import Topic, absent_topics

__all__ = ["SelfTester", "run_self_test"]

_LOOK_S = 0.1
_ACTOR = SystemActor.SELF_TEST
_TESTERS = frozenset(Role) - {Role.AUDITOR, Role.RESULTS_SERVICE}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class SelfTester:
    """Tests one installation, deployment by deployment."""

    installation: Installation
    gallery: Gallery
    load_pack: Callable[[], FaceEngine]
    """Raises Fatal when the pack is missing or damaged."""
    sleep: Callable[[float], None] = time.sleep

    def test(self, deployment: str, *, by: Actor) -> SelfTest:
        """Run every check and keep the result: a green one is a proof that the chain works (`last_proven_ns`).

        Args:
            deployment: planned, or not; its gate may be shut.
            by: who asked, for the audit trail: a person's name, or a part of the platform.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `people.*`.
            Retryable: the result can't be kept or audited: records or vault are away.
        """
        view = DeploymentReader(self.installation.engine).find(deployment)
        if view is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        if view.status.is_over:
            raise Refused("deployment.ended", f"deployment {deployment} is over: there is nothing left to test")
        if not isinstance(by, SystemActor):
            with reading(self.installation.engine) as session:
                acting(session, by, _TESTERS)
        began_ns = self.installation.now_ns
        done = SelfTest(uuid.uuid4(), deployment, began_ns, run_checks(self._checks(view)))
        red = sum(not line.ok for line in done.lines)
        actor = principal_of(by)
        self.installation.trail.prepare(actor)
        with writing(self.installation.engine) as session:
            keep_self_test(
                session,
                self.installation.trail,
                done.id,
                deployment,
                began_ns=began_ns,
                ended_ns=self.installation.now_ns,
                green=done.green,
                detail=done.to_json(),
            )
            facts: dict[str, str | int] = {"lines": len(done.lines), "red": red}
            self.installation.trail.append(
                session, AuditEvent(Verb.CONSULT, actor, deployment, f"self-test:{done.id}", "self-test.run", facts)
            )
        return done

    def _checks(self, view: DeploymentView) -> tuple[SelfTestCheck, ...]:
        pack = _MadeOnce(self.load_pack, "the face software doesn't load")
        template = _MadeOnce(lambda: check_face(pack.make(), self.installation.policy), "the test face has no template")
        broker = _MadeOnce(self._topics, "the broker isn't there")

        def find_face() -> str:
            template.make()
            return "found and good enough"

        return (
            SelfTestCheck(
                "vault and clock",
                lambda: check_clock(self.installation.vault, self.installation.clock, self.installation.policy),
            ),
            SelfTestCheck("records and audit trail", self._records),
            SelfTestCheck("face software", lambda: check_pack(pack.make(), view)),
            SelfTestCheck("test face", find_face),
            SelfTestCheck("search of the list", lambda: check_gallery(self.gallery, view, template.make())),
            SelfTestCheck("list unchanged", lambda: self._compare_gallery(view.id)),
            SelfTestCheck("broker", broker.make),
            SelfTestCheck("recognition and recording", lambda: self._answers(view.id, broker)),
            SelfTestCheck(
                "footage folder",
                lambda: check_footage(self.installation.settings.footage_store, self.installation.policy),
            ),
        )

    def _compare_gallery(self, deployment: str) -> str:
        """Check that the gallery holds what was bound to the list, and that this is what was approved.

        What it finds is kept for the gate.
        """
        why = GalleryCheck(self.installation.engine, self.gallery, self.installation.clock).compare(deployment)
        if why:
            raise Refused(
                "self-test.gallery-changed",
                f"the faces that are searched are no longer those of the list that was enrolled: {why}. "
                "Find out who changed them, and make a new deployment",
            )
        return "the faces that are searched are those of the list that was enrolled, no more and no fewer"

    def _records(self) -> str:
        self.installation.trail.prepare(_ACTOR)
        with writing(self.installation.engine):  # the right to write is held, and given back
            return "can be written"

    @property
    def _connection(self) -> BrokerConnection:
        return connect_as(User.WATCH, self.installation.settings)

    def _topics(self) -> str:
        absent = absent_topics(self._connection, tuple(Topic))
        if absent:
            raise Retryable(f"the broker has no {', '.join(absent)}: `lfr up` makes them")
        return f"it has a place for all that is sent, at {self._connection.servers}"

    def _answers(self, deployment: str, broker: _MadeOnce[str]) -> str:
        """Call each partition's recogniser, and wait until its answer comes back through the recorder."""
        broker.make()
        partitions, within_s = self.installation.settings.frame_partitions, self.installation.policy.live_probe.answer_s
        sender = LiveProbeSender(
            self._connection,
            read_traits(self.installation.settings),
            self.installation.vault,
            self.installation.trail,
            self.installation.engine,
            self.installation.clock,
            _ACTOR,
        )
        probe, began_s = sender.call(deployment, partitions), self.installation.clock.monotonic()
        while True:
            with reading(self.installation.engine) as session:
                heard = len(read_answers(session, probe))
            passed_s = self.installation.clock.monotonic() - began_s
            if heard >= partitions:
                return f"each of {partitions} parts of the stream was answered within {passed_s:.1f} s"
            if passed_s > within_s:
                raise Retryable(
                    f"{heard} of {partitions} parts of the stream answered within {within_s:g} s: see whether every "
                    "`recognise` and `record` runs, with `lfr status`"
                )
            self.sleep(_LOOK_S)


class _MadeOnce(Generic[T]):
    """What several lines need: made at the first, and where that failed the others say so and nothing more."""

    def __init__(self, make: Callable[[], T], without: str) -> None:
        self._make = make
        self._without = without
        self._made: T | None = None
        self._failed = False

    def make(self) -> T:
        if self._failed:
            raise Retryable(f"not tested: {self._without}")
        if self._made is None:
            try:
                self._made = self._make()
            except LfrError:
                self._failed = True
                raise
        return self._made


def run_self_test(installation: Installation, deployment: str, *, by: Actor) -> SelfTest:
    """Run the self-test of an installation; see `SelfTester.test`. Takes seconds, most of them to load the pack."""
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.recognition.gallery.milvus import milvus_gallery
    from lfr_core.recognition.gallery.rotated import build_rotated_gallery

    with closing(milvus_gallery(installation.settings)) as milvus:
        return SelfTester(
            installation,
            gallery=build_rotated_gallery(milvus, installation.vault, actor=_ACTOR, clock=installation.clock),
            load_pack=lambda: build_engine(installation.settings, installation.policy),
        ).test(deployment, by=by)
