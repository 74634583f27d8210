"""Deployments as they are kept: made, given a watchlist, opened, closed, looked up.

The rules are Refused with a stable word each. A deployment's line, as far as it exists:
draft -> ready (watchlist attached) -> live -> ended; ended stays ended, and its list is destroyed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, func, select

from lfr_core.clock import Clock, SystemClock, utc_from_ns
from lfr_core.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.errors import Refused
from lfr_core.policy import Policy
from lfr_core.records.directory import CachedDirectory
from lfr_core.records.engine import reading, scrub, writing
from lfr_core.records.entries import EntryLike, ReferenceLike, entry_row, reference_rows
from lfr_core.records.tables import DeploymentRow, WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["CachedDirectory", "DeploymentStore", "EntryLike", "ReferenceLike"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONDON = ZoneInfo("Europe/London")  # an entry's last day is a day in England


class DeploymentStore:
    """Reads and changes deployments. Every method raises Retryable when the database is away."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()

    def create(
        self,
        id: str,  # noqa: A002  the field's own word
        kind: DeploymentKind,
        *,
        name: str,
        policy: Policy,
        live_only: bool = True,
        threshold: float | None = None,
    ) -> DeploymentView:
        """Make a draft.

        `threshold` (cosine, between 0 and 1) and the shots that must agree come from the policy unless given.
        With `live_only` off, frames are never dropped for their age: for recorded video.

        Raises:
            Refused: `deployment.bad-id`, `deployment.exists`, `deployment.bad-threshold`,
                `deployment.recorded-source` (an operational deployment takes live cameras only).
        """
        if not _ID.fullmatch(id):
            raise Refused(
                "deployment.bad-id",
                f"{id!r} can't be a deployment's id: up to 64 letters, digits, dots, - and _, "
                "the first a letter or a digit",
            )
        limit = policy.alerts.threshold if threshold is None else threshold
        if not 0.0 < limit < 1.0:
            raise Refused("deployment.bad-threshold", f"a threshold lies between 0 and 1 (cosine); {limit} doesn't")
        if kind is DeploymentKind.OPERATIONAL and not live_only:
            raise Refused(
                "deployment.recorded-source",
                "an operational deployment takes live cameras only; recorded video needs kind evaluation or demo",
            )
        with writing(self._engine) as session:
            if session.get(DeploymentRow, id) is not None:
                raise Refused("deployment.exists", f"there is a deployment {id} already; ids are never used again")
            row = DeploymentRow(
                id=id,
                name=name.strip() or id,
                kind=kind.value,
                status=DeploymentStatus.DRAFT.value,
                threshold=limit,
                agreeing_shots=policy.alerts.agreeing_shots,
                live_only=live_only,
                created_at=self._now(),
            )
            session.add(row)
            session.flush()
            return view_of(row)

    def find(self, deployment: str) -> DeploymentView | None:
        """The deployment as it is now, or None if there is no such."""
        if "\x00" in deployment:
            return None  # no database could hold it
        with reading(self._engine) as session:
            row = session.get(DeploymentRow, deployment)
            return None if row is None else view_of(row)

    def list(self) -> list[DeploymentView]:
        """All of them, the newest first."""
        with reading(self._engine) as session:
            rows = session.exec(select(DeploymentRow).order_by(col(DeploymentRow.created_at).desc(), DeploymentRow.id))
            return [view_of(row) for row in rows]

    def attach_watchlist(
        self, deployment_id: str, contract_id: str, gallery: str, entries: Sequence[EntryLike]
    ) -> DeploymentView:
        """Keep the list that was enrolled into `gallery` under `contract_id`; the deployment is then ready.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `watchlist.attached` (a list is compiled once
                for each deployment), `watchlist.empty`, `watchlist.gallery-used` (never reused),
                `watchlist.test-subjects-only` (an operational list of test subjects alone).
        """
        self._check_entries(deployment_id, gallery, entries)
        with writing(self._engine) as session:
            row = _locked(session, deployment_id)
            if row.status == DeploymentStatus.ENDED:
                raise _ended(deployment_id)
            if row.status != DeploymentStatus.DRAFT:
                raise Refused(
                    "watchlist.attached",
                    f"deployment {deployment_id} has its watchlist; a new list needs a new deployment",
                )
            if session.exec(select(DeploymentRow.id).where(DeploymentRow.gallery == gallery)).first() is not None:
                raise Refused("watchlist.gallery-used", f"gallery {gallery} belongs to another deployment")
            blue = sum(entry.category.is_test_subject for entry in entries)
            if row.kind == DeploymentKind.OPERATIONAL and blue == len(entries):
                raise Refused(
                    "watchlist.test-subjects-only",
                    "a list of test subjects alone belongs to an evaluation or a demo",
                )
            for entry in entries:
                session.add(entry_row(deployment_id, entry))
            session.flush()
            for entry in entries:
                session.add_all(reference_rows(deployment_id, entry))
            row.gallery, row.contract_id = gallery, contract_id
            row.blue_list_size, row.watchlist_size = blue, len(entries) - blue
            row.status = DeploymentStatus.READY.value
            return view_of(row)

    def _check_entries(self, deployment_id: str, gallery: str, entries: Sequence[EntryLike]) -> None:
        if not entries or not gallery or not all(entry.references for entry in entries):
            raise Refused(
                "watchlist.empty",
                f"a deployment needs a gallery and at least one entry with a photograph; {deployment_id} has none",
            )

    def open(self, id: str, today: date | None = None) -> DeploymentView:  # noqa: A002  the field's own word
        """Let it match. `today` is the day in London unless given.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `deployment.no-watchlist`,
                `watchlist.entry-expired`.
        """
        day = today or self._now().astimezone(_LONDON).date()
        with writing(self._engine) as session:
            row = _locked(session, id)
            if row.status == DeploymentStatus.LIVE:
                return view_of(row)
            if row.status == DeploymentStatus.ENDED:
                raise _ended(id)
            if row.status != DeploymentStatus.READY:
                raise Refused(
                    "deployment.no-watchlist", f"deployment {id} has no watchlist: `lfr watchlist enrol` makes it"
                )
            expired = session.exec(
                select(WatchlistEntryRow.subject)
                .where(WatchlistEntryRow.deployment == id)
                .where(col(WatchlistEntryRow.expires_on) < day)
                .order_by(WatchlistEntryRow.subject)
            ).all()
            if expired:
                raise Refused(
                    "watchlist.entry-expired",
                    f"{len(expired)} entries of deployment {id} have expired by {day.isoformat()} "
                    f"({', '.join(expired[:5])}): compile a new list in a new deployment",
                )
            row.status, row.opened_at = DeploymentStatus.LIVE.value, self._now()
            return view_of(row)

    def close(self, id: str) -> DeploymentView:  # noqa: A002  the field's own word
        """End it and destroy its watchlist's rows and crops; alerts keep their own copies.

        The caller drops the gallery afterwards. May be called again, so that a drop that failed can be made up.

        Raises:
            Refused: `deployment.unknown`.
        """
        with writing(self._engine) as session:
            row = _locked(session, id)
            session.execute(delete(WatchlistReferenceRow).where(col(WatchlistReferenceRow.deployment) == id))
            session.execute(delete(WatchlistEntryRow).where(col(WatchlistEntryRow.deployment) == id))
            if row.status != DeploymentStatus.ENDED:
                row.status, row.ended_at = DeploymentStatus.ENDED.value, self._now()
            view = view_of(row)
        scrub(self._engine)
        return view

    def references(self, id: str) -> int:  # noqa: A002  the field's own word
        """How many photographs are kept for it."""
        with reading(self._engine) as session:
            return session.exec(
                select(func.count()).select_from(WatchlistReferenceRow).where(WatchlistReferenceRow.deployment == id)
            ).one()

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def view_of(row: DeploymentRow) -> DeploymentView:
    """The row as a worker sees it."""
    return DeploymentView(
        id=row.id,
        kind=DeploymentKind(row.kind),
        status=DeploymentStatus(row.status),
        gallery=row.gallery or "",
        contract_id=row.contract_id,
        threshold=row.threshold,
        agreeing_shots=row.agreeing_shots,
        live_only=row.live_only,
    )


def _locked(session: Session, id: str) -> DeploymentRow:  # noqa: A002  the field's own word
    row = session.exec(
        select(DeploymentRow).where(DeploymentRow.id == id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise Refused("deployment.unknown", f"there is no deployment {id}; `lfr deployment list` shows those there are")
    return row


def _ended(id: str) -> Refused:  # noqa: A002  the field's own word
    return Refused("deployment.ended", f"deployment {id} has ended and stays so: make a new one")
