"""The camera: frames from a source to the frames topic, fresh, counted and bounded.

`run_camera` is the whole of it; the other modules are its parts, each with one reason to change.
"""

from __future__ import annotations

from streams.camera.job import CameraJob, CameraProgress, CameraReport
from streams.camera.session import run_camera
from streams.camera.urls import redact_url

__all__ = ["CameraJob", "CameraProgress", "CameraReport", "redact_url", "run_camera"]
