"""From sightings to alerts, inside one transaction that holds the deployments' locks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from lfr_core.alerts.keys import RECORDER, CropKeys
from lfr_core.alerts.pictures import keep_shot, note_pictures
from lfr_core.alerts.plausibility import check_sighting
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import LfrError, Poison, Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.recorded_state import DUE, IS_CANARY, OPENED
from lfr_core.custody.audit.row_states import is_as_noted, note_state
from lfr_core.custody.crops import alert_probe, alert_reference, list_reference
from lfr_core.custody.vault.sealing import open_sealed, seal
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.messages import Sighting
from lfr_core.domain.policy import AlertPolicy
from lfr_core.domain.reserved import CANARY_ENTRY
from lfr_core.domain.watchlists import Category
from lfr_core.storage.sql import is_storable
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, SightingRow, digest_pictures
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["SightingWriter"]

_LONDON = ZoneInfo("Europe/London")
_NOT_YET = b""
"""Stands for sealed bytes in a transaction that will be rolled back."""
_RECORDS = frozenset({DeploymentStatus.LIVE.value, DeploymentStatus.SUSPENDED.value})
"""A sighting from before a suspension is still recorded."""


class SightingWriter:
    """Writes one call's sightings. The caller owns the transaction.

    It must be rolled back when `keys.wanting` is true afterwards: what was sealed then isn't.
    """

    def __init__(self, session: Session, policy: AlertPolicy, now_ns: int, keys: CropKeys, records_key: bytes) -> None:
        """`records_key`: the installation's, of what stands of records on the trail."""
        self._session = session
        self._records_key = records_key
        self._merge_ns = round(policy.merge_s * 1e9)
        self._now_ns = now_ns
        self._keys = keys
        self.collected: list[AuditEvent] = []
        """What the caller puts on the audit trail in the same transaction, last."""

    def write(self, sightings: Sequence[Sighting]) -> tuple[tuple[UUID, ...], tuple[tuple[Sighting, LfrError], ...]]:
        """Record what can be. Returns the alerts opened, and the sightings that were not recorded with why."""
        opened: list[UUID] = []
        failures: list[tuple[Sighting, LfrError]] = []
        deployments = self._lock({s.deployment for s in sightings if is_storable(s.deployment)})
        for sighting in sightings:
            try:
                _check_values(sighting)
                if self._session.get(SightingRow, sighting.id) is not None:
                    continue  # it came before
                entry = self._check(sighting, deployments)
                alert, is_known = self._alert_near(sighting), True
                if alert is None:
                    alert = self._open(sighting, entry)
                    opened.append(alert.id)
                else:
                    is_known = is_as_noted(alert, self._records_key)
                    self._join(alert, sighting)
            except (Poison, Refused) as error:
                failures.append((sighting, error))
                continue
            if is_known:
                note_state(alert, self._records_key)
            row = _row(sighting, alert.id)
            note_state(row, self._records_key)
            self._session.add(row)
            self._session.flush()
        return tuple(opened), tuple(failures)

    def _lock(self, names: set[str]) -> dict[str, DeploymentRow]:
        """Read and lock the deployments until the end of the transaction: one recorder at a time decides on a
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
        if deployment.status not in _RECORDS:
            raise Refused(
                "sighting.deployment-not-live",
                f"sighting {sighting.id} came while deployment {deployment.id} is {deployment.status}: not recorded",
            )
        check_sighting(deployment, sighting, self._now_ns)
        if sighting.entry == CANARY_ENTRY:
            return _canary(sighting.deployment)
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
            .where(col(AlertRow.first_ns) >= sighting.captured_ns - self._merge_ns)
            .where(col(AlertRow.last_ns) <= sighting.captured_ns + self._merge_ns)
            .with_for_update()  # a decision on it waits, and is not overwritten
            .execution_options(populate_existing=True)
        ).all()
        open_ = [row for row in rows if _is_open(row, sighting)]
        return min(open_, key=lambda row: (_distance_ns(row, sighting), -row.last_ns), default=None)

    def _open(self, sighting: Sighting, entry: WatchlistEntryRow) -> AlertRow:
        """Open a new alert with its sealed pictures. Raises Refused, before anything is written, when a key is gone."""
        probe = self._keys.probe(sighting)
        references = self._references(sighting.deployment, entry.id)
        id_, key = self._keys.for_new(sighting.deployment)
        alert = AlertRow(
            id=id_,
            deployment=sighting.deployment,
            camera=sighting.camera,
            entry=entry.id,
            subject=entry.subject,
            category=entry.category,
            age=entry.age,
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
            probe_sealed=_NOT_YET
            if key is None or probe is None
            else seal(key.key, probe, alert_probe(sighting.deployment, id_)),
            key_id="" if key is None else key.info.id,
            canary=entry.id == CANARY_ENTRY,
        )
        self._session.add(alert)
        self._session.flush()
        copies = [
            AlertReferenceRow(
                alert=id_,
                id=reference,
                photograph=photograph,
                crop_sealed=_NOT_YET
                if key is None
                else seal(key.key, crop, alert_reference(alert.deployment, id_, reference)),
            )
            for reference, photograph, crop in references
        ]
        self._session.add_all(copies)
        alert.pictures_sha256 = digest_pictures(alert, copies, ())
        self._collect(alert, len(references), None if key is None else key.info.due_ns)
        return alert

    def _references(self, deployment: str, entry: str) -> list[tuple[str, str, bytes]]:
        """Return id, photograph and crop of an entry's references; none until the list's key has been fetched."""
        rows = self._session.exec(
            select(WatchlistReferenceRow)
            .where(WatchlistReferenceRow.deployment == deployment)
            .where(WatchlistReferenceRow.entry == entry)
        ).all()
        key = self._keys.of_list(deployment) if rows else None
        if key is None:
            return []
        return [
            (row.id, row.photograph, open_sealed(key.key, row.crop_sealed, list_reference(deployment, row.id)))
            for row in rows
        ]

    def _join(self, alert: AlertRow, sighting: Sighting) -> None:
        """Count a sighting in. Raises Refused, before any change, when a key is gone.

        The best one's probe is the alert's until a person compares it: an answer stays beside the picture it was given
        on. Those it replaces are kept beside it, for whoever is looking at one of them just now.
        """
        if sighting.similarity > alert.similarity and alert.judgement is None:
            probe = self._keys.probe(sighting)
            key = self._keys.of_alert(alert.id, alert.key_id)
            if probe is not None and key is not None:
                keep_shot(self._session, alert)
                alert.probe_sealed = seal(key.key, probe, alert_probe(alert.deployment, alert.id))
                note_pictures(self._session, alert)
            alert.similarity, alert.threshold = sighting.similarity, sighting.threshold
        alert.sightings += 1
        if sighting.captured_ns < alert.first_ns:
            alert.first_ns = sighting.captured_ns
            alert.first_session, alert.first_sequence = sighting.session, sighting.sequence
        if sighting.captured_ns > alert.last_ns:
            alert.last_ns = sighting.captured_ns
            alert.last_session, alert.last_sequence = sighting.session, sighting.sequence

    def _collect(self, alert: AlertRow, references: int, due_ns: int | None) -> None:
        facts: dict[str, str | int] = {"category": alert.category, "references": references}
        facts[IS_CANARY] = int(alert.canary)
        if due_ns is not None:
            facts[DUE] = due_ns
        self.collected.append(AuditEvent(Verb.COLLECT, RECORDER, alert.deployment, f"alert:{alert.id}", OPENED, facts))


def _canary(deployment: str) -> WatchlistEntryRow:
    """Make an entry that is on no list."""
    return WatchlistEntryRow(
        deployment=deployment,
        id=CANARY_ENTRY,
        subject=CANARY_ENTRY,
        category=Category.BLUE_LIST.value,
        legal_reference="",
        approved_by="",
        expires_on=date.max,
    )


def _check_values(sighting: Sighting) -> None:
    texts = (sighting.deployment, sighting.camera, sighting.session, sighting.track, sighting.entry)
    numbers = (sighting.sequence, sighting.captured_ns, sighting.face << 32)  # `face` is a 32-bit column
    if not is_storable(*texts, *numbers) or not math.isfinite(sighting.threshold):
        raise Poison(f"sighting {sighting.id} holds a value that can't be stored (NUL, or a number out of range)")


def _is_open(alert: AlertRow, sighting: Sighting) -> bool:
    """Return whether nobody has answered it yet, or only afterwards: whoever passes later is to be answered anew."""
    if alert.judgement is None or alert.judged_at is None:
        return alert.judgement is None
    return sighting.captured_ns <= alert.judged_at.timestamp() * 1e9


def _distance_ns(alert: AlertRow, sighting: Sighting) -> int:
    """Return how far a sighting lies outside an alert's time from first to last; 0 inside it."""
    return max(alert.first_ns - sighting.captured_ns, sighting.captured_ns - alert.last_ns, 0)


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
