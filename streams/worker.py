"""Runs a stream worker process: `python -m streams.worker recognise --index 0`, `python -m streams.worker record`.

Started by `lfr up`; may be started by hand on another machine to add a worker to the group.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import faust

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.common.liveness import TOUCH_EVERY_S, LivenessFile
from lfr_core.common.logs import get_logger
from lfr_core.common.settings import Settings
from lfr_core.common.starting import wait_to_begin
from lfr_core.custody.installation import Installation
from lfr_core.custody.program import run_program
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.port import Gallery
from streams.app import make_app
from streams.broker.connection import BrokerConnection, connect_as
from streams.broker.traits import read_traits
from streams.broker.users import User
from streams.topics import RECOGNISE_GROUP, RECORD_GROUP, Topic, absent_topics, lags
from streams.watchdog import Heartbeat, Watchdog

if TYPE_CHECKING:
    from lfr_core.domain.policy import Policy
    from lfr_core.recognition.thumbnails import Thumbnails

__all__ = ["main", "ready_file"]

BROKER_WAIT_S = 60.0  # then the supervisor starts another one, within its own limit for a start


def ready_file(settings: Settings, role: str, index: int) -> Path:
    """Return the file that is written once the worker has been given partitions; it holds its pid."""
    return settings.home / "run" / f"worker-{role}-{index}.ready"


def main(arguments: list[str] | None = None) -> int:
    """Run one worker until SIGTERM. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="streams.worker", description=__doc__)
    parser.add_argument("role", choices=("recognise", "record"))
    parser.add_argument("--index", type=int, default=0, help="this worker's number in its group: unique and stable")
    options = parser.parse_args(arguments)
    identity = ProcessIdentity.RECOGNISE if options.role == "recognise" else ProcessIdentity.RECORD
    run = partial(_run, options.role, options.index)
    return run_program(run, identity=identity, event="worker_ends", role=options.role)


def _run(role: str, index: int, installation: Installation) -> int:
    settings, policy = installation.settings, installation.policy
    engine = _load_engine(settings, policy) if role == "recognise" else None
    if engine is None:
        import streams.agents.record  # noqa: F401  now: there is time
    wait_to_begin()
    traits = read_traits(settings)
    user, group = (User.RECOGNISE, RECOGNISE_GROUP) if role == "recognise" else (User.RECORD, RECORD_GROUP)
    connection = connect_as(user, settings, traits)
    _wait_for_topics(connection)
    instance = f"{role}-{index}"
    (settings.home / "run").mkdir(parents=True, exist_ok=True, mode=0o700)  # on a machine without `lfr up`
    app = make_app(group, instance, settings=settings, policy=policy, traits=traits, connection=connection)
    heartbeat = Heartbeat()
    if engine is not None:
        _attach_recognise(app, installation, engine, heartbeat, index)
    else:
        _attach_record(app, installation, heartbeat)
    assigned = threading.Event()
    liveness = LivenessFile(ready_file(settings, role, index))
    liveness.remove()

    @app.on_partitions_assigned.connect(weak=False)
    async def on_assigned(app: faust.App, assigned_partitions: set[object], **_: object) -> None:  # noqa: ARG001  Faust's signature
        heartbeat.record()
        assigned.set()
        _say_ready(liveness)
        get_logger().info("partitions_assigned", role=role, index=index, count=len(assigned_partitions))

    @app.timer(interval=TOUCH_EVERY_S)
    async def touch() -> None:  # from the event loop: one that hangs says nothing
        liveness.touch()

    watchdog = Watchdog(
        heartbeat=heartbeat, lag=lambda: _measure_own_lag(app, connection, group), assigned=assigned.is_set
    )
    watchdog.start()
    worker = faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False, override_logging=False)
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    finally:
        watchdog.stop()
        liveness.remove()
    return 0


def _wait_for_topics(connection: BrokerConnection) -> None:
    """Return once the broker has every topic; Faust itself ends, or waits for ever, where it hasn't.

    Raises:
        Retryable: not within a minute.
    """
    started = time.monotonic()
    reported = False
    while True:
        try:
            absent = absent_topics(connection, tuple(Topic))
            if not absent:
                return
            reason = f"the broker at {connection.servers} has no {', '.join(absent)} yet: `lfr up` makes them"
        except Retryable as error:
            reason = str(error)
        if time.monotonic() - started > BROKER_WAIT_S:
            raise Retryable(reason)
        if not reported:
            get_logger().warning("broker_away_at_start", reason=reason)
            reported = True
        time.sleep(0.5)


def _say_ready(liveness: LivenessFile) -> None:
    """Write the ready file; without it the supervisor would take this worker for one that hangs."""
    try:
        liveness.say_ready()
    except OSError as error:
        get_logger().critical("worker_ends", reason=f"{liveness.path} can't be written: {error.strerror}. Free space")
        os._exit(Retryable.exit_code)


def _load_engine(settings: Settings, policy: Policy) -> FaceEngine:
    """Build the engine and make its first calls, which take seconds, before the first live frame."""
    import cv2
    import numpy as np

    import streams.agents.recognise  # noqa: F401  now: there is time
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.recognition.milvus_library import import_milvus_library

    cv2.setNumThreads(settings.inference_threads)  # a worker a core: more threads would fight for it
    engine = build_engine(settings, policy)
    engine.detect([np.zeros((720, 1280, 3), np.uint8)])
    engine.embed([np.zeros((112, 112, 3), np.uint8)])
    import_milvus_library()
    return engine


def _attach_recognise(
    app: faust.App, installation: Installation, engine: FaceEngine, heartbeat: Heartbeat, index: int
) -> None:
    from lfr_core.custody.vault.frames import VaultOpener
    from lfr_core.custody.vault.record_mac import RecordSigner
    from lfr_core.deployments.build import build_gallery_check
    from lfr_core.deployments.directory import CachedDirectory
    from lfr_core.deployments.views import DeploymentReader
    from lfr_core.recognition.gallery.milvus import milvus_gallery
    from lfr_core.recognition.gallery.prefilter import PrefilteredGallery
    from lfr_core.recognition.gallery.rotated import build_rotated_gallery
    from lfr_core.recognition.loading import ComparedGallery
    from lfr_core.recognition.service import Recogniser
    from lfr_core.recognition.thumbnails import Thumbnails
    from streams.agents.recognise import attach_recognise

    settings, policy, vault, clock = installation.settings, installation.policy, installation.vault, installation.clock
    check = build_gallery_check(installation)  # a connection of its own: it runs in another thread
    screen = PrefilteredGallery(milvus_gallery(settings))
    rotated = build_rotated_gallery(screen, vault, actor=SystemActor.RECOGNISER, clock=clock)
    gallery = ComparedGallery(rotated, check, screen)
    _connect_gallery(gallery)
    thumbnails = Thumbnails(engine, clock)
    _serve_thumbnails(settings, index, thumbnails)
    recogniser = Recogniser(
        engine=engine,
        gallery=gallery,
        directory=CachedDirectory(DeploymentReader(installation.engine), clock, policy.live.deployment_check_s),
        opener=VaultOpener(vault, clock),
        vault=vault,
        policy=policy,
        clock=clock,
        keep_only=gallery.keep_only,
        finds_people=gallery.finds_people,
        show=thumbnails.offer,
        nearest=lambda: screen.nearest,
    )
    attach_recognise(app, recogniser, RecordSigner(vault, clock, SystemActor.RECOGNISER), heartbeat)


def _serve_thumbnails(settings: Settings, index: int, thumbnails: Thumbnails) -> None:
    """Serve them to the pages of this machine; without it people are recognised all the same."""
    from streams.thumbnail_socket import ThumbnailServer, thumbnail_socket

    try:
        ThumbnailServer(thumbnail_socket(settings.home, index), thumbnails).start()
    except (OSError, Fatal) as error:
        get_logger().warning("thumbnails.not-served", error=type(error).__name__)


def _connect_gallery(gallery: Gallery) -> None:
    """Make the first call, before the first live frame."""
    try:
        gallery.names()
    except Retryable:  # it may come later; until then there are no sightings
        get_logger().warning("gallery_away_at_start")


def _attach_record(app: faust.App, installation: Installation, heartbeat: Heartbeat) -> None:
    from lfr_core.alerts.recorder import Recorder
    from lfr_core.custody.vault.record_mac import RecordVerifier
    from streams.agents.record import attach_record

    clock = installation.clock
    recorder = Recorder(installation.engine, installation.policy.alerts, clock, installation.vault, installation.trail)
    verifier = RecordVerifier(installation.vault, clock, SystemActor.RECORDER)
    attach_record(app, recorder, verifier, heartbeat, clock)


def _measure_own_lag(app: faust.App, connection: BrokerConnection, group: str) -> int:
    """Count the records that wait in this worker's own partitions."""
    own: dict[str, set[int]] = defaultdict(set)
    for partition in app.consumer.assignment():
        own[partition.topic].add(partition.partition)
    return lags(connection, group, own) if own else 0


if __name__ == "__main__":
    sys.exit(main())
