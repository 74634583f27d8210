"""The watch as `lfr up` starts it: a process of its own, with a vault and records, and no broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from apps.watch.process import ready_file
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.messages import FrameResult, OutcomeBatch
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.deployments import CallRow, DeploymentRow
from tests.support.deployments import deployment_service
from tests.support.each_process import EachProcess
from tests.support.galleries import held_by
from tests.support.people import add_operators, authenticated
from tests.support.planned_deployment import OPERATOR, make_planned
from tests.support.records import entry, sighting_now
from tests.support.shown_pictures import seen
from tests.support.vault_server import serving_vault


@contextmanager
def watching(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    env = os.environ | {"LFR_HOME": str(settings.home), "LFR_KAFKA_SERVERS": settings.kafka_servers}
    log = (settings.home / "watch.log").open("wb")
    with log, subprocess.Popen([sys.executable, "-m", "apps.watch"], env=env, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(so: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def falsely_alerted(settings: Settings, engine: Engine) -> None:
    """A live planned deployment with ten faces compared and one alert that an operator called false."""
    clock, vault = SystemClock(), EachProcess.of(settings)
    trail = AuditTrail(vault, clock)
    own = Installation(settings, identity=ProcessIdentity.COMMANDS)
    store = deployment_service(own.engine, own.vault, own.trail)
    store.create("dep", DeploymentKind.DEMO, name="High Street")
    store.attach_watchlist("dep", "contract", "gallery_dep", [entry()], held=held_by([entry()]))
    store.open("dep")
    add_operators(engine, OPERATOR, trail=trail)
    make_planned(engine, "dep")
    recording = AuditTrail(vault.process(ProcessIdentity.RECORD), clock)
    recorder = Recorder(engine, load_policy().alerts, clock, vault, recording)
    faces = FrameResult(sequence=0, not_sampled=0, dropped=0, outcome=FrameOutcome.RECOGNISED, tracks_compared=10)
    now_ns = clock.time_ns()
    recorder.record_outcomes(
        [OutcomeBatch(deployment="dep", camera="north", session="s", results=(faces,), reported_ns=now_ns)]
    )
    (alert,) = recorder.record_sightings([sighting_now(vault, now_ns)]).opened
    DecisionService(engine, trail, clock).judge(
        alert, Judgement.DIFFERENT, authenticated("Ann Operator"), shown=seen(engine, alert)
    )


@pytest.mark.slow
def test_the_watch_trips_the_circuit_breaker_of_the_authority_and_calls_its_officer_though_no_broker_runs(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path / "home", kafka_servers="127.0.0.1:9")
    settings.home.mkdir()
    with serving_vault(settings):
        engine = open_engine(settings.records_url)
        falsely_alerted(settings, engine)

        def status() -> str:
            with reading(engine) as session:
                return session.get_one(DeploymentRow, "dep").status

        with watching(settings) as process:
            wait_until(lambda: status() == DeploymentStatus.SUSPENDED)
            wait_until(lambda: ready_file(settings).is_file() and ready_file(settings).read_text() == str(process.pid))
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        with reading(engine) as session:
            why = session.get_one(DeploymentRow, "dep").suspended_why
            calls = [row.role for row in session.exec(select(CallRow))]
        engine.dispose()

    assert "1 false alert in 10 faces compared; the authority allows 1 in 1,000" in why
    assert calls == [Role.AUTHORISING_OFFICER.value]
    assert not ready_file(settings).exists()
