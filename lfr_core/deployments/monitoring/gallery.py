"""Whether a deployment's gallery is its list: nothing missing, nothing more, every vector as it was enrolled.

The drawn test face shows that a gallery answers; it says nothing of who else is in it. So what the gallery holds is
compared with what was bound to the list when it was compiled, and that with the digest that an officer approved.
Reading 10,000 rows back takes 2 to 4 s on a busy core, so the watch looks at a count and a few rows at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.common.settings import Settings
from lfr_core.custody.people.roles import Actor
from lfr_core.deployments.gallery_binding import (
    is_list,
    read_bound_rows,
    read_canary_rows,
    read_last_gallery_check,
    read_rows_after,
    record_gallery_check,
)
from lfr_core.deployments.monitoring.circuit_breaker import Suspends
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.domain.reserved import MOST_CANARIES
from lfr_core.recognition.gallery.binding import compare_rows, gallery_digest
from lfr_core.recognition.gallery.port import Gallery, StoredRow
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow

__all__ = ["GalleryCheck", "GalleryWatch", "compare_gallery"]

_CHECKS_FOR_ALL: Final = 20
"""So many checks read every row."""
_LEAST_ROWS: Final = 500
"""Rows that a check reads at least: about 0.15 s of a busy core."""


class GalleryCheck:
    """Compares galleries with lists and keeps what it found: the gate is decided on that.

    Args:
        engine: the records.
        gallery: rotated or not: rows are compared as they are stored.
        clock: wall time.
    """

    def __init__(self, engine: Engine, gallery: Gallery, clock: Clock) -> None:
        self._engine = engine
        self._gallery = gallery
        self._clock = clock

    def compare(self, deployment: str) -> str:
        """Read the whole gallery and compare; what differs, in words, "" when nothing does.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `deployment.no-list`.
            Retryable: Milvus or the records are away, or the list was compiled anew meanwhile.
        """
        view = self._view(deployment)
        why = ""
        held: tuple[StoredRow, ...] = ()
        try:
            held = self._gallery.rows(view.gallery, view.contract_id)
        except Refused as error:
            if error.rule != "gallery.unknown":
                raise
            why = "it is gone"
        except Fatal:
            why = "it was made with another face model"
        with reading(self._engine) as session:  # after the gallery: a canary is in the records before it is there
            row = session.get_one(DeploymentRow, deployment)
            if DeploymentStatus(row.status).is_over or row.gallery != view.gallery:
                raise Retryable(f"the list of {deployment} was changed meanwhile: look again")
            why = why or _records_differ(session, row) or self._rows_differ(session, deployment, held)
        with writing(self._engine) as session:
            record_gallery_check(session, deployment, why, now_ns=self._clock.time_ns())
        return why

    def approved(self, deployment: str) -> Mapping[str, StoredRow]:
        """Return, by id, the list's rows as approved, and the canaries that may be there; the gallery isn't asked.

        Raises:
            Refused: `gallery.changed`: the records aren't those that were approved; as `compare`.
            Retryable: the records are away.
        """
        self._view(deployment)
        with reading(self._engine) as session:
            if why := _records_differ(session, session.get_one(DeploymentRow, deployment)):
                raise Refused("gallery.changed", f"nothing is compared with the list of {deployment}: {why}")
            return {
                row.id: row for row in (*read_bound_rows(session, deployment), *read_canary_rows(session, deployment))
            }

    def spot_check(self, deployment: str, last: str) -> tuple[str, str]:
        """Look at the count and at the next rows after the id `last`; at all of them if anything is amiss.

        Returns what differs, as `compare`, and the last id seen: "" once every row has been seen, which is then kept as
        a comparison of all.

        Raises:
            Refused, Retryable: as `compare`.
        """
        view = self._view(deployment)
        with reading(self._engine) as session:
            row = session.get_one(DeploymentRow, deployment)
            most = max(_LEAST_ROWS, -(-row.gallery_rows // _CHECKS_FOR_ALL))
            wanted, canaries = (
                read_rows_after(session, deployment, last, most=most),
                read_canary_rows(session, deployment),
            )
            count = row.gallery_rows
        if not self._as_bound(view, count, wanted, canaries):
            return self.compare(deployment), ""
        if len(wanted) == most:
            return "", wanted[-1].id
        with writing(self._engine) as session:
            record_gallery_check(session, deployment, "", now_ns=self._clock.time_ns())
        return "", ""

    def _as_bound(
        self, view: DeploymentView, count: int, wanted: Sequence[StoredRow], canaries: Sequence[StoredRow]
    ) -> bool:
        if len(canaries) > MOST_CANARIES:
            return False
        try:
            injected = self._gallery.rows(view.gallery, view.contract_id, [one.id for one in canaries])
            if self._gallery.count(view.gallery) != count + len(injected):
                return False
            held = self._gallery.rows(view.gallery, view.contract_id, [one.id for one in wanted])
        except (Refused, Fatal):
            return False
        return not compare_rows(wanted, [*held, *injected], allowed=canaries)

    def _view(self, deployment: str) -> DeploymentView:
        view = DeploymentReader(self._engine).find(deployment)
        if view is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        if view.status.is_over:
            raise Refused("deployment.ended", f"deployment {deployment} is over: the faces of its list are destroyed")
        if not view.gallery:
            raise Refused(
                "deployment.no-list", f"deployment {deployment} has no list yet: compile and approve it first"
            )
        return view

    @staticmethod
    def _rows_differ(session: Session, deployment: str, held: Sequence[StoredRow]) -> str:
        bound = read_bound_rows(session, deployment)
        found = compare_rows(bound, held, allowed=read_canary_rows(session, deployment))
        if found:  # ids are random and go to the log only: people are told how many
            differs = {"missing": found.missing[:20], "extra": found.extra[:20], "altered": found.altered[:20]}
            get_logger().error("gallery.differs", deployment=deployment, **differs)
        if bound and len(found.missing) == len(bound) and not found.extra:
            return "it is empty"
        return found.words


def _records_differ(session: Session, row: DeploymentRow) -> str:
    """Say how the records differ from what was bound, and from what was approved; empty where they don't."""
    if not row.gallery_digest:
        return "nothing shows what it must hold"
    if len(read_canary_rows(session, row.id)) > MOST_CANARIES:
        return "the records allow more test records in it than there may be"
    bound = read_bound_rows(session, row.id)
    if (len(bound), gallery_digest(bound)) != (row.gallery_rows, row.gallery_digest):
        return "the records of what it must hold were changed"
    planned = session.get(PlannedDeploymentRow, row.id)
    approved = row.list_digest if planned is None else planned.approved_digest or planned.list_digest
    if approved and not is_list(session, row, approved):
        return "the list in the records isn't the one that was approved"
    return ""


def compare_gallery(settings: Settings, engine: Engine, clock: Clock, deployment: str) -> str:
    """Compare as `GalleryCheck.compare` does, over the Milvus of these settings."""
    from lfr_core.recognition.gallery.milvus import milvus_gallery

    milvus = milvus_gallery(settings)
    try:
        return GalleryCheck(engine, milvus, clock).compare(deployment)
    finally:
        milvus.close()


@dataclass(slots=True)
class _Seen:
    due_s: float
    last: str = ""


class GalleryWatch:
    """Looks at the galleries of live deployments, and suspends one whose gallery isn't its list.

    Whole when it first sees a deployment live, and when somebody else (a recogniser, a self-test) found a difference;
    else a part of it every `every_s` seconds. Not for several threads.

    Args:
        engine: the records.
        check: compares.
        store: suspends.
        call: writes a call for who must act, in the transaction given: deployment, why.
        clock: monotonic seconds.
        every_s: between two parts.
        by: who suspends.
    """

    def __init__(
        self,
        engine: Engine,
        check: GalleryCheck,
        store: Suspends,
        call: Callable[[Session, str, str], None],
        clock: Clock,
        *,
        every_s: float,
        by: Actor,
    ) -> None:
        self._engine = engine
        self._check = check
        self._store = store
        self._call = call
        self._clock = clock
        self._every_s = every_s
        self._by = by
        self._seen: dict[str, _Seen] = {}

    def keep_only(self, live: Sequence[str]) -> None:
        """Forget what isn't live: after a resume it is compared whole again."""
        for gone in self._seen.keys() - set(live):
            del self._seen[gone]

    def check(self, deployment: str) -> None:
        """Do what is due.

        Raises:
            Retryable: Milvus, the records or the vault are away: it is tried again when it is due next.
            Refused: as `GalleryCheck.compare`, and what the store refuses.
        """
        with reading(self._engine) as session:
            _, found = read_last_gallery_check(session, deployment)
        now_s, seen = self._clock.monotonic(), self._seen.get(deployment)
        if seen is not None and now_s < seen.due_s and not found:
            return
        if seen is None or found:
            why, last = self._check.compare(deployment), ""
        else:
            seen.due_s = now_s + self._every_s
            why, last = self._check.spot_check(deployment, seen.last)
        self._seen[deployment] = _Seen(now_s + self._every_s, last)
        if why:
            self._suspend(deployment, why)

    def _suspend(self, deployment: str, why: str) -> None:
        reason = f"the faces in use are no longer those of the list that was enrolled: {why}"
        self._store.suspend(deployment, reason, by=self._by)
        with writing(self._engine) as session:
            self._call(session, deployment, f"Suspended: {reason}. Close it, find out who changed it, plan another.")
