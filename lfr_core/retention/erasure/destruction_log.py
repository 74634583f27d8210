"""What the purges of a deployment destroyed, read from the records: epochs, the audit trail, what rows are left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine
from sqlmodel import SQLModel, col, func, select

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import KeyKind
from lfr_core.retention.erasure.canary import DataClass
from lfr_core.retention.erasure.keys import DestroyedFingerprint, list_destroyed_keys
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.footage import FootageSegmentRow
from lfr_core.storage.tables.vault import EpochRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["ClassDestruction", "PublicEpoch", "ended_ns", "epochs", "read_destroyed"]

_CLASS = {
    KeyKind.WATCHLIST.value: DataClass.LIST,
    KeyKind.ALERT.value: DataClass.ALERTS,
    KeyKind.SIGHTINGS.value: DataClass.ALERTS,
    KeyKind.FOOTAGE.value: DataClass.FOOTAGE,
}


class ClassDestruction(BaseModel):
    """What of one class was destroyed, when it was due, when it was done, under which rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_class: DataClass
    rules: tuple[str, ...]
    keys: int
    """Keys destroyed."""
    key_fingerprints: tuple[str, ...]
    """SHA-256 of each; for epochs empty, because the published table of epochs has them."""
    fingerprints_digest: str
    """SHA-256 over the sorted fingerprints, one a line: binds the certificate to those of the table of epochs too."""
    first_due_ns: int | None
    last_due_ns: int | None
    done_ns: int | None
    """When the last of them was destroyed; None: nothing yet."""
    latest_after_due_ms: int
    """The longest that one was destroyed after it was due; 0 if none was late."""
    left: Mapping[str, int]
    """What is still there: keys, rows."""


class PublicEpoch(BaseModel):
    """One epoch, for publication: nothing else is known of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    started_ns: int
    ended_ns: int
    fingerprint: str
    destroyed_ns: int | None


def ended_ns(engine: Engine, deployment: str) -> int | None:
    """Read when a deployment ended; None: it hasn't. Raises Refused `deployment.unknown`, Retryable."""
    with reading(engine) as session:
        row = session.get(DeploymentRow, deployment) if "\x00" not in deployment else None
    if row is None:
        raise Refused(
            "deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows those there are"
        )
    return None if row.ended_at is None else round(row.ended_at.timestamp() * 1e6) * 1_000


def epochs(engine: Engine, deployment: str, *, at_ns: int | None = None) -> tuple[PublicEpoch, ...]:
    """Read the epochs of a deployment in order, or those that `at_ns` lies in. Raises Retryable."""
    query = select(EpochRow).where(EpochRow.deployment == deployment).order_by(col(EpochRow.started_ns), EpochRow.id)
    if at_ns is not None:
        query = query.where(col(EpochRow.started_ns) <= at_ns).where(col(EpochRow.ended_ns) > at_ns)
    with reading(engine) as session:
        return tuple(
            PublicEpoch(
                started_ns=row.started_ns,
                ended_ns=row.ended_ns,
                fingerprint=row.fingerprint,
                destroyed_ns=row.destroyed_ns,
            )
            for row in session.exec(query)
        )


def read_destroyed(engine: Engine, deployment: str, *, grace_s: float) -> tuple[ClassDestruction, ...]:
    """Return what was destroyed of one deployment, a line a class. `grace_s`: how long an ended epoch may be opened.

    Raises:
        Retryable: the records are away.
    """
    kept = list_destroyed_keys(engine, deployment)
    return (
        _frames(epochs(engine, deployment), round(grace_s * 1e9)),
        *(
            _kept(data_class, [key for key in kept if _CLASS.get(key.kind) is data_class], left)
            for data_class, left in _left(engine, deployment).items()
        ),
    )


def _frames(found: Sequence[PublicEpoch], grace_ns: int) -> ClassDestruction:
    done = [(epoch.ended_ns + grace_ns, epoch.destroyed_ns) for epoch in found if epoch.destroyed_ns is not None]
    return ClassDestruction(
        data_class=DataClass.FRAMES,
        rules=("vault.epoch",) if found else (),
        keys=len(done),
        key_fingerprints=(),
        fingerprints_digest=_digest(epoch.fingerprint for epoch in found if epoch.destroyed_ns is not None),
        first_due_ns=min((due for due, _ in done), default=None),
        last_due_ns=max((due for due, _ in done), default=None),
        done_ns=max((at for _, at in done), default=None),
        latest_after_due_ms=_late_ms(done),
        left={"keys": len(found) - len(done)},
    )


def _kept(data_class: DataClass, keys: Sequence[DestroyedFingerprint], left: Mapping[str, int]) -> ClassDestruction:
    done = [(key.due_ns, key.destroyed_ns) for key in keys]
    return ClassDestruction(
        data_class=data_class,
        rules=tuple(sorted({key.rule for key in keys})),
        keys=len(keys),
        key_fingerprints=tuple(key.fingerprint for key in keys),
        fingerprints_digest=_digest(key.fingerprint for key in keys),
        first_due_ns=min((due for due, _ in done), default=None),
        last_due_ns=max((due for due, _ in done), default=None),
        done_ns=max((at for _, at in done), default=None),
        latest_after_due_ms=_late_ms(done),
        left=left,
    )


def _left(engine: Engine, deployment: str) -> dict[DataClass, dict[str, int]]:
    """Count the rows that still lead to data; stubs and rows of purged segments don't."""
    with reading(engine) as session:

        def count(row: type[SQLModel]) -> int:
            column = row.__table__.c.deployment  # type: ignore[attr-defined]  # SQLModel adds it at run time
            return session.exec(select(func.count()).select_from(row).where(column == deployment)).one()

        return {
            DataClass.LIST: {"entries": count(WatchlistEntryRow), "references": count(WatchlistReferenceRow)},
            DataClass.ALERTS: {"alerts": count(AlertRow)},
            DataClass.FOOTAGE: {
                "segments": session.exec(
                    select(func.count())
                    .select_from(FootageSegmentRow)
                    .where(FootageSegmentRow.deployment == deployment)
                    .where(col(FootageSegmentRow.purged_ns).is_(None))
                ).one()
            },
        }


def _digest(fingerprints: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(fingerprints)).encode()).hexdigest()


def _late_ms(done: Iterable[tuple[int, int]]) -> int:
    return max((max(0, at - due) // 1_000_000 for due, at in done), default=0)
