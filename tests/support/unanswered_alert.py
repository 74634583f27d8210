"""An alert as the operator's page reads it, which nobody has answered yet."""

from __future__ import annotations

from uuid import UUID

from lfr_core.alerts.read import AlertSummary
from lfr_core.domain.alerts import Decision
from lfr_core.domain.watchlists import Category
from tests.support.records import NOW_NS

__all__ = ["ALERT"]

ALERT = AlertSummary(
    id=UUID(int=1),
    deployment="dep",
    camera="north",
    entry="e",
    subject="S-1",
    category=Category.VICTIM,
    legal_reference="law",
    opened_ns=NOW_NS,
    first_ns=NOW_NS,
    last_ns=NOW_NS,
    first_session="s",
    first_sequence=1,
    last_session="s",
    last_sequence=2,
    similarity=0.7,
    threshold=0.45,
    sightings=2,
    decision=Decision(),
    judged=None,
    engaged=None,
    reviewed=None,
)
