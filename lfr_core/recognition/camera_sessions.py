"""The camera sessions whose tracks one worker keeps."""

from __future__ import annotations

from typing import Final

from lfr_core.common.clock import Clock
from lfr_core.domain.policy import Policy
from lfr_core.recognition.batch import Session
from lfr_core.recognition.camera_tracks import CameraTracks

__all__ = ["CameraSessions"]

IDLE_S: Final = 60.0
"""Tracks of a camera that moved to another worker or died are forgotten after a minute."""


class CameraSessions(dict[Session, CameraTracks]):
    """Tracks by session. Ages are by this machine's monotonic clock: capture times may be a recording's."""

    def __init__(self, policy: Policy, clock: Clock) -> None:
        super().__init__()
        self._policy = policy
        self._clock = clock
        self._used_s: dict[Session, float] = {}

    def take(self, session: Session) -> CameraTracks:
        """Return the session's tracks for a look at it, new ones if it has none."""
        self._used_s[session] = self._clock.monotonic()
        return self.setdefault(session, CameraTracks(self._policy))

    def forget_idle(self) -> None:
        """Forget the sessions at which nobody has looked for a minute."""
        now = self._clock.monotonic()
        for session in [each for each, used in self._used_s.items() if now - used > IDLE_S]:
            del self._used_s[session]
            self.pop(session, None)
