"""Keeps alerts on the screen as they were first shown: what a person is deciding changes only when that person acts.

New alerts, other operators' answers and newer pictures wait beside it, named in words. When the operator has acted, the
part first stands for a second without buttons: nothing that is clicked twice reaches what comes next, and no button of
one alert is ever beside the picture of another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from lfr_core.alerts.read import AlertSummary
from lfr_core.common.clock import Clock

__all__ = ["SETTLE_S", "AlertSnapshot"]

SETTLE_S: Final = 1.0
"""Longer than a double click (0.5 s where it is slow)."""


class AlertSnapshot:
    """The alerts of one part, as they were when they were first shown."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._released_s: float | None = None
        self._cleared = False
        self.alerts: tuple[AlertSummary | None, ...] = ()
        """None in the place of one that has been deleted on schedule."""
        self.turn = 0
        """Another with every change: it ends the keys of the buttons, so that a late click finds no newer button."""
        self.wanted: UUID | None = None
        """The alert that shall come next, where the operator asked for a certain one."""
        self.digests: dict[UUID, str] = {}
        """Of the pictures beside each alert."""

    def release(self, wanted: UUID | None = None) -> None:
        """Let what is shown change, after a second without buttons: the operator acted."""
        self._released_s, self._cleared, self.wanted = self._clock.monotonic(), False, wanted

    def show(self, find: Callable[[UUID | None], tuple[AlertSummary, ...]]) -> tuple[AlertSummary | None, ...]:
        """Return what to draw now. `find` is asked for the alerts that come next, and given the one that is wanted."""
        since_s = None if self._released_s is None else self._clock.monotonic() - self._released_s
        if not self.alerts or (self._cleared and since_s is not None and since_s >= SETTLE_S):
            self._replace(find)
        return self.alerts

    def note_drawn(self) -> None:
        """Take note that the page was drawn to its end: one that is cut short may leave buttons on the screen."""
        self._cleared = self._released_s is not None

    def forget(self, alert: UUID) -> None:
        """Keep nothing of an alert deleted on schedule; its place stays, so that no other card moves."""
        self.alerts = tuple(None if one is not None and one.id == alert else one for one in self.alerts)
        self.digests.pop(alert, None)

    @property
    def answerable(self) -> bool:
        """Whether buttons stand beside the alerts."""
        return self._released_s is None

    def _replace(self, find: Callable[[UUID | None], tuple[AlertSummary, ...]]) -> None:
        self.alerts = find(self.wanted)
        self.turn += 1
        self.digests.clear()
        self._released_s, self.wanted = None, None
