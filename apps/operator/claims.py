"""Who is deciding which alert: two operators are never shown the same one to decide, unless one asks for it.

A claim lasts as long as the page that draws the alert goes on drawing it, and is kept in this process alone: one
process serves all pages, and a decision counts by the records whatever stands here.
"""

from __future__ import annotations

import threading
from typing import Final
from uuid import UUID

from lfr_core.common.clock import Clock
from lfr_core.domain.actors import same_person

__all__ = ["CLAIM_S", "AlertClaims"]

CLAIM_S: Final = 5.0
"""A page draws its alert every second; one that was closed or lost its line holds nothing for longer."""


class AlertClaims:
    """For several threads: each session of the pages has one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[UUID, tuple[str, float]] = {}

    def claim(self, alert: UUID, name: str, *, take: bool = False) -> bool:
        """Hold an alert for a person, for some seconds more. Returns whether they hold it.

        `take`: also from somebody else, because the person asked for this alert.
        """
        now = self._clock.monotonic()
        with self._lock:
            held = self._held.get(alert)
            if held is not None and held[1] > now and not same_person(held[0], name) and not take:
                return False
            self._held[alert] = (name, now + CLAIM_S)
            return True

    def release(self, alert: UUID, name: str) -> None:
        """Let go of an alert that this person holds."""
        with self._lock:
            held = self._held.get(alert)
            if held is not None and same_person(held[0], name):
                del self._held[alert]

    def others(self, name: str) -> dict[UUID, str]:
        """Return who else is deciding which alert now."""
        now = self._clock.monotonic()
        with self._lock:
            self._held = {alert: held for alert, held in self._held.items() if held[1] > now}
            return {alert: who for alert, (who, _) in self._held.items() if not same_person(who, name)}
