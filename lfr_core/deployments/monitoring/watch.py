"""The watch over live deployments: live probes at intervals, and the circuit breaker. It knows no broker.

Whatever keeps it from looking shuts the gate in the end: a live probe that nobody sends is a live probe that grows old.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import Trail
from lfr_core.deployments.monitoring.circuit_breaker import Suspends
from lfr_core.deployments.monitoring.live_probe_schedule import (
    LiveProbeAction,
    LiveProbeSchedule,
    after_round,
    next_step,
)
from lfr_core.deployments.monitoring.store import (
    find_fault,
    has_unanswered,
    is_green,
    note_missed,
    note_unanswered,
)
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import LiveProbePolicy
from lfr_core.storage.engine import reading, writing

__all__ = ["WATCH", "GalleryComparer", "SendsLiveProbes", "Watch"]

WATCH = SystemActor.WATCH
_LONGEST_WHY = 120
"""Characters of what is wrong that fit into a suspension's reason beside the rest."""


class SendsLiveProbes(Protocol):
    """What sends a live probe: `streams.live_probe.LiveProbeSender`."""

    def send(self, deployment: str) -> UUID:
        """Send one; the id of what its answers are recorded under. Refused `gate.*`; Retryable."""
        ...


@dataclass(slots=True)
class _Watched:
    schedule: LiveProbeSchedule = field(default_factory=LiveProbeSchedule)
    probe: UUID | None = None
    """The newest that was sent; None where it couldn't be."""
    why: str = ""
    """Why it couldn't."""


class GalleryComparer(Protocol):
    """What compares galleries with lists: `lfr_core.deployments.monitoring.gallery.GalleryWatch`."""

    def keep_only(self, live: Sequence[str]) -> None:
        """Keep these, which are live, and forget the others."""
        ...

    def check(self, deployment: str) -> None:
        """Do what is due for one. Retryable, Refused."""
        ...


class Watch:
    """Looks at every live deployment, tick by tick: live probes, circuit breaker of planned ones, gallery of all.

    Not for several threads.

    Args:
        engine: the records.
        trail: says which live probes were missed.
        sender: sends live probes.
        store: suspends.
        circuit_breaker: looks at one deployment's circuit breaker and trips it.
        galleries: compare the galleries with the lists.
        policy: the intervals.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        trail: Trail,
        sender: SendsLiveProbes,
        store: Suspends,
        circuit_breaker: Callable[[str], None],
        galleries: GalleryComparer,
        policy: LiveProbePolicy,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._trail = trail
        self._sender = sender
        self._store = store
        self._circuit_breaker = circuit_breaker
        self._galleries = galleries
        self._policy = policy
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self._circuit_breaker_at_s = self._unanswered_at_s = float("-inf")

    def tick(self) -> None:
        """Do what is due; one deployment's trouble is logged and keeps nobody from looking at the next.

        Raises:
            Retryable: it can't be read which deployments are live.
        """
        views = [view for view in DeploymentReader(self._engine).list() if view.is_live]
        live = [view.id for view in views if view.lifecycle.is_probed]
        for gone in self._watched.keys() - set(live):  # ended, or suspended: after a resume it begins anew
            del self._watched[gone]
        now_s = self._clock.monotonic()
        if now_s - self._circuit_breaker_at_s >= self._policy.circuit_breaker_every_s:
            self._circuit_breaker_at_s = now_s
            self._each(live, self._circuit_breaker)
        self._each(live, self._run_live_probe)
        if now_s - self._unanswered_at_s >= self._policy.answer_s:
            self._unanswered_at_s = now_s
            self._note_unanswered()
        self._galleries.keep_only([view.id for view in views])
        self._each([view.id for view in views], self._galleries.check)

    @staticmethod
    def _each(names: Sequence[str], look: Callable[[str], None]) -> None:
        for name in names:
            try:
                look(name)
            except LfrError as error:
                rule = error.rule if isinstance(error, Refused) else type(error).__name__
                get_logger().warning("watch.trouble", deployment=name, rule=rule, reason=str(error))

    def _run_live_probe(self, name: str) -> None:
        watched = self._watched.setdefault(name, _Watched())
        missed = watched.schedule.missed
        schedule, step = next_step(
            watched.schedule, now_s=self._clock.monotonic(), green=self._is_green(watched), policy=self._policy
        )
        if schedule.missed > missed and watched.probe is not None:
            self._note_missed(watched.probe)
        if step is LiveProbeAction.SUSPEND:
            self._suspend(name, watched)  # raises, and is tried again at the next tick: the schedule is as it was
        elif step is LiveProbeAction.SEND:
            schedule = self._send(name, watched, schedule)
        watched.schedule = schedule

    def _send(self, name: str, watched: _Watched, schedule: LiveProbeSchedule) -> LiveProbeSchedule:
        try:
            watched.probe, watched.why = self._sender.send(name), ""
        except Refused as error:
            if error.rule.startswith("gate."):
                return (
                    LiveProbeSchedule()
                )  # nothing is recognised, so there is nothing to prove; the first frame that is, is
            watched.probe, watched.why = None, str(error)
        except LfrError as error:
            watched.probe, watched.why = None, str(error)
            get_logger().warning("watch.not-sent", deployment=name, reason=str(error))
        return after_round(schedule, now_s=self._clock.monotonic())

    def _note_missed(self, probe: UUID) -> None:
        """Put it on the trail that a live probe was missed; a vault that is away keeps nobody from suspending."""
        try:
            self._trail.prepare(WATCH)
            with writing(self._engine) as session:
                note_missed(session, self._trail, probe, self._clock.time_ns())
        except LfrError as error:
            get_logger().warning("watch.missed-not-noted", reason=str(error))

    def _note_unanswered(self) -> None:
        """Put on the trail what is awaited no longer: its deployment stopped meanwhile, or an earlier watch did."""
        now_ns = self._clock.time_ns()
        before_ns = now_ns - round(2 * self._policy.answer_s * 1e9)
        try:
            with reading(self._engine) as session:
                if not has_unanswered(session, before_ns):
                    return
            self._trail.prepare(WATCH)
            with writing(self._engine) as session:
                note_unanswered(session, self._trail, before_ns, now_ns)
        except LfrError as error:
            get_logger().warning("watch.unanswered-not-noted", reason=str(error))

    def _is_green(self, watched: _Watched) -> bool:
        if watched.probe is None or not watched.schedule.waiting:
            return False
        with reading(self._engine) as session:
            return is_green(session, watched.probe)

    def _suspend(self, name: str, watched: _Watched) -> None:
        wrong = watched.why
        if watched.probe is not None:
            with reading(self._engine) as session:
                wrong = find_fault(session, watched.probe)
        short = wrong if len(wrong) <= _LONGEST_WHY else f"{wrong[:_LONGEST_WHY]}..."
        times = self._policy.missed_in_a_row
        self._store.suspend(name, f"live probe missed {times} times in a row ({short})", by=WATCH)
        get_logger().error("watch.suspended", deployment=name, reason=wrong)
