"""Footage past its days and not held: `lfr_core.retention.footage` knows how it goes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.errors import LfrError
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.vault.port import Vault
from lfr_core.retention.footage.complaint_holds import reconcile_complaint_holds
from lfr_core.retention.footage.expiry import expire_segments
from lfr_core.retention.footage.register import read_due_segments
from lfr_core.retention.port import Audited, Destroyed, Due, PurgeResult

__all__ = ["FootageStep"]


class FootageStep:
    """A segment's key, then its file, then its row and the trail; held segments aren't due."""

    name = "footage"
    audited = Audited.ITSELF

    def __init__(self, engine: Engine, folder: Path, vault: Vault, trail: Trail) -> None:
        self._engine = engine
        self._folder = folder
        self._vault = vault
        self._trail = trail

    def due(self, now_ns: int) -> tuple[Due, ...]:
        found = read_due_segments(self._engine, now_ns)
        return tuple(Due(f"footage:{each.id}", each.since_ns, each.deployment) for each in found)

    def purge(self, now_ns: int) -> PurgeResult:
        failures: tuple[LfrError, ...] = ()
        try:  # first: what a complaint concerns must be held before what is due goes
            reconcile_complaint_holds(self._engine, self._vault, self._trail, now_ns=now_ns)
        except LfrError as error:  # tried again at each of the sweeps of 31 days
            failures = (error,)
        gone = expire_segments(self._engine, self._folder, self._vault, self._trail, now_ns=now_ns)
        return PurgeResult(
            tuple(Destroyed(f"footage:{each.id}", each.due_ns, each.deployment) for each in gone), failures
        )
