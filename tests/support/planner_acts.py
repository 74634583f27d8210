"""What is done on the planner's page with an uploaded list and with cameras, for the table of acts."""

from __future__ import annotations

import datetime as dt
import io
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import numpy as np
import pytest

from apps.planner.camera_control import CameraControl
from apps.planner.uploaded_lists import UploadedLists
from lfr_core.common.errors import Retryable
from lfr_core.custody.people import AuthenticatedPerson
from lfr_core.custody.people.consultations import Consultations
from lfr_core.deployments.camera_sources import CameraSources
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.watchlists.choosing import FaceChooser, ShownFaces
from lfr_core.watchlists.upload import UploadedFile
from tests.support.people import authenticated
from tests.support.planner_view import no_camera
from tests.support.vault_core import TwoClocks

__all__ = ["OLGA", "PlannerActs"]

OLGA = "Olga Reyes"
"""In every role."""


def _no_models(*_: object, **__: object) -> NoReturn:
    raise Retryable("no face is looked at in this test")


class PlannerActs(ABC):
    """Part of a harness that has the rest."""

    policy: Policy
    clock: TwoClocks
    home: Path
    deployments: DeploymentService
    cameras: CameraSources
    faces: FaceChooser
    looks: Consultations
    numbers: Iterator[int]

    @abstractmethod
    def draft(self) -> str:
        """Return the id of a deployment that is drafted."""

    @abstractmethod
    def in_hours(self, hours: float) -> dt.datetime:
        """Return the time so many hours from now."""

    def open_planner(self) -> None:
        self.camera_control = CameraControl(self.cameras, no_camera, dict, lambda _network: ())
        builder = SimpleNamespace(engine=_no_models, build=_no_models)
        self.uploads = UploadedLists(
            self.policy,
            self.clock,
            self.home,
            self.deployments,
            lambda: builder,  # type: ignore[arg-type,return-value]  # as far as somebody who may gets
            self.faces,
            self.looks,
        )

    def upload(self, name: str, by: AuthenticatedPerson) -> None:
        self.uploads.stage(name, [UploadedFile("watchlist.csv", lambda: io.BytesIO(b"subject\n"))], by=by)

    def work_on_upload(
        self, work: Callable[..., None], name: str, by: AuthenticatedPerson, *more: DeploymentKind
    ) -> None:
        """Begin to check or compile it, as far as it goes without a face model."""
        made = SimpleNamespace(ends_at=self.in_hours(48))
        work(name, made, *more, by=by)
        deadline = time.monotonic() + 10
        while (job := self.uploads.job(name, by)) is not None and not job.over and time.monotonic() < deadline:
            time.sleep(0.01)

    def faces_of_upload(self, name: str, by: AuthenticatedPerson) -> None:
        with pytest.raises(Retryable):
            self.uploads.faces(name, 1, by)

    def take_refused(self, name: str, by: AuthenticatedPerson) -> None:
        with pytest.raises(Retryable):
            self.uploads.take_refused(name, by=by)

    def choose_face(self, at: tuple[str, ShownFaces], by: AuthenticatedPerson) -> None:
        name, shown = at
        self.uploads.choose(name, 1, shown, 2, by=by)

    def uploaded(self) -> str:
        """A draft whose list Olga has uploaded."""
        name = self.draft()
        self.upload(name, authenticated(OLGA))
        return name

    def with_two_faces(self) -> ShownFaces:
        """A photograph of two people, another each time."""
        boxes = (np.array([0.0, 0.0, 10.0, 10.0]), np.array([20.0, 0.0, 30.0, 10.0]))
        faces = [SimpleNamespace(detection=SimpleNamespace(box=box)) for box in boxes]
        sha256 = f"{next(self.numbers):064x}"
        return ShownFaces("two.jpg", sha256, np.zeros((20, 40, 3), np.uint8), faces)  # type: ignore[arg-type]
