"""What the force says it does about a broken promise: said by compliance, on the audit trail, read by the public."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.publication.promises.port import Promise, Result
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.promises import PromiseStatementRow, PromiseStateRow

__all__ = ["LONGEST", "SAY", "PromiseStatements"]

LONGEST: Final = 600
"""Characters: a paragraph."""
SAY: Final = frozenset({Role.COMPLIANCE})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\ud800-\udfff]")


class PromiseStatements:
    """Says what is being done about promises that are broken now."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock, promises: Sequence[Promise]) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._known = {each.id for each in promises}

    def say(self, promise: str, text: str, *, by: AuthenticatedPerson) -> None:
        """Say what is being done about a broken promise, in public, in place of what was said before.

        Raises:
            Refused: `promises.not-broken`, `promises.statement-missing`, `people.*`.
            Retryable: the records or the vault are away.
        """
        said = " ".join(text.split())
        if not said or len(said) > LONGEST or _CONTROL.search(said):
            raise Refused("promises.statement-missing", f"say it in 1 to {LONGEST} characters: the public reads it")
        with reading(self._engine) as session:
            name = acting(session, by, SAY).name
        self._trail.prepare(name)
        with writing(self._engine) as session:
            acting(session, by, SAY)
            row = session.get(PromiseStateRow, promise) if promise in self._known else None
            if row is None or row.result != Result.BROKEN.value:
                raise Refused("promises.not-broken", "this promise isn't broken: there is nothing to say of it")
            session.add(PromiseStatementRow(promise=promise, text=said, by=name, at_ns=self._clock.time_ns()))
            session.flush()
            self._trail.append(session, AuditEvent(Verb.DISCLOSE, name, "", f"promise:{promise}", "promises.stated"))
