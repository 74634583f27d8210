"""What an engaging officer is shown of alerts: those that an operator has judged to be the same person."""

from __future__ import annotations

from lfr_core.common.errors import Refused
from lfr_core.domain.alerts import Judgement
from lfr_core.storage.tables.alerts import AlertRow

__all__ = ["check_judged_same"]


def check_judged_same(alert: AlertRow | None) -> None:
    """Raise Refused `officer.not-judged` when no operator has judged it so, or it is gone."""
    if alert is None or alert.canary or alert.judgement != Judgement.SAME.value:
        raise Refused("officer.not-judged", "no operator has said that this is the same person: nobody is approached")
