"""What tests of a running camera share: a session's name, and the frame identity of its report."""

from __future__ import annotations

import uuid

from streams.camera import CameraReport

__all__ = ["a_session", "assert_balanced"]


def a_session() -> str:
    return str(uuid.uuid4())


def assert_balanced(report: CameraReport) -> None:
    assert report.captured == report.not_sampled + report.dropped_at_camera + report.sent, report
