"""Puts on the trail what parts that run and answer keep, and not as they must, and calls who answers for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Engine

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import call_at_newest
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import writing

__all__ = ["DifferencesWatch"]

_LONGEST_FACT: Final = 200
_ROLES: Final = (Role.COMPLIANCE, Role.AUTHORISING_OFFICER)


class DifferencesWatch:
    """Tells of each difference once, while it lasts. Not for several threads."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock, read: Callable[[], Sequence[str]]) -> None:
        """`read`: what differs now, in sentences (`apps.supervisor.comparing`)."""
        self._engine, self._trail, self._clock = engine, trail, clock
        self._read = read
        self._told: frozenset[str] = frozenset()

    def look(self) -> None:
        """Tell of what is new. Raises Retryable: the records or the vault are away; the next call tells it."""
        found = frozenset(self._read())
        new = sorted(found - self._told)
        if new:
            get_logger().critical("watch.differs", what=new)
            self._trail.prepare(SystemActor.WATCH)
            with writing(self._engine) as session:
                for sentence in new:
                    what = {"found": " ".join(sentence.split())[:_LONGEST_FACT]}
                    event = AuditEvent(Verb.DECIDE, SystemActor.WATCH, "", "platform", "platform.differs", what)
                    self._trail.append(session, event)
                words = "find out who changed the platform behind its back: `lfr status` says what differs"
                call_at_newest(session, _ROLES, words, now=utc_from_ns(self._clock.time_ns()))
        self._told = found
