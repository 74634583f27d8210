"""What the last self-test of a deployment came to, as it is on record: also once the deployment is over."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.deployments.monitoring.recorded_probes import LiveProbeKind
from lfr_core.deployments.monitoring.selftest import SelfTest
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.monitoring import LiveProbeRow

__all__ = ["read_last_self_test"]


def read_last_self_test(engine: Engine, deployment: str) -> SelfTest | None:
    """Read the newest one that has ended; None where none has. Raises Retryable: the records are away."""
    wanted = (
        select(LiveProbeRow)
        .where(LiveProbeRow.deployment == deployment, LiveProbeRow.kind == LiveProbeKind.SELF_TEST.value)
        .where(col(LiveProbeRow.ended_ns).is_not(None))
        .order_by(col(LiveProbeRow.sent_ns).desc())
    )
    with reading(engine) as session:
        row = session.exec(wanted).first()
    if row is None:
        return None
    return SelfTest(row.id, row.deployment, row.sent_ns, SelfTest.lines_from_json(row.detail))
