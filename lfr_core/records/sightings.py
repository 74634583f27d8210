"""From sightings to alerts, inside one transaction that holds the deployments' locks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from lfr_core.clock import utc_from_ns
from lfr_core.deployments import DeploymentStatus
from lfr_core.errors import LfrError, Poison, Refused
from lfr_core.messages import Sighting
from lfr_core.policy import AlertPolicy
from lfr_core.records.sql import storable
from lfr_core.records.tables import (
    AlertReferenceRow,
    AlertRow,
    DeploymentRow,
    SightingRow,
    WatchlistEntryRow,
    WatchlistReferenceRow,
)

__all__ = ["SightingWriter"]

_LONDON = ZoneInfo("Europe/London")


class SightingWriter:
    """Writes one call's sightings. The caller owns the transaction."""

    def __init__(self, session: Session, policy: AlertPolicy, now_ns: int, new_id: Callable[[], UUID]) -> None:
        self._session = session
        self._merge_ns = round(policy.merge_s * 1e9)
        self._now_ns = now_ns
        self._new_id = new_id

    def write(self, sightings: Sequence[Sighting]) -> tuple[tuple[UUID, ...], tuple[tuple[Sighting, LfrError], ...]]:
        """Record what can be. Returns the alerts opened, and the sightings that were not recorded with why."""
        opened: list[UUID] = []
        failures: list[tuple[Sighting, LfrError]] = []
        deployments = self._lock({s.deployment for s in sightings if storable(s.deployment)})
        for sighting in sightings:
            try:
                _check_values(sighting)
                if self._session.get(SightingRow, sighting.id) is not None:
                    continue  # it came before
                entry = self._check(sighting, deployments)
            except (Poison, Refused) as error:
                failures.append((sighting, error))
                continue
            alert = self._alert_near(sighting)
            if alert is None:
                alert = self._open(sighting, entry)
                opened.append(alert.id)
            else:
                _join(alert, sighting)
            self._session.add(_row(sighting, alert.id))
            self._session.flush()
        return tuple(opened), tuple(failures)

    def _lock(self, names: set[str]) -> dict[str, DeploymentRow]:
        """The deployments, held until the end of the transaction: one recorder at a time decides on a
        deployment's alerts, and it can't end in between. SQLite's BEGIN IMMEDIATE holds the whole database.
        """
        rows = self._session.exec(
            select(DeploymentRow)
            .where(col(DeploymentRow.id).in_(names))
            .order_by(DeploymentRow.id)
            .with_for_update(key_share=True)
        )
        return {row.id: row for row in rows}

    def _check(self, sighting: Sighting, deployments: dict[str, DeploymentRow]) -> WatchlistEntryRow:
        deployment = deployments.get(sighting.deployment)
        if deployment is None:
            raise Poison(f"sighting {sighting.id} is for deployment {sighting.deployment!r}, which isn't recorded here")
        if deployment.status != DeploymentStatus.LIVE:
            raise Refused(
                "sighting.deployment-not-live",
                f"sighting {sighting.id} came while deployment {deployment.id} is {deployment.status}: not recorded",
            )
        entry = self._session.get(WatchlistEntryRow, (sighting.deployment, sighting.entry))
        if entry is None:
            raise Poison(
                f"sighting {sighting.id} names entry {sighting.entry!r}, which isn't on {deployment.id}'s list"
            )
        day = utc_from_ns(sighting.captured_ns).astimezone(_LONDON).date()
        if entry.expires_on < day:  # a deployment that is open past midnight
            raise Refused(
                "watchlist.entry-expired",
                f"sighting {sighting.id} is of {day.isoformat()} and the entry's last day was "
                f"{entry.expires_on.isoformat()}: not recorded; compile a new list in a new deployment",
            )
        return entry

    def _alert_near(self, sighting: Sighting) -> AlertRow | None:
        rows = self._session.exec(
            select(AlertRow)
            .where(AlertRow.deployment == sighting.deployment)
            .where(AlertRow.camera == sighting.camera)
            .where(AlertRow.entry == sighting.entry)
            .where(col(AlertRow.last_ns) >= sighting.captured_ns - self._merge_ns)
            .where(col(AlertRow.first_ns) <= sighting.captured_ns + self._merge_ns)
            .with_for_update()  # a decision on it waits, and is not overwritten
            .execution_options(populate_existing=True)
        ).all()
        return min(rows, key=lambda row: (_distance_ns(row, sighting), -row.last_ns), default=None)

    def _open(self, sighting: Sighting, entry: WatchlistEntryRow) -> AlertRow:
        alert = AlertRow(
            id=self._new_id(),
            deployment=sighting.deployment,
            camera=sighting.camera,
            entry=entry.id,
            subject=entry.subject,
            category=entry.category,
            legal_reference=entry.legal_reference,
            opened_ns=self._now_ns,
            first_ns=sighting.captured_ns,
            last_ns=sighting.captured_ns,
            first_session=sighting.session,
            first_sequence=sighting.sequence,
            last_session=sighting.session,
            last_sequence=sighting.sequence,
            similarity=sighting.similarity,
            threshold=sighting.threshold,
            sightings=1,
            probe_jpeg=sighting.probe_jpeg,
        )
        self._session.add(alert)
        self._session.flush()
        references = self._session.exec(
            select(WatchlistReferenceRow)
            .where(WatchlistReferenceRow.deployment == sighting.deployment)
            .where(WatchlistReferenceRow.entry == entry.id)
        )
        for reference in references:
            self._session.add(
                AlertReferenceRow(
                    alert=alert.id, id=reference.id, photograph=reference.photograph, crop_jpeg=reference.crop_jpeg
                )
            )
        return alert


def _check_values(sighting: Sighting) -> None:
    texts = (sighting.deployment, sighting.camera, sighting.session, sighting.track, sighting.entry)
    numbers = (sighting.sequence, sighting.captured_ns, sighting.face << 32)  # `face` is a 32-bit column
    if not storable(*texts, *numbers) or not math.isfinite(sighting.threshold):
        raise Poison(f"sighting {sighting.id} holds a value that can't be stored (NUL, or a number out of range)")


def _distance_ns(alert: AlertRow, sighting: Sighting) -> int:
    """How far a sighting lies outside an alert's time from first to last; 0 inside it."""
    return max(alert.first_ns - sighting.captured_ns, sighting.captured_ns - alert.last_ns, 0)


def _join(alert: AlertRow, sighting: Sighting) -> None:
    alert.sightings += 1
    if sighting.captured_ns < alert.first_ns:
        alert.first_ns = sighting.captured_ns
        alert.first_session, alert.first_sequence = sighting.session, sighting.sequence
    if sighting.captured_ns > alert.last_ns:
        alert.last_ns = sighting.captured_ns
        alert.last_session, alert.last_sequence = sighting.session, sighting.sequence
    if sighting.similarity > alert.similarity:
        alert.similarity, alert.threshold = sighting.similarity, sighting.threshold
        alert.probe_jpeg = sighting.probe_jpeg


def _row(sighting: Sighting, alert: UUID) -> SightingRow:
    return SightingRow(
        id=sighting.id,
        alert=alert,
        session=sighting.session,
        sequence=sighting.sequence,
        captured_ns=sighting.captured_ns,
        face=sighting.face,
        track=sighting.track,
        similarity=sighting.similarity,
    )
