"""Which deployments have ended, and when: what several purges ask first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["Deployments", "deployments"]

_SENDING = frozenset({DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Deployments:
    """All deployments of the records, as purges see them."""

    ended_ns: Mapping[str, int]
    """When each of those that are over ended or was cancelled, wall time."""
    going: Mapping[str, str]
    """Those that haven't ended: id to the gallery they use, or ""."""
    any_live: bool
    """Whether one is live, or was and may be again: its frames are on their way."""


def deployments(engine: Engine) -> Deployments:
    """Read them. Raises Retryable when the records are away."""
    with reading(engine) as session:
        rows = session.exec(select(DeploymentRow)).all()
    ended: dict[str, int] = {}
    going: dict[str, str] = {}
    for row in rows:
        if DeploymentStatus(row.status).is_over:
            ended[row.id] = round((row.ended_at or row.created_at).timestamp() * 1e6) * 1000
        else:
            going[row.id] = row.gallery or ""
    return Deployments(ended, going, any(row.status in _SENDING for row in rows))
