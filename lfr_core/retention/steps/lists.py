"""Watchlists of ended deployments: rows, reference crops and the list's key.

The close destroys them; this is for a close that couldn't, or that was killed half way.
"""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import func, select

from lfr_core.common.errors import LfrError
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.vault.port import ErasureRule, KeptKeyInfo, KeyKind, Vault
from lfr_core.deployments.attach_watchlist import delete_list
from lfr_core.retention.port import ACTOR, Audited, Destroyed, Due, PurgeResult
from lfr_core.retention.steps.ended_deployments import deployments
from lfr_core.storage.engine import erase_freed_pages, reading, writing
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["ListsStep"]

_RULE = ErasureRule.LIST_AT_CLOSE


class ListsStep:
    """Rows go in one transaction with their audit entry; the key is the vault's to destroy, and it audits that."""

    name = "lists"
    audited = Audited.ITSELF

    def __init__(self, engine: Engine, vault: Vault, trail: Trail) -> None:
        self._engine = engine
        self._vault = vault
        self._trail = trail

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Return lists and keys of deployments that have ended by `now_ns`. Raises Retryable: they can't be seen."""
        ended = self._ended(now_ns)
        lists = [Due(f"list:{name}", ended[name], name) for name in self._listed() if name in ended]
        keys = [Due(f"key:{key.id}", ended[key.deployment], key.deployment) for key in self._keys(ended)]
        return (*lists, *keys)

    def purge(self, now_ns: int) -> PurgeResult:
        """Delete rows first, then keys: with the vault away the rows go all the same, and the other way round."""
        ended = self._ended(now_ns)
        gone: list[Destroyed] = []
        failures: list[LfrError] = []
        try:
            for name, entries in self._listed().items():
                if name in ended:
                    self._trail.prepare(ACTOR)
                    gone.append(self._destroy_rows(name, entries, ended[name], now_ns))
        except LfrError as error:
            failures.append(error)
        try:
            if gone:
                erase_freed_pages(self._engine)
            due = {key.id: key for key in self._keys(ended)}
            for destroyed in self._vault.destroy(tuple(due), rule=_RULE) if due else ():
                key = destroyed.info
                facts = {"fingerprint": key.fingerprint}
                gone.append(Destroyed(f"key:{key.id}", ended[key.deployment], key.deployment, facts))
        except LfrError as error:
            failures.append(error)
        return PurgeResult(tuple(gone), tuple(failures))

    def _ended(self, now_ns: int) -> dict[str, int]:
        return {name: at_ns for name, at_ns in deployments(self._engine).ended_ns.items() if at_ns <= now_ns}

    def _listed(self) -> dict[str, int]:
        """Count the entries and references that each deployment still has."""
        found: dict[str, int] = {}
        with reading(self._engine) as session:
            for table in (WatchlistEntryRow, WatchlistReferenceRow):
                for name, count in session.exec(
                    select(table.deployment, func.count()).group_by(table.deployment).order_by(table.deployment)
                ):
                    found[name] = found.get(name, 0) + count
        return found

    def _keys(self, ended: dict[str, int]) -> list[KeptKeyInfo]:
        return [key for key in self._vault.kept(KeyKind.WATCHLIST) if key.deployment in ended]

    def _destroy_rows(self, name: str, rows: int, due_ns: int, now_ns: int) -> Destroyed:
        facts: dict[str, str | int] = {"state": "done", "rows": rows, "due_ns": due_ns, "done_ns": now_ns}
        with writing(self._engine) as session:
            delete_list(session, name)
            self._trail.append(session, AuditEvent(Verb.ERASE, ACTOR, name, f"list:{name}", _RULE, facts))
        return Destroyed(f"list:{name}", due_ns, name, {"rows": rows})
