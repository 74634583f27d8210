"""Which cameras of a deployment the platform runs, and at what address: kept as files that the supervisor reads.

An address may hold a password: each lies in a file of its own that only this user can read, is in no database and on no
trail (which has its digest, `camera_addresses`), and goes when its deployment is over. Who keeps, starts and stops a
camera is checked and audited.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Engine

from lfr_core.common.errors import Refused, Retryable
from lfr_core.common.files import open_atomic, read_bounded
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.application import CameraName
from lfr_core.deployments.camera_addresses import ADDED, check_camera_address, digest_of_address
from lfr_core.deployments.locking import lock_deployment
from lfr_core.deployments.views import view_of
from lfr_core.storage.engine import reading, writing

__all__ = ["CameraSource", "CameraSources", "camera_folder", "read_camera_sources"]

_BYTES: Final = 10_000
_MAY: Final = frozenset({Role.PLANNER, Role.OPERATOR})
MOST_CAMERAS: Final = 200
"""Files that are looked at; an application names a hundred."""


class CameraSource(BaseModel):
    """A camera that was added."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deployment: str = Field(max_length=100)
    camera: CameraName
    address: str = Field(max_length=2_000, pattern=r"^[^\x00-\x1f\x7f]+$")
    """May hold a password."""
    running: bool = False
    """Whether the platform shall run it."""


def camera_folder(home: Path) -> Path:
    """Return the folder of the cameras' files."""
    return home / "cameras"


def read_camera_sources(folder: Path) -> tuple[CameraSource, ...]:
    """Read every camera that was added; a file that can't be read is left out."""
    found = []
    with suppress(OSError):
        for file in sorted(folder.glob("*.json"))[:MOST_CAMERAS]:
            with suppress(OSError, ValidationError):
                found.append(CameraSource.model_validate_json(read_bounded(file, _BYTES, inside=folder)))
    return tuple(found)


class CameraSources:
    """Keeps, starts and stops cameras.

    Each act raises Retryable when records or vault are away, and Refused: `people.*`; `deployment.unknown`;
    `camera.not-of-deployment`; `camera.over`: the deployment is.
    """

    def __init__(self, engine: Engine, trail: Trail, folder: Path) -> None:
        self._engine = engine
        self._trail = trail
        self._folder = folder

    def list(self, deployment: str) -> tuple[CameraSource, ...]:
        """Return those of a deployment that were added."""
        return tuple(each for each in read_camera_sources(self._folder) if each.deployment == deployment)

    def check(self, *, by: AuthenticatedPerson) -> None:
        """See that somebody may have to do with cameras."""
        with reading(self._engine) as session:
            acting(session, by, _MAY)

    def keep(self, deployment: str, camera: str, address: str, *, by: AuthenticatedPerson) -> None:
        """Add a camera, or give it another address; it doesn't run until it is started."""
        try:
            source = CameraSource(deployment=deployment, camera=camera, address=address.strip())
        except ValidationError as error:
            raise Refused("camera.bad-address", "the address is empty, too long, or can't be printed") from error
        self._change(source, ADDED, by, digest_of_address(source.address))

    def find(self, deployment: str, camera: str) -> CameraSource:
        """Return one that was added, at the address that whoever added it gave.

        Raises:
            Refused: `camera.no-address`; `camera.address-not-set`: somebody has put another into its file.
        """
        found = self._find(deployment, camera)
        check_camera_address(self._engine, deployment, camera, found.address)
        return found

    def start(self, deployment: str, camera: str, *, by: AuthenticatedPerson) -> None:
        """Let the platform run it. Raises Refused as `find`, too."""
        self.check(by=by)
        self._change(self.find(deployment, camera).model_copy(update={"running": True}), "camera.started", by)

    def stop(self, deployment: str, camera: str, *, by: AuthenticatedPerson) -> None:
        """Let the platform run it no longer."""
        self._change(self._find(deployment, camera).model_copy(update={"running": False}), "camera.stopped", by)

    def forget(self, deployment: str) -> None:
        """Delete the addresses of a deployment that is over; what runs stops."""
        for each in self.list(deployment):
            with suppress(OSError):
                self._file(each).unlink()

    def _find(self, deployment: str, camera: str) -> CameraSource:
        found = next((each for each in self.list(deployment) if each.camera == camera), None)
        if found is None:
            raise Refused("camera.no-address", f"camera {camera} has no address yet: add it first")
        return found

    def _change(self, source: CameraSource, rule: str, by: AuthenticatedPerson, digest: str = "") -> None:
        """Write the file once its entry on the trail is."""
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            row = lock_deployment(session, source.deployment)
            person = acting(session, by, _MAY)
            if view_of(row).status.is_over:
                raise Refused("camera.over", f"{row.name} is over: no camera runs for it any more")
            if source.camera not in _lines(row.cameras):
                raise Refused(
                    "camera.not-of-deployment",
                    f"camera {source.camera} isn't among those of the application: revise the application first",
                )
            facts = {"camera": source.camera} | ({"address": digest} if digest else {})
            event = AuditEvent(Verb.ALTER, person.name, source.deployment, f"camera:{source.camera}", rule, facts)
            self._trail.append(session, event)
        self._write(source)

    def _write(self, source: CameraSource) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open_atomic(self._file(source)) as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(source.model_dump_json().encode())
        except OSError as error:
            raise Retryable(f"the camera can't be kept: {error.strerror}. Tell whoever runs the system") from error

    def _file(self, source: CameraSource) -> Path:
        return self._folder / f"{source.deployment}@{source.camera}.json"  # no id and no camera's name holds an @


def _lines(text: str) -> Sequence[str]:
    return text.split("\n") if text else ()
