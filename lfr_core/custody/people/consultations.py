"""Looks at what is about people, on the audit trail: once for each person, thing and ten minutes, as with pictures.

A page that draws itself anew each second must not write as often. A look that can't be put on the trail isn't given.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Final

from cachetools import TTLCache
from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import SERVICE_ROLES, AuthenticatedPerson, Person, Role
from lfr_core.custody.vault.port import VaultAwayError
from lfr_core.storage.engine import reading, writing

__all__ = ["ONE_LOOK_S", "STAFF", "TRAIL_READERS", "Consultations"]

ONE_LOOK_S: Final = 600.0
"""[proposal] Seconds within which a person's looks at one thing are one."""
STAFF: Final = frozenset(Role) - SERVICE_ROLES
"""Everybody but scripts: who reads what names colleagues and nobody else."""
TRAIL_READERS: Final = frozenset({Role.COMPLIANCE, Role.AUDITOR})
_MOST: Final = 10_000
"""Looks that are remembered; one that is forgotten is written again."""


class Consultations:
    """Those of one process. For several threads."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self.engine = engine
        self._trail = trail
        self._lock = threading.Lock()
        self._noted: TTLCache[tuple[str, str, str, str], None] = TTLCache(_MOST, ONE_LOOK_S, clock.monotonic)

    def check(
        self, by: AuthenticatedPerson, roles: Collection[Role], rule: str, *, deployment: str = "", subject: str = ""
    ) -> Person:
        """Find who looks, who may in one of `roles`, and put it on the trail. Raises as `acting` and `note`."""
        with reading(self.engine) as session:
            person = acting(session, by, roles)
        self.note(person, rule, deployment=deployment, subject=subject)
        return person

    def admit_trail_reader(self, by: AuthenticatedPerson, rule: str) -> bool:
        """See that somebody may read the trail at a terminal; whether that is on it: it is read without the vault too.

        Raises:
            Refused: as `acting`.
            Retryable: the records are away or take no entry, or the vault answers that it can't: nothing is shown then.
        """
        with reading(self.engine) as session:
            person = acting(session, by, TRAIL_READERS)
        try:
            self.note(person, rule)
        except VaultAwayError:
            return False
        return True

    def note(self, person: Person, rule: str, *, deployment: str = "", subject: str = "") -> None:
        """Put on the trail that somebody looks, before they are shown what they look at.

        Args:
            person: as the register has just found them.
            rule: what they look at, in the trail's words.
            deployment: whose it is; "" for all.
            subject: a kind and an id; the deployment, or all of what the rule is about, unless given.

        Raises:
            Retryable: the records or the vault are away: nothing is shown then.
        """
        about = subject or (f"deployment:{deployment}" if deployment else f"{rule.partition('.')[0]}:all")
        key = (person.name, deployment, about, rule)
        with self._lock:
            if key in self._noted:
                return
        self._trail.prepare(person.name)
        with writing(self.engine) as session:
            self._trail.append(session, AuditEvent(Verb.CONSULT, *key))
        with self._lock:
            self._noted[key] = None
