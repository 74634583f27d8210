"""Puts the watch together, and runs its loop.

It holds no key and loads no model. When it dies the supervisor starts it again; when it stays away, proofs grow old and
the gate shuts.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from sqlmodel import Session

from apps.supervisor.state import read_differences
from apps.watch.differences import DifferencesWatch
from lfr_core.common.errors import Retryable
from lfr_core.common.liveness import LivenessFile
from lfr_core.common.logs import get_logger
from lfr_core.common.settings import Settings
from lfr_core.common.starting import wait_to_begin
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.build import build_deployment_service, build_gallery_check
from lfr_core.deployments.monitoring.circuit_breaker import CircuitBreaker
from lfr_core.deployments.monitoring.gallery import GalleryWatch
from lfr_core.deployments.monitoring.watch import WATCH, Watch
from lfr_core.deployments.reading import call, read_authority
from lfr_core.domain.deployments import lifecycle_of
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from streams.broker.connection import connect_as
from streams.broker.traits import read_traits
from streams.broker.users import User
from streams.live_probe import LiveProbeSender

__all__ = ["build_watch", "ready_file", "run_watch"]

_TICK_S = 1.0


def ready_file(settings: Settings) -> Path:
    """Return the file that is written once the watch has looked for the first time; it holds its pid."""
    return settings.home / "run" / "watch.ready"


def build_watch(installation: Installation) -> Watch:
    """Build the watch of an installation. Connects to nothing yet."""
    settings, policy = installation.settings, installation.policy
    engine, clock = installation.engine, installation.clock
    store = build_deployment_service(installation)

    def call_officer(session: Session, deployment: str, why: str) -> None:
        call(session, role=Role.AUTHORISING_OFFICER, deployment=deployment, why=why, now=installation.now)

    def call_who_must_act(session: Session, deployment: str, why: str) -> None:
        row = session.get(DeploymentRow, deployment)
        if row is not None and lifecycle_of(planned=row.planned).has_authority:  # else its suspension says why
            for role in (Role.AUTHORISING_OFFICER, Role.PLANNER):
                call(session, role=role, deployment=deployment, why=why, now=installation.now)

    circuit_breaker = CircuitBreaker(engine, store, call_officer, installation.trail, clock, by=WATCH)

    def check_circuit_breaker(deployment: str) -> None:
        with reading(engine) as session:
            authority = read_authority(session, deployment)
        if authority is not None:  # without one the gate is shut: nothing is compared
            circuit_breaker.check(deployment, authority.false_alerts_one_in)

    check = build_gallery_check(installation)
    every_s = policy.live_probe.gallery_every_s
    return Watch(
        engine=engine,
        trail=installation.trail,
        sender=LiveProbeSender(
            connect_as(User.WATCH, settings),
            read_traits(settings),
            installation.vault,
            installation.trail,
            engine,
            clock,
        ),
        store=store,
        circuit_breaker=check_circuit_breaker,
        galleries=GalleryWatch(engine, check, store, call_who_must_act, clock, every_s=every_s, by=WATCH),
        policy=policy.live_probe,
        clock=clock,
    )


def run_watch(installation: Installation) -> None:
    """Look, about once a second, until SIGTERM or SIGINT.

    Raises:
        Fatal: the database can't be used.
    """
    wait_to_begin()
    over = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        over.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
    liveness = LivenessFile(ready_file(installation.settings))
    watch = build_watch(installation)
    read = partial(read_differences, installation.settings.home)
    differences = DifferencesWatch(installation.engine, installation.trail, installation.clock, read)

    def tick() -> None:
        watch.tick()
        differences.look()

    try:
        _loop(tick, liveness, over)
    finally:
        liveness.remove()


def _loop(tick: Callable[[], None], liveness: LivenessFile, over: threading.Event) -> None:
    is_ready = False
    while not over.is_set():
        try:
            tick()
        except Retryable as error:
            get_logger().warning("watch.records-away", reason=str(error))
        else:
            if not is_ready:
                liveness.say_ready()
                is_ready = True
        liveness.touch()
        over.wait(_TICK_S)
