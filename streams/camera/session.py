"""Runs one camera: capture thread, newest-frame slot, sender, feedback.

In this order:

1. Ask for the deployment; refuse a recording for an operational one, and a live camera for a trial.
2. Open the source. Connect to the broker; stand at the end of the outcomes.
3. The capture thread takes every frame, decides by policy which are looked at, and puts those into the frame accounts.
4. The calling thread sends them while there is capacity in flight; a STATUS record each second when nothing is sent.
5. When the source ends or somebody sets `stop`: what is left is sent or dropped, everything is flushed, and an END
   record carries the last counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.domain.deployments import DeploymentDirectory, DeploymentKind, DeploymentView
from lfr_core.domain.frames import FrameSealer
from lfr_core.domain.policy import Policy
from streams.broker.connection import BrokerConnection
from streams.broker.traits import KAFKA, BrokerTraits
from streams.camera.footage import FootageSink
from streams.camera.job import CameraJob, CameraProgress, CameraReport
from streams.camera.open_source import open_source
from streams.camera.reconnect import HANG_S, ReconnectingSource
from streams.camera.sender import WORKERS_DEADLINE_S, Sender
from streams.camera.sources import Source
from streams.camera.stop_token import StopToken
from streams.camera.urls import parse_source
from streams.topics import broker_version

__all__ = ["run_camera"]


def run_camera(
    job: CameraJob,
    *,
    connection: BrokerConnection,
    policy: Policy,
    directory: DeploymentDirectory,
    sealer: FrameSealer,
    clock: Clock,
    traits: BrokerTraits = KAFKA,
    stop: threading.Event | None = None,
    session: str | None = None,
    progress: Callable[[CameraProgress], None] | None = None,
    make_source: Callable[[], Source] | None = None,
    workers_deadline_s: float = WORKERS_DEADLINE_S,
    hang_s: float = HANG_S,
    footage: FootageSink | None = None,
) -> CameraReport:
    """Send a camera's frames until its source ends or `stop` is set; blocks.

    Args:
        job: what to do.
        connection: the broker, as the camera.
        policy: how often to look, how much may be in flight, how large a frame may be.
        directory: where the deployment is looked up.
        sealer: seals each frame under the key of its epoch; frames it refuses are dropped and counted.
        clock: wall and monotonic time.
        traits: what the broker can do.
        stop: set it from another thread to end the run in order.
        session: id of this run; None for a random one.
        progress: called about twice a second, in the calling thread.
        make_source: opens the source instead of `job.source`; for tests and other kinds of camera.
        hang_s: how long a live camera's read may take before it is opened again.
        workers_deadline_s: with back-pressure, how long to wait for an outcome.
        footage: gets every picture that is looked at; None keeps none. Whoever made it closes it.

    Raises:
        Refused: the deployment is unknown or over, or isn't for this camera or this kind of source.
        Poison: the source is nothing that can be opened, or holds no frame.
        Retryable: camera, broker or records are away; with back-pressure, no outcome for `workers_deadline_s`.
    """
    stop_token = StopToken(stop)
    view = _find_deployment(job, directory)
    open_checked, may_reconnect = _choose_opener(job, view, policy, make_source, clock)
    broker_version(connection)  # away: say so before the camera is opened
    try:
        if may_reconnect:
            source: Source = ReconnectingSource(open_checked, clock=clock, stop_token=stop_token, hang_s=hang_s)
        else:
            source = open_checked()
    except Retryable:
        if stop_token.is_set():  # asked to end before anything was captured
            return CameraReport()
        raise
    try:
        sender = Sender(job, connection, policy, traits, sealer, clock, stop_token, session, source, footage)
    except BaseException:
        source.close()
        raise
    return sender.run(open_checked, progress, workers_deadline_s)


def _choose_opener(
    job: CameraJob, view: DeploymentView, policy: Policy, make_source: Callable[[], Source] | None, clock: Clock
) -> tuple[Callable[[], Source], bool]:
    """Return what opens the source and checks it, and whether it is to be opened again when it fails.

    Raises:
        Refused, Poison: as `run_camera`.
    """
    text = None if make_source else parse_source(job.source)
    if text is not None:
        _check_source(view, live=text.kind.live)

    def open_checked() -> Source:
        if make_source is not None:
            source = make_source()
        else:
            assert text is not None
            max_age_s = policy.live.frame_max_age_s
            source = open_source(
                text,
                policy.images,
                fps=job.fps,
                max_age_s=max_age_s,
                transport=job.transport,
                decoder=job.decoder,
                ca_file=job.ca_file,
                clock=clock,
            )
        try:
            _check_source(view, live=source.info.live)  # there are recordings behind URLs
        except Refused:
            source.close()
            raise
        return source

    return open_checked, text is None or text.kind.live


def _find_deployment(job: CameraJob, directory: DeploymentDirectory) -> DeploymentView:
    """Find the deployment. Raises Refused when there is none, it is over, or its authority names other cameras."""
    view = directory.find(job.deployment)
    if view is None:
        raise Refused(
            "camera.unknown-deployment",
            f"there is no deployment {job.deployment!r}; see `lfr deployment list`, or make one with "
            "`lfr deployment create`",
        )
    if view.status.is_over:
        raise Refused(
            "camera.deployment-ended", f"the deployment {job.deployment} has ended; nothing more may be captured for it"
        )
    if view.lifecycle.has_authority and job.camera not in view.cameras:
        raise Refused(
            "camera.not-authorised",
            f"the authority of {job.deployment} names the cameras {', '.join(view.cameras)}, not {job.camera}",
        )
    return view


def _check_source(view: DeploymentView, *, live: bool) -> None:
    """Raise Refused where this kind of source may not be taken."""
    if view.kind is DeploymentKind.OPERATIONAL and not live:
        raise Refused(
            "camera.recorded-source",
            f"the deployment {view.id} is operational and takes live cameras only, so that nobody can search "
            "recordings of the public; files and folders belong to a deployment of the kind evaluation or demo",
        )
    if live and not view.lifecycle.takes_live_cameras:
        raise Refused(
            "camera.live-source",
            f"the deployment {view.id} is a trial and takes no live camera, which watches people: "
            "`lfr deployment plan` asks for an authority",
        )
