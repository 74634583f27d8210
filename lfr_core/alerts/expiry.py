"""Alerts whose time is over: their keys are destroyed, their rows replaced by stubs. Nothing can hold one.

The order makes a kill at any point harmless: the key goes first, so that nothing opens from then on; then, in one
transaction, the stub is written, the alert with its references and sightings deleted and the erasure put on the audit
trail. An alert whose key is gone and whose row still stands is found again and finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from lfr_core.custody.audit.entry import parse_body
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.audit.recorded_state import OPENED
from lfr_core.custody.vault.port import DestroyedKey, ErasureRule, KeyKind, Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import erase_freed_pages, reading, writing
from lfr_core.storage.tables.alerts import (
    AlertAnswerRow,
    AlertReferenceRow,
    AlertRow,
    AlertShotRow,
    AlertStubRow,
    SightingRow,
    digest_stubs,
)
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["DueAlert", "ExpiredAlert", "expire_alerts", "find_due_alerts"]

ACTOR = SystemActor.RETENTION
RULE = ErasureRule.ALERTS_DUE
_HOUR_NS = 3_600 * 10**9
_NEVER_OPENED = "alert.never-opened"
"""Of the entry about a row that somebody wrote past the platform: it goes, and no figure counts it."""
_AT_ONCE = 100
"""Alerts a transaction: it never holds the database for long."""


@dataclass(frozen=True, slots=True)
class DueAlert:
    """An alert that should be gone."""

    alert: UUID
    deployment: str
    key_id: str
    """Of its key; "": that is destroyed already."""
    due_ns: int
    """When it was due, wall time: as the keystore says; once its key is gone, opening and retention, or now."""


@dataclass(frozen=True, slots=True)
class ExpiredAlert:
    """An alert that is gone."""

    alert: UUID
    deployment: str
    due_ns: int
    done_ns: int
    key: DestroyedKey | None
    """None when its key was destroyed before, by the vault's own timer or by a sweep that was killed half way."""


def find_due_alerts(engine: Engine, vault: Vault, *, now_ns: int, retention_h: int) -> tuple[DueAlert, ...]:
    """Find the alerts that are due at `now_ns`, the oldest first; canaries among them.

    When each is due the keystore says, where no login of the records reaches: a row that says another time of opening,
    another key or another id has nothing go early, and keeps nothing. `retention_h` is for rows whose key is gone.

    Raises:
        Retryable: the database or the vault is away.
    """
    with reading(engine) as session:  # first: the key of an alert is made before its row
        rows = session.exec(select(AlertRow.id, AlertRow.deployment, AlertRow.opened_ns)).all()
    if not rows:
        return ()
    keys = {info.subject: info for info in vault.kept(KeyKind.ALERT)}
    found: list[DueAlert] = []
    for id_, deployment, opened_ns in rows:
        key = keys.get(str(id_))
        if key is None:
            found.append(DueAlert(id_, deployment, "", min(opened_ns + retention_h * _HOUR_NS, now_ns)))
        elif key.due_ns <= now_ns:
            found.append(DueAlert(id_, deployment, key.id, key.due_ns))
    return tuple(sorted(found, key=lambda one: (one.due_ns, one.alert)))


def expire_alerts(
    engine: Engine,
    vault: Vault,
    trail: Trail,
    *,
    now_ns: int,
    retention_h: int,
    new_id: Callable[[], UUID] = uuid4,
) -> tuple[ExpiredAlert, ...]:
    """Delete what is due, decided or not. May be called again at any time, also by two sweeps at once.

    An undecided alert goes like the others and counts for ever as never reviewed: the stub keeps the answers given,
    so no published figure changes. A canary leaves no stub.

    Raises:
        Retryable: database or vault is away, or the disk is full; keys that were destroyed stay so, and the next call
            does the rest.
        Refused: `vault.keystore`, `audit.bad-event`.
    """
    trail.prepare(ACTOR)
    due = find_due_alerts(engine, vault, now_ns=now_ns, retention_h=retention_h)
    done: list[ExpiredAlert] = []
    for start in range(0, len(due), _AT_ONCE):
        part = due[start : start + _AT_ONCE]
        keys = _destroy(vault, [one.key_id for one in part if one.key_id])
        with writing(engine) as session:
            deployments = _lock_deployments(session, {one.deployment for one in part})
            opened = _opened(session, {one.deployment for one in part})
            gone = [
                (one, keys.get(one.key_id))
                for one in part
                if _replace(session, one.alert, new_id, counts=f"alert:{one.alert}" in opened)
            ]
            for deployment, before in deployments:
                _digest_stubs(session, deployment, before)
            for one, key in gone:
                trail.append(session, _event(one, key, RULE if f"alert:{one.alert}" in opened else _NEVER_OPENED))
        done += [ExpiredAlert(one.alert, one.deployment, one.due_ns, now_ns, key) for one, key in gone]
    erase_freed_pages(engine)  # also when nothing was due: a sweep killed before this left old pages in the log
    return tuple(done)


def _destroy(vault: Vault, key_ids: Sequence[str]) -> Mapping[str, DestroyedKey]:
    return {gone.info.id: gone for gone in vault.destroy(key_ids, rule=RULE)} if key_ids else {}


def _lock_deployments(session: Session, ids: AbstractSet[str]) -> list[tuple[DeploymentRow, str]]:
    """Lock these deployments' rows; returns each with the digest of the stubs that it has."""
    query = select(DeploymentRow).where(col(DeploymentRow.id).in_(ids)).order_by(col(DeploymentRow.id))
    rows = session.exec(query.with_for_update(key_share=True)).all()
    return [(row, digest_stubs(_stubs_of(session, row.id))) for row in rows]


def _digest_stubs(session: Session, row: DeploymentRow, before: str) -> None:
    """Have the deployment say which stubs it has now. Where they weren't what it said, it goes on saying so."""
    if row.stubs_sha256 is not None:
        known = row.stubs_sha256 == before
        row.stubs_sha256 = digest_stubs(_stubs_of(session, row.id)) if known else "changed past the platform"
        session.flush()


def _stubs_of(session: Session, deployment: str) -> Sequence[AlertStubRow]:
    return session.exec(select(AlertStubRow).where(AlertStubRow.deployment == deployment)).all()


def _opened(session: Session, ids: AbstractSet[str]) -> frozenset[str]:
    """Find the subjects of the entries that say that an alert of these deployments was opened."""
    entries = select(AuditEntryRow.body).where(
        col(AuditEntryRow.deployment).in_(ids), AuditEntryRow.verb == Verb.COLLECT.value
    )
    bodies = map(parse_body, session.exec(entries))
    return frozenset(body.subject for body in bodies if body is not None and body.rule == OPENED)


def _replace(session: Session, alert: UUID, new_id: Callable[[], UUID], *, counts: bool) -> bool:
    """Put the stub in the alert's place; False when another sweep has. One that nobody opened leaves none."""
    row = session.exec(select(AlertRow).where(AlertRow.id == alert).with_for_update()).one_or_none()
    if row is None:
        return False
    if counts and not row.canary:
        session.add(
            AlertStubRow(
                id=new_id(),
                deployment=row.deployment,
                category=row.category,
                similarity=round(row.similarity, 2),
                judgement=row.judgement,
                engagement=row.engagement,
                review=row.review,
                outcome=row.outcome,
                minutes=None if row.minutes is None else float(round(row.minutes)),
            )
        )
    session.execute(delete(SightingRow).where(col(SightingRow.alert) == alert))
    session.execute(delete(AlertReferenceRow).where(col(AlertReferenceRow.alert) == alert))
    session.execute(delete(AlertShotRow).where(col(AlertShotRow.alert) == alert))
    session.execute(delete(AlertAnswerRow).where(col(AlertAnswerRow.alert) == alert))
    session.delete(row)
    session.flush()
    return True


def _event(one: DueAlert, key: DestroyedKey | None, rule: str) -> AuditEvent:
    facts: dict[str, str | int] = {"due_ns": one.due_ns}
    if key is not None:
        facts["fingerprint"] = key.info.fingerprint
    return AuditEvent(Verb.ERASE, ACTOR, one.deployment, f"alert:{one.alert}", rule, facts)
