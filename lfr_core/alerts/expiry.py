"""Alerts whose time is over: their keys are destroyed, their rows replaced by stubs. Nothing can hold one.

The order makes a kill at any point harmless: the key goes first, so that nothing opens from then on; then, in one
transaction, the stub is written, the alert with its references and sightings deleted and the erasure put on the audit
trail. An alert whose key is gone and whose row still stands is found again and finished.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.vault.port import DestroyedKey, ErasureRule, KeyKind, Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import reading, scrub, writing
from lfr_core.storage.tables.alerts import (
    AlertAnswerRow,
    AlertReferenceRow,
    AlertRow,
    AlertStubRow,
    SightingRow,
    digest_stubs,
)
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["DueAlert", "ExpiredAlert", "due_alerts", "expire_alerts"]

ACTOR = SystemActor.RETENTION
RULE = ErasureRule.ALERTS_DUE
_HOUR_NS = 3_600 * 10**9
_AT_ONCE = 100
"""Alerts a transaction: it never holds the database for long."""


@dataclass(frozen=True, slots=True)
class DueAlert:
    """An alert that should be gone."""

    alert: UUID
    deployment: str
    key_id: str
    due_ns: int
    """When it was due, wall time: opening and retention."""


@dataclass(frozen=True, slots=True)
class ExpiredAlert:
    """An alert that is gone."""

    alert: UUID
    deployment: str
    due_ns: int
    done_ns: int
    key: DestroyedKey | None
    """None when its key was destroyed before, by the vault's own timer or by a sweep that was killed half way."""


def due_alerts(engine: Engine, *, now_ns: int, retention_h: int) -> tuple[DueAlert, ...]:
    """The alerts opened `retention_h` hours before `now_ns` or earlier, the oldest first; canaries among them.

    Raises:
        Retryable: the database is away.
    """
    with reading(engine) as session:
        rows = session.exec(
            select(AlertRow.id, AlertRow.deployment, AlertRow.key_id, AlertRow.opened_ns)
            .where(col(AlertRow.opened_ns) <= now_ns - retention_h * _HOUR_NS)
            .order_by(col(AlertRow.opened_ns), col(AlertRow.id))
        ).all()
    return tuple(DueAlert(id_, where, key, opened + retention_h * _HOUR_NS) for id_, where, key, opened in rows)


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
    due = due_alerts(engine, now_ns=now_ns, retention_h=retention_h)
    done: list[ExpiredAlert] = []
    for start in range(0, len(due), _AT_ONCE):
        part = due[start : start + _AT_ONCE]
        keys = {gone.info.id: gone for gone in vault.destroy(_keys_of(vault, part), rule=RULE)}
        with writing(engine) as session:
            deployments = _lock_deployments(session, {one.deployment for one in part})
            gone = [(one, keys.get(one.key_id)) for one in part if _replace(session, one.alert, new_id)]
            for deployment, before in deployments:
                _digest_stubs(session, deployment, before)
            for one, key in gone:
                trail.append(session, _event(one, key))
        done += [ExpiredAlert(one.alert, one.deployment, one.due_ns, now_ns, key) for one, key in gone]
    scrub(engine)  # also when nothing was due: a sweep killed before this left old pages in the log
    return tuple(done)


def _keys_of(vault: Vault, due: Sequence[DueAlert]) -> list[str]:
    """The keys to destroy: by id, and by alert, where a row doesn't name its own."""
    alerts = {str(one.alert) for one in due}
    known = {info.id for info in vault.kept(KeyKind.ALERT) if info.subject in alerts}
    return sorted(known | {one.key_id for one in due if one.key_id})


def _lock_deployments(session: Session, ids: AbstractSet[str]) -> list[tuple[DeploymentRow, str]]:
    """Deployments, and the digest of the stubs that each has."""
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


def _replace(session: Session, alert: UUID, new_id: Callable[[], UUID]) -> bool:
    """Put the stub in the alert's place; False when another sweep has."""
    row = session.exec(select(AlertRow).where(AlertRow.id == alert).with_for_update()).one_or_none()
    if row is None:
        return False
    if not row.canary:
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
    session.execute(delete(AlertAnswerRow).where(col(AlertAnswerRow.alert) == alert))
    session.delete(row)
    session.flush()
    return True


def _event(one: DueAlert, key: DestroyedKey | None) -> AuditEvent:
    facts: dict[str, str | int] = {"due_ns": one.due_ns}
    if key is not None:
        facts["fingerprint"] = key.info.fingerprint
    return AuditEvent(Verb.ERASE, ACTOR, one.deployment, f"alert:{one.alert}", RULE, facts)
