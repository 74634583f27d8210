"""What many tests begin with is made once for a process, and copied for each of them: records, files, and what a vault
and a trail in memory hold.

A copy is what was made the real way, to the byte. It is given where nothing was done yet: to a SQLite database whose
tables are empty, in a folder that has none of these files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Mapping
from contextlib import closing
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from tests.support.vaults import trail_of, vault_of

__all__ = ["Beginning"]

_FILLED = ("audit_entry", "person", "deployment")
"""Tables of which one has a row as soon as anything was done."""


@dataclass(frozen=True)
class _Kept:
    records: bytes
    files: Mapping[Path, tuple[int, bytes | None]]
    """By path in the home folder: mode, and content; None for a folder."""
    vault: tuple[object, ...]
    events: tuple[object, ...]
    clock_ns: int


_KEPT: dict[Hashable, _Kept] = {}


class Beginning:
    """The first state of a test's records and home.

    key: of all that it depends on.
    """

    def __init__(self, engine: Engine, home: Path, *key: Hashable) -> None:
        self._engine, self._home, self._key = engine, home, key
        self._is_new = engine.dialect.name == "sqlite" and self._is_empty()
        self._before = set(home.rglob("*")) if self._is_new else set()

    def restore(self) -> int | None:
        """Copy what was made with this key before, and return its clock's time; None: it has to be made."""
        kept = _KEPT.get(self._key) if self._is_new else None
        if kept is None or any((self._home / path).exists() for path in kept.files):
            return None
        with closing(sqlite3.connect(":memory:")) as made, closing(self._engine.raw_connection()) as records:
            made.deserialize(kept.records)
            made.backup(records.driver_connection)  # type: ignore[arg-type]  # SQLite's own
        for path, (mode, content) in kept.files.items():
            if content is None:
                (self._home / path).mkdir()
            else:
                (self._home / path).write_bytes(content)
            (self._home / path).chmod(mode)
        vault = vault_of(self._engine)
        vault.made, vault.destroyed, vault.opened = map(copy, kept.vault)  # type: ignore[assignment]  # of its fields
        trail_of(self._engine).events[:] = kept.events  # type: ignore[assignment]  # of its events
        return kept.clock_ns

    def keep(self, clock_ns: int) -> None:
        """Keep what was made, for whoever begins with the same key; nothing where it wasn't made from nothing."""
        if not self._is_new:
            return
        with closing(sqlite3.connect(":memory:")) as made, closing(self._engine.raw_connection()) as records:
            assert isinstance(records.driver_connection, sqlite3.Connection)
            records.driver_connection.backup(made)
            content = bytearray(made.serialize())
        content[18:20] = b"\1\1"  # no write-ahead log, which none in memory can have (sqlite.org/fileformat2.html)
        new = sorted(set(self._home.rglob("*")) - self._before)
        files = {
            path.relative_to(self._home): (path.stat().st_mode & 0o777, None if path.is_dir() else path.read_bytes())
            for path in new
            if not self._is_database(path)
        }
        vault = vault_of(self._engine)
        state = tuple(map(copy, (vault.made, vault.destroyed, vault.opened)))
        _KEPT[self._key] = _Kept(bytes(content), files, state, tuple(trail_of(self._engine).events), clock_ns)

    def _is_database(self, path: Path) -> bool:
        return str(path).startswith(str(self._engine.url.database))

    def _is_empty(self) -> bool:
        rows = " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in _FILLED)
        with closing(self._engine.raw_connection()) as records:
            cursor = records.cursor()
            cursor.execute(f"SELECT {rows}")
            is_filled = cursor.fetchone() != (0,)
            cursor.close()
        vault = vault_of(self._engine)
        return not (is_filled or vault.made or vault.destroyed or vault.opened or trail_of(self._engine).events)
