"""Keeps the pictures that one operator has opened in one session of the page, for ten minutes at most.

Each opening is a consultation on the audit trail under the operator's name, so a page that is drawn every second
must not ask every second. What it keeps, it keeps in memory, for ten minutes at most and never beyond the alert.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cachetools import TTLCache

from apps.plain_words import plain_words
from lfr_core.alerts.read import AlertSummary, OpenedCrops
from lfr_core.alerts.read.crops import DELETED
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.records import NOT_ON_TRAIL
from lfr_core.custody.people.roles import AuthenticatedPerson

__all__ = ["CHANGED", "DELETED_ON_SCHEDULE", "Pictures"]

KEEP_S: Final = 600.0
MOST: Final = 32
"""More than the page ever shows at once."""
PURPOSE: Final = "operator compares probe and reference"
DELETED_ON_SCHEDULE: Final = "Deleted on schedule."
CHANGED: Final = (
    "What is kept of this alert was changed by somebody outside the platform. Stop nobody because of it, and tell "
    "compliance."
)
_HOUR_NS = 3_600 * 10**9


@dataclass(frozen=True, slots=True)
class _Kept:
    found: OpenedCrops | str
    gone_ns: int
    """When the alert's retention is over, wall time."""


class Pictures:
    """One session's. Not for several threads.

    Args:
        open_crops: `AlertCrops.open`.
        clock: both of its times are used.
        retention_h: policy.alerts.retention_h.
    """

    def __init__(
        self, open_crops: Callable[[UUID, AuthenticatedPerson, str, str], OpenedCrops], clock: Clock, retention_h: int
    ) -> None:
        self._open = open_crops
        self._clock = clock
        self._retention_ns = retention_h * _HOUR_NS
        self._kept: TTLCache[tuple[UUID, AuthenticatedPerson], _Kept] = TTLCache(MOST, KEEP_S, clock.monotonic)

    def of(self, alert: AlertSummary, operator: AuthenticatedPerson, shown: str = "") -> OpenedCrops | str:
        """Open the alert's pictures for `operator`, or the sentence that stands in their place.

        `shown`: the digest of those that stand on the screen: they are opened again, though better ones came.
        """
        self.sweep()
        gone_ns = alert.opened_ns + self._retention_ns
        if self._clock.time_ns() >= gone_ns:
            return DELETED_ON_SCHEDULE
        kept = self._kept.get((alert.id, operator))
        if kept is not None:
            return kept.found
        try:
            found: OpenedCrops | str = self._open(alert.id, operator, PURPOSE, shown)
        except Retryable as error:
            # not kept: the next refresh asks again
            return f"The pictures can't be opened just now: {plain_words(str(error))}"
        except Refused as error:
            said = f"The pictures can't be opened: {plain_words(str(error))}"
            found = {DELETED: DELETED_ON_SCHEDULE, NOT_ON_TRAIL: CHANGED}.get(error.rule, said)
        self._kept[alert.id, operator] = _Kept(found, gone_ns)
        return found

    def sweep(self) -> None:
        """Forget what is ten minutes old, and what has been deleted meanwhile."""
        self._kept.expire()
        self._drop_where(lambda _, kept: self._clock.time_ns() >= kept.gone_ns)

    def drop(self, alert: UUID) -> None:
        """Forget one alert's: they may be others by now."""
        self._drop_where(lambda of, _: of == alert)

    def _drop_where(self, applies: Callable[[UUID, _Kept], bool]) -> None:
        for key in list(self._kept):
            kept = self._kept.get(key)  # it may be over by now
            if kept is not None and applies(key[0], kept):
                self._kept.pop(key, None)
