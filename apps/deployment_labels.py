"""What pages call a deployment: its name and when it begins, never its id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine

from lfr_core.alerts import read
from lfr_core.domain.working_days import LONDON

__all__ = ["deployment_label", "deployment_labels", "read_labels"]


def deployment_label(name: str, at: datetime) -> str:
    """Say which one: "Norwich market, 23 November 2026, 16:13"."""
    local = at.astimezone(LONDON)
    return f"{name}, {local.day} {local:%B %Y, %H:%M}"


def deployment_labels(those: Iterable[tuple[str, str, datetime]]) -> dict[str, str]:
    """Name each of `those` (id, name, when it begins), by its id; no two are named the same."""
    labels: dict[str, str] = {}
    met: Counter[str] = Counter()
    for id_, name, at in those:
        label = deployment_label(name, at)
        met[label] += 1
        labels[id_] = label if met[label] == 1 else f"{label} ({met[label]})"
    return labels


def read_labels(engine: Engine) -> dict[str, str]:
    """Name every deployment there is, the newest first. Raises Retryable when the records are away."""
    found = read.deployments(engine)
    return deployment_labels((one.view.id, one.name, one.opens_at or one.opened_at or one.created_at) for one in found)
