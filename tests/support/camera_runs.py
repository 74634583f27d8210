"""What tests of a running camera share: its run without seals, a session's name, the frame identity of its report."""

from __future__ import annotations

import uuid
from typing import Any

from lfr_core.common.clock import SystemClock
from lfr_core.domain.deployments import DeploymentDirectory
from lfr_core.domain.policy import Policy
from streams.broker.connection import BrokerConnection
from streams.camera.job import CameraJob, CameraReport
from streams.camera.session import run_camera
from tests.support.plain_frames import PlainFrames

__all__ = ["a_session", "assert_balanced", "run_plain"]


def a_session() -> str:
    return str(uuid.uuid4())


def run_plain(
    job: CameraJob, connection: BrokerConnection, policy: Policy, directory: DeploymentDirectory, **changes: Any
) -> CameraReport:
    """Run a camera whose frames aren't sealed, by the machine's clock; `changes` as of `run_camera`."""
    given: dict[str, Any] = {"sealer": PlainFrames(), "clock": SystemClock()} | changes
    return run_camera(job, connection=connection, policy=policy, directory=directory, **given)


def assert_balanced(report: CameraReport) -> None:
    assert report.captured == report.not_sampled + report.dropped_at_camera + report.sent, report
