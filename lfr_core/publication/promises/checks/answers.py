"""Who asks or complains is answered within the month. What the answer is worth, people judge."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.counts import agree, counted
from lfr_core.domain.policy import PublicationPolicy
from lfr_core.domain.working_days import WorkingDays
from lfr_core.publication.promises.port import PromiseFinding, finding
from lfr_core.publication.rights.reading import requests
from lfr_core.publication.rights.types import Request

__all__ = ["AnswersInTime"]

_LOOK_BACK = timedelta(days=31)
"""An answer that came late is a breach for so long; afterwards it is in the ledger's history."""


class AnswersInTime:
    """No enquiry or complaint is past its last day unanswered, and none was answered late in the last month."""

    id = "public.answers"

    def __init__(self, engine: Engine, policy: PublicationPolicy) -> None:
        self._engine = engine
        self._days = WorkingDays(policy.extra_bank_holidays)

    def check(self, now_ns: int) -> PromiseFinding:
        now = utc_from_ns(now_ns)

        def is_broken(one: Request) -> bool:
            if one.withdrawn:
                return False
            if one.answered_at is None:
                return now >= one.due_at
            return one.answered_at >= one.due_at and one.answered_at > now - _LOOK_BACK

        asked = requests(self._engine, self._days, now, closed=True)
        broken = [f"request:{one.reference}" for one in asked if is_broken(one)]
        answered = sum(one.answered_at is not None for one in asked)
        return finding(
            broken,
            holds=f"nobody waits longer than a month: {counted(len(asked), 'request')}, {answered or 'none'} answered",
            breaks=f"{len(broken)} of {counted(len(asked), 'request')} {agree(len(broken), 'is')} unanswered "
            "after a month, or "
            f"{agree(len(broken), 'was')} answered late",
            looked_at=len(asked),
            evidence={"requests": len(asked), "answered": answered},
        )
