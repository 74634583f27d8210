"""Cameras as children of the platform: those that people started on a page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from apps.supervisor.children import ChildSpec

__all__ = ["CAMERA", "is_camera", "wanted_cameras"]

CAMERA: Final = "camera-"
"""What the names of these children begin with."""
_STOP_S: Final = 15.0
"""What was captured is accounted for, and the broker confirms it."""


def is_camera(name: str) -> bool:
    """Return whether a child is one of them: one that doesn't start keeps the platform from nothing."""
    return name.startswith(CAMERA)


def wanted_cameras(home: Path, env: Mapping[str, str]) -> Callable[[], tuple[ChildSpec, ...]]:
    """Return what says which cameras shall run now. The address goes to the child in its environment alone."""
    home = home.resolve()

    def list_cameras() -> tuple[ChildSpec, ...]:
        # a second of imports, which would keep every child waiting: it is asked once they have started
        from lfr_core.deployments.camera_sources import camera_folder, read_camera_sources

        return tuple(
            ChildSpec(
                f"{CAMERA}{each.deployment}-{each.camera}",
                (
                    *(sys.executable, "-m", "apps.cli", "camera", "run"),
                    *("--deployment", each.deployment, "--name", each.camera),
                ),
                env={**env, "LFR_CAMERA_SOURCE": each.address},
                stop_deadline_s=_STOP_S,
            )
            for each in read_camera_sources(camera_folder(home))
            if each.running
        )

    return list_cameras
