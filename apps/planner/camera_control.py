"""Cameras of a deployment from the desk: added, tried with a masked still, started and stopped. No Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from apps.plain_words import plain_words
from apps.planner.jobs import Job, Jobs
from apps.supervisor.cameras import CAMERA
from apps.supervisor.children import ChildState
from apps.supervisor.state import read_state
from lfr_core.common.errors import Fatal, LfrError, Poison, Refused
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.camera_sources import CameraSources
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.masking import mask_picture
from streams.camera.discovery import FoundCamera, find_cameras
from streams.camera.jpeg import jpeg_size
from streams.camera.open_source import open_source
from streams.camera.probe import take_picture
from streams.camera.urls import SourceKind, parse_source, redact_url

__all__ = ["ASKED_S", "CameraControl", "CameraLine", "TriedCamera", "camera_states", "try_camera"]


@dataclass(frozen=True, slots=True)
class TriedCamera:
    """What a camera showed when it was tried. Nothing of it is kept beyond the page that asked."""

    width_px: int
    height_px: int
    frames_per_second: float
    codec: str
    fits: bool
    """Whether its pictures are small enough to be sent."""
    still: bytes | None
    """JPEG, every face covered; None where that can't be sure."""
    why_no_still: str


@dataclass(frozen=True, slots=True)
class CameraLine:
    """A camera of the application, as it stands."""

    camera: str
    shown: str
    """Its address without user, password or token; "" until it was added."""
    wanted: bool
    """Whether somebody has started it."""
    state: str
    """What it does, in words."""


_WORDS: Final = {
    ChildState.READY: "runs",
    ChildState.STARTING: "starts",
    ChildState.WAITING: "waits for the platform",
    ChildState.BACKING_OFF: "ended and is started again: try it, to see why",
    ChildState.UNRESPONSIVE: "hangs",
    ChildState.FAILED: "doesn't run any more: try it, to see why, then stop and start it",
    ChildState.STOPPING: "stops",
    ChildState.STOPPED: "stopped",
}


ASKED_S: Final = 4.0
"""Seconds for which a network's cameras have time to answer."""


class CameraControl:
    """Each act raises as `CameraSources`."""

    def __init__(
        self,
        sources: CameraSources,
        attempt: Callable[[str], TriedCamera],
        states: Callable[[], dict[str, ChildState]],
        find: Callable[[str], Sequence[FoundCamera]] | None = None,
    ) -> None:
        """
        Args:
            sources: the addresses.
            attempt: opens an address and looks at one picture.
            states: of the platform's cameras, by child.
            find: asks a network which cameras are in it; `find_cameras` unless given.
        """
        self._sources = sources
        self._attempt = attempt
        self._states = states
        self._find = find or partial(find_cameras, seconds=ASKED_S)
        self._jobs: Jobs[TriedCamera] = Jobs()
        self._searches: Jobs[tuple[str, Sequence[FoundCamera]]] = Jobs()

    def look_for_cameras(self, deployment: str, network: str, *, by: AuthenticatedPerson) -> None:
        """Begin to ask a network, as 10.0.0.0/24, which cameras are in it: none is opened, no password sent."""
        self._sources.check(by=by)
        self._searches.start(
            deployment, f"Asking the cameras of {network}", lambda _progress: (network, self._find(network)), by=by.name
        )

    def search(self, deployment: str) -> Job[tuple[str, Sequence[FoundCamera]]] | None:
        """Return the search that was begun last, running or over, with the network that was asked."""
        return self._searches.find(deployment)

    def lines(self, deployment: str, cameras: tuple[str, ...]) -> tuple[CameraLine, ...]:
        """Return the cameras of an application, whether added yet or not."""
        added = {each.camera: each for each in self._sources.list(deployment)}
        states = self._states()
        found = []
        for camera in cameras:
            one = added.get(camera)
            if one is None:
                found.append(CameraLine(camera, "", wanted=False, state="not added yet"))
                continue
            child = states.get(f"{CAMERA}{deployment}-{camera}")
            waits = "will start with the platform" if one.running else "added, not started"
            state = _WORDS[child] if child is not None else waits
            found.append(CameraLine(camera, redact_url(one.address), wanted=one.running, state=state))
        return tuple(found)

    def add(self, deployment: str, camera: str, address: str, *, by: AuthenticatedPerson) -> None:
        """Keep its address, and try it.

        Raises:
            Refused: `camera.no-camera`: the address is a recording, or none at all.
        """
        check_address(address)
        self._sources.keep(deployment, camera, address, by=by)
        self.attempt(deployment, camera, by=by)

    def attempt(self, deployment: str, camera: str, *, by: AuthenticatedPerson) -> None:
        """Begin to look at one picture of a camera that was added."""
        self._sources.check(by=by)
        one = self._sources.find(deployment, camera)
        key, title = _key(deployment, camera), "Trying the camera"
        self._jobs.start(key, title, lambda _progress: self._attempt(one.address), by=by.name)

    def job(self, deployment: str, camera: str) -> Job[TriedCamera] | None:
        return self._jobs.find(_key(deployment, camera))

    def start(self, deployment: str, camera: str, *, by: AuthenticatedPerson) -> None:
        self._sources.start(deployment, camera, by=by)

    def stop(self, deployment: str, camera: str, *, by: AuthenticatedPerson) -> None:
        self._sources.stop(deployment, camera, by=by)

    def forget(self, deployment: str) -> None:
        """Delete the addresses of a deployment that is over."""
        self._sources.forget(deployment)


def check_address(address: str) -> None:
    """See that it names a camera: of the network, or one on this machine by its number.

    Raises:
        Refused: `camera.no-camera`. No page opens a file or a folder that somebody names.
    """
    text = address.strip()
    if text.isascii() and text.isdigit() and len(text) <= 2:  # a machine has fewer
        return
    try:
        is_camera = "://" in text and parse_source(text).kind is SourceKind.URL
    except Poison:
        is_camera = False
    if not is_camera:
        raise Refused("camera.no-camera", "give the camera's own address: it begins with rtsp://, rtsps:// or http")


def try_camera(installation: Installation, address: str) -> TriedCamera:
    """Open a camera, look at one picture, and mask it.

    Raises:
        Poison, Retryable: it can't be opened or shows nothing.
    """
    images = installation.policy.images
    settings = installation.settings
    opened = open_source(
        parse_source(address),
        images,
        decoder=settings.camera_decoder,
        ca_file=settings.camera_ca_file,
        clock=installation.clock,
    )
    info = opened.info
    picture = take_picture(opened, lambda _: None).jpeg
    width, height = jpeg_size(picture)
    try:
        engine = build_engine(settings, installation.policy)
        still, why = mask_picture(decode_in_child(picture, images), engine), ""
    except LfrError as error:
        still, why = None, plain_words(str(error))
    return TriedCamera(width, height, info.fps, info.codec, len(picture) <= images.max_frame_bytes, still, why)


def camera_states(home: Path) -> dict[str, ChildState]:
    """Read how the platform's cameras stand, by the child's name; nothing where none runs here."""
    try:
        state = read_state(home)
    except Fatal:
        return {}
    if state is None or not state.is_alive():
        return {}
    return {each.name: each.check_state() for each in state.children if each.name.startswith(CAMERA)}


def _key(deployment: str, camera: str) -> str:
    return f"{deployment}@{camera}"
