"""From a folder to a deployment's watchlist in one call: checked, reported on, enrolled. For commands and flows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Actor
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.policy import Policy
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.watchlists.compile import WatchlistStore, check_open_for_watchlist, compile_watchlist
from lfr_core.watchlists.csv_file import read_rows
from lfr_core.watchlists.enrol import Progress
from lfr_core.watchlists.kept_looks import KeptLooks, nothing_kept
from lfr_core.watchlists.quality.service import CheckedList, ListCheck, check_list, require_fit

__all__ = ["ListBuilder", "quality_pages"]


def quality_pages(home: Path, deployment: str) -> Path:
    """Return where the data-quality report of a deployment's list lies until the deployment has ended."""
    return home / "quality" / deployment


@dataclass(frozen=True, slots=True)
class ListBuilder:
    """What a list is built with.

    open_gallery: opens the gallery, rotated, allowed to make the list's key, while a list is built. engine: makes the
    face engine, once the rows have been checked. home: the installation's home folder. open_looks: opens what was found
    in the photographs of a deployment's list, by its id, so that a killed compile goes on where it was.
    """

    policy: Policy
    store: WatchlistStore
    open_gallery: Callable[[], AbstractContextManager[Gallery]]
    engine: Callable[[], FaceEngine]
    home: Path
    open_looks: Callable[[str], AbstractContextManager[KeptLooks]] = nothing_kept

    def build(
        self,
        folder: Path,
        deployment: str,
        *,
        today: date,
        last_day: date,
        by: Actor,
        attempt: str,
        all_or_nothing: bool = False,
        progress: Progress = lambda _done, _total: None,
        show: Callable[[CheckedList], None] = lambda _: None,
    ) -> DeploymentView:
        """Check the folder, keep the report, and make what passes the deployment's list.

        Args:
            folder: photographs and `watchlist.csv`.
            deployment: its id; it must await its list.
            today: the day in England.
            last_day: the deployment's.
            by: a person's name, or the part of the platform that does it.
            attempt: letters and digits, different for each call, as `uuid4().hex`.
            all_or_nothing: enrol nothing if anything is refused.
            progress: called after each photograph.
            show: given what was found, before it is refused or enrolled.

        Raises:
            Refused: `watchlist.last-day-past`, `watchlist.quality`, `watchlist.refusals`, and as
                `WatchlistStore.check_may_attach` and `compile_watchlist`.
            Poison: the folder or its CSV can't be read at all.
            Fatal: models are missing, or the report can't be written.
            Retryable: Milvus, vault or records are away; nothing usable is left and it may be tried again.
        """
        self.store.check_may_attach(deployment, by)  # before a report takes the place of the one that is there
        found = check_open_for_watchlist(self.store, deployment)
        if last_day < today:
            raise Refused("watchlist.last-day-past", f"the deployment's last day, {last_day}, is past: give its end")
        read = read_rows(folder)  # a wrong folder shows before Great Expectations loads
        with self.open_gallery() as gallery, self.open_looks(deployment) as kept:
            gallery.names()  # away? say so before minutes of photographs
            asked = ListCheck(
                kind=found.kind,
                policy=self.policy,
                today=today,
                last_day=last_day,
                deployment=deployment,
                stop_at_rows=True,
            )
            pages = quality_pages(self.home, deployment)
            checked = check_list(folder, asked, engine=self.engine, docs=pages, progress=progress, kept=kept, read=read)
            show(checked)
            require_fit(checked)
            refusals = checked.report.refusals
            if all_or_nothing and refusals:
                raise Refused("watchlist.refusals", f"{len(refusals)} refusals; nothing was enrolled")
            return compile_watchlist(
                checked.report, deployment=deployment, store=self.store, gallery=gallery, attempt=attempt, by=by
            )
