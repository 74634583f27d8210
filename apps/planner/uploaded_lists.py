"""A planner's uploaded list: kept for an hour, checked and compiled by the services that commands use. No Streamlit."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final
from uuid import uuid4

import cv2

from apps.planner.jobs import Job, Jobs, Progress
from apps.planner.list_look import ListLook, LookedAt
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import LfrError, Poison, Refused, Retryable
from lfr_core.common.files import IMAGE_BYTES, read_bounded
from lfr_core.common.quality.findings import Finding
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.application import Application
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.domain.working_days import LONDON
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.watchlists.choosing import FaceChooser, ShownFaces, find_faces
from lfr_core.watchlists.compile import WatchlistStore
from lfr_core.watchlists.list_builder import ListBuilder
from lfr_core.watchlists.quality.refused_rows import refused_rows
from lfr_core.watchlists.quality.refused_workbook import refused_workbook
from lfr_core.watchlists.quality.service import CheckedList, ListCheck, check_list
from lfr_core.watchlists.quality.thumbnails import thumbnails_of
from lfr_core.watchlists.upload import LeftOut, UploadedFile, stage_upload

__all__ = ["StagedList", "UploadedLists"]

MOST_SHOWN: Final = 60
"""Findings with a thumbnail; the counts say how many more there are."""
_THUMBNAIL_PX: Final = 96
_LOOK_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class StagedList:
    """An upload that waits to be checked or compiled."""

    folder: Path
    by: str
    photographs: int
    left_out: tuple[LeftOut, ...] = ()


class UploadedLists:
    """Uploaded lists of one process. What is uploaded lies in a folder of ours, which the sweep empties after an hour;
    then what was said of it goes too, since names and pictures are in it.

    Every method raises Refused as `WatchlistStore.check_may_attach`: the list is `by`'s to make, or it is refused.
    """

    def __init__(
        self,
        policy: Policy,
        clock: Clock,
        home: Path,
        store: WatchlistStore,
        builder: Callable[[], ListBuilder],
        chooser: FaceChooser,
        looks: Consultations,
    ) -> None:
        """`builder`: makes what a list is built with, for one use."""
        self._policy = policy
        self._clock = clock
        self._folder = home / "tmp"
        self._store = store
        self._builder = builder
        self._chooser = chooser
        self._looks = looks
        self._staged: dict[str, StagedList] = {}
        self._several: dict[Path, dict[int, str]] = {}
        """Photographs with several faces, by their line, of each upload as it was last checked."""
        self._jobs: Jobs[ListLook] = Jobs()
        self._timers: dict[str, threading.Timer] = {}

    def stage(self, deployment: str, files: Sequence[UploadedFile], *, by: AuthenticatedPerson) -> StagedList:
        """Keep an upload in the place of the one before. Raises as `stage_upload`."""
        self._store.check_may_attach(deployment, by)
        self.discard(deployment)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="list-", dir=self._folder))
        try:
            found = stage_upload(files, folder)
        except LfrError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._staged[deployment] = StagedList(folder, by.name, found.photographs, found.left_out)
        self._end(deployment, folder, self._policy.retention.temporary_files_h * 3600)
        return self._staged[deployment]

    def staged(self, deployment: str, by: AuthenticatedPerson) -> StagedList | None:
        """Find this person's upload, if it is still there."""
        found = self._staged.get(deployment)
        there = found is not None and by.is_called(found.by) and found.folder.is_dir()
        return found if there else None

    def discard(self, deployment: str) -> None:
        """Destroy an upload and what was said of it."""
        if timer := self._timers.pop(deployment, None):
            timer.cancel()
        found = self._staged.pop(deployment, None)
        if found is not None:
            shutil.rmtree(found.folder, ignore_errors=True)
            self._several.pop(found.folder, None)
        self._jobs.forget(deployment)

    def end(self, deployment: str, folder: Path) -> None:
        """Destroy an upload whose time is over, unless it is being worked on: then as soon as it isn't."""
        found, job = self._staged.get(deployment), self._jobs.find(deployment)
        if found is None or found.folder != folder:
            return  # another took its place
        if job is not None and not job.over:
            self._end(deployment, folder, _LOOK_S)
        else:
            self.discard(deployment)

    def _end(self, deployment: str, folder: Path, after_s: float) -> None:
        timer = threading.Timer(after_s, self.end, (deployment, folder))
        timer.daemon = True
        self._timers[deployment] = timer
        timer.start()

    def job(self, deployment: str, by: AuthenticatedPerson) -> Job[ListLook] | None:
        """Find what is being done with this person's upload, or what came of it."""
        found = self._jobs.find(deployment)
        return found if found is not None and by.is_called(found.by) else None

    def check(self, deployment: str, made: Application, kind: DeploymentKind, *, by: AuthenticatedPerson) -> None:
        """Begin to check the upload; nothing is enrolled. Raises Refused `list.nothing-uploaded`."""
        staged, builder = self._need(deployment, by), self._builder()

        def work(progress: Progress) -> ListLook:
            asked = ListCheck(kind, self._policy, self._today(), made.ends_at.astimezone(LONDON).date())
            engine = _announced(progress, builder.engine)
            return self._look(staged, check_list(staged.folder, asked, engine=engine, progress=progress))

        self._begin(deployment, "Checking the list", work, by)

    def compile(self, deployment: str, made: Application, *, by: AuthenticatedPerson) -> None:
        """Begin to check the upload and to make it the deployment's list. Raises Refused `list.nothing-uploaded`."""
        staged, made_with = self._need(deployment, by), self._builder()

        def work(progress: Progress) -> ListLook:
            builder = replace(made_with, engine=_announced(progress, made_with.engine))
            seen: list[CheckedList] = []
            try:
                builder.build(
                    staged.folder,
                    deployment,
                    today=self._today(),
                    last_day=made.ends_at.astimezone(LONDON).date(),
                    by=by,
                    attempt=uuid4().hex,
                    progress=progress,
                    show=seen.append,
                )
            except Refused as refused:
                if refused.rule != "watchlist.quality" or not seen:
                    raise
                return self._look(staged, self._whole(staged, seen[-1], builder.engine, progress))
            look = replace(self._look(staged, seen[-1]), compiled=True)
            shutil.rmtree(staged.folder, ignore_errors=True)
            return look

        self._begin(deployment, "Compiling the list", work, by)

    def take_refused(self, deployment: str, *, by: AuthenticatedPerson) -> bytes:
        """Return what was refused of this person's upload, with names and pictures, which is on the trail.

        Raises:
            Retryable: nothing was refused, or it has gone with the upload.
        """
        self._store.check_may_attach(deployment, by)
        job = self.job(deployment, by)
        if job is None or job.result is None or not job.result.workbook:
            raise Retryable("the spreadsheet has gone with its upload: upload the list and check it again")
        self._looks.check(by, frozenset(Role), "watchlist.refusals-taken", deployment=deployment)
        return job.result.workbook

    def several_faces(self, deployment: str, by: AuthenticatedPerson) -> tuple[int, ...]:
        """List the lines of this person's upload whose photograph shows several faces, none of which was chosen yet."""
        staged = self.staged(deployment, by)
        return () if staged is None else tuple(sorted(self._several.get(staged.folder, ())))

    def faces(self, deployment: str, line: int, by: AuthenticatedPerson) -> ShownFaces:
        """Find the faces of the photograph of a line. Raises Refused: also `watchlist.photograph`."""
        staged, builder = self._need(deployment, by), self._builder()
        photograph = self._several.get(staged.folder, {}).get(line, "")
        return find_faces(staged.folder, photograph, builder.engine(), self._policy)

    def choose(self, deployment: str, line: int, shown: ShownFaces, number: int, *, by: AuthenticatedPerson) -> None:
        """Keep that face `number` is the subject's: whoever checks or compiles the upload takes it, and says who chose.

        Raises as `FaceChooser.choose`.
        """
        self._chooser.check(by=by)
        staged = self._need(deployment, by)
        self._chooser.choose(staged.folder, shown, number, by=by, deployment=deployment)
        self._several.get(staged.folder, {}).pop(line, None)

    def _begin(
        self, deployment: str, title: str, work: Callable[[Progress], ListLook], by: AuthenticatedPerson
    ) -> None:
        if not self._jobs.start(deployment, title, work, by=by.name):
            raise Refused("list.busy", "the list is being worked on already: wait until that has ended")

    def _need(self, deployment: str, by: AuthenticatedPerson) -> StagedList:
        self._store.check_may_attach(deployment, by)
        found = self.staged(deployment, by)
        if found is None:
            raise Refused("list.nothing-uploaded", "there is no upload of yours any more: upload the list again")
        return found

    def _today(self) -> date:
        return utc_from_ns(self._clock.time_ns()).astimezone(LONDON).date()

    def _look(self, staged: StagedList, checked: CheckedList) -> ListLook:
        quality = checked.quality
        self._several[staged.folder] = {
            each.line: each.photograph for each in checked.report.faces if each.refused is RefusalReason.TWO_FACES
        }
        order = sorted(quality.findings, key=lambda each: (not each.refuses, each.line or 0))
        refusing = [each for each in order if each.refuses]
        counts: dict[str, int] = {}
        for each in refusing:
            counts[each.message] = counts.get(each.message, 0) + 1
        refusals = refused_rows(checked.report.refusals, quality.findings)
        pictures = thumbnails_of(staged.folder, [each.photograph for each in refusals], self._policy.images)
        return ListLook(
            rows=quality.rows,
            photographs=staged.photographs,
            minors=quality.minors,
            composition=tuple(each for each in quality.composition if each.submitted),
            refused=len(refusing),
            flagged=len(order) - len(refusing),
            shown=tuple(LookedAt(_without_names(each), self._thumbnail(staged, each)) for each in order[:MOST_SHOWN]),
            refused_by=tuple(sorted(counts.items(), key=lambda each: -each[1])),
            workbook=refused_workbook(refusals, pictures) if refusals else b"",
        )

    def _whole(
        self, staged: StagedList, checked: CheckedList, engine: Callable[[], FaceEngine], progress: Progress
    ) -> CheckedList:
        """Look at the photographs as well where a compile ended at the rows, so that all is said at once."""
        found = checked.quality
        if found.photographs_looked_at:
            return checked
        asked = ListCheck(found.kind, self._policy, found.today, found.last_day)
        return check_list(staged.folder, asked, engine=engine, progress=progress)

    def _thumbnail(self, staged: StagedList, finding: Finding) -> bytes | None:
        if not finding.photograph:
            return None
        try:
            data = read_bounded(staged.folder / finding.photograph, IMAGE_BYTES, inside=staged.folder)
            image = decode_in_child(data, self._policy.images)
        except (OSError, Poison, ValueError):
            return None
        height, width = image.shape[:2]
        size = (_THUMBNAIL_PX, max(1, min(2 * _THUMBNAIL_PX, height * _THUMBNAIL_PX // max(1, width))))
        _, jpeg = cv2.imencode(".jpg", cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        return bytes(jpeg)


def _announced(progress: Progress, engine: Callable[[], FaceEngine]) -> Callable[[], FaceEngine]:
    """Say of what makes the face engine, which takes long, that this is what is being done."""

    def made() -> FaceEngine:
        progress.begin("starting the face models")
        return engine()

    return made


def _without_names(finding: Finding) -> Finding:
    return replace(finding, subject="", photograph="", value="")
