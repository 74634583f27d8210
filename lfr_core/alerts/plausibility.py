"""What can't be true of a planned deployment is not recorded, whoever signed it.

Trials play recordings, which have times and frame rates of their own; of them nothing of this is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lfr_core.common.errors import Poison
from lfr_core.domain.deployments import lifecycle_of
from lfr_core.domain.messages import OutcomeBatch, Sighting
from lfr_core.domain.reserved import CANARY_ENTRY
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["CameraTotals", "Implausible", "check_outcomes", "check_sighting"]

AHEAD_NS: Final = 30 * 10**9
"""How far another machine's clock may be ahead of this one: as the vault's, when it signs."""
MOST_FRAMES_PER_S: Final = 250
"""Of one camera; the fastest that films streets make 120."""
RUNS_BEFORE_NS: Final = 3_600 * 10**9
"""[proposal] How long before the opening a camera's session may have begun."""
MOST_FACES: Final = 1_000
"""In one frame, and tracks that it begins or compares; a stand full of people has fewer that are large enough."""
MOST_TRACKS_PER_S: Final = 100
"""[proposal] Of one camera, over all its sessions, besides one stand full: a track that breaks counts again."""


class Implausible(Poison):
    """More frames or faces than there can have been: who signs outcomes makes them up."""


@dataclass(frozen=True, slots=True)
class CameraTotals:
    """What is recorded of a camera of a deployment so far, all its sessions together."""

    other_frames: int = 0
    """Of the sessions that a batch isn't of."""
    tracks: int = 0
    first_ns: int | None = None
    """When the first and the last batch was reported; None: there was none."""
    last_ns: int | None = None


def check_sighting(deployment: DeploymentRow, sighting: Sighting, now_ns: int) -> None:
    """Raise Poison for a camera that the authority doesn't name, a time that isn't yet, and one before the opening."""
    if not _films_people(deployment):
        return
    if sighting.entry != CANARY_ENTRY:
        _check_camera(deployment, sighting.camera)
        _check_opened(deployment, sighting.captured_ns)
    _check_time(sighting.captured_ns, now_ns, "a sighting")


def check_outcomes(
    deployment: DeploymentRow, batch: OutcomeBatch, now_ns: int, before: CameraTotals = CameraTotals()
) -> None:
    """Raise Poison for what `check_sighting` does, and Implausible for more frames or faces than there can have been.

    `before`: what is recorded of the camera already.
    """
    if not _films_people(deployment):
        return
    _check_camera(deployment, batch.camera)
    _check_time(batch.reported_ns, now_ns, "an outcome")
    opened = deployment.opened_at
    began_ns = (round(opened.timestamp() * 1e9) if opened else now_ns) - RUNS_BEFORE_NS
    most = MOST_FRAMES_PER_S * max(0, min(batch.reported_ns, now_ns) - began_ns) // 10**9
    frames = before.other_frames + max([batch.captured or 0, *(result.sequence + 1 for result in batch.results)])
    if frames > most:
        raise Implausible(f"{frames:,} frames of camera {batch.camera!r} are more than the {most:,} there was time for")
    faces = max((max(one.faces, one.tracks_started, one.tracks_compared) for one in batch.results), default=0)
    if faces > MOST_FACES:
        raise Implausible(f"{faces:,} faces in one frame of camera {batch.camera!r}, and {MOST_FACES:,} are the most")
    at_ns = min(batch.reported_ns, now_ns)
    tracks = max(sum(getattr(one, name) for one in batch.results) for name in ("tracks_started", "tracks_compared"))
    for seen, since_ns in ((tracks, before.last_ns), (before.tracks + tracks, before.first_ns)):
        most = MOST_FACES + MOST_TRACKS_PER_S * max(0, at_ns - (at_ns if since_ns is None else since_ns)) // 10**9
        if seen > most:
            raise Implausible(f"{seen:,} faces before camera {batch.camera!r} are more than the {most:,} that can pass")


def _films_people(deployment: DeploymentRow) -> bool:
    return lifecycle_of(planned=deployment.planned).takes_live_cameras


def _check_camera(deployment: DeploymentRow, camera: str) -> None:
    if camera not in deployment.cameras.split("\n"):
        raise Poison(f"camera {camera!r} isn't in the authority of deployment {deployment.id!r}: not recorded")


def _check_opened(deployment: DeploymentRow, at_ns: int) -> None:
    opened = deployment.opened_at
    before_s = 0.0 if opened is None else opened.timestamp() - at_ns / 1e9
    if before_s * 1e9 > AHEAD_NS:
        raise Poison(f"a sighting is of {before_s:,.0f} s before deployment {deployment.id!r} was opened: not recorded")


def _check_time(at_ns: int, now_ns: int, what: str) -> None:
    if at_ns > now_ns + AHEAD_NS:
        seconds = (at_ns - now_ns) / 1e9
        raise Poison(f"{what} is {seconds:,.0f} s in the future: not recorded. Set the clocks of all machines right.")
