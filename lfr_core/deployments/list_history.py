"""What a list is held against when it is approved: how many of each category the list before it had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.deployments.reading import read_application
from lfr_core.domain.folding import fold_text
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import WatchlistCompositionRow

__all__ = ["EarlierList", "list_before"]


@dataclass(frozen=True, slots=True)
class EarlierList:
    """The composition of another deployment's list; of the list itself nothing is left."""

    name: str
    """Of its deployment."""
    built_at: datetime
    people: dict[str, int]
    """By category; test subjects are no part of it."""


def list_before(engine: Engine, deployment: str, *, place: str) -> EarlierList | None:
    """Find the list that was built last before this deployment's, at its place if there was one. Raises Retryable."""
    row = WatchlistCompositionRow
    with reading(engine) as session:
        mine = session.exec(select(row.built_at).where(row.deployment == deployment)).first()
        if mine is None:
            return None
        query = select(row).where(row.deployment != deployment).where(col(row.built_at) <= mine)
        found: dict[str, list[WatchlistCompositionRow]] = {}
        for share in session.exec(query.order_by(col(row.built_at).desc()).limit(500)):
            found.setdefault(share.deployment, []).append(share)
        same = [each for each in found if _place(read_application(session, each)) == fold_text(place)]
        chosen = next(iter([*same, *found]), None)
        if chosen is None:
            return None
        shares, built = found[chosen], found[chosen][0].built_at
        if built is None:  # of a version that didn't keep it
            return None
        name = session.get_one(DeploymentRow, chosen).name
        return EarlierList(name, built, {each.category: each.people for each in shares})


def _place(made: object) -> str:
    return fold_text(str(getattr(made, "place", "")))
