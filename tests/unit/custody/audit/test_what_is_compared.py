"""Each table and column of the records is held against the audit trail, or docs/audit.md says why it isn't."""

from __future__ import annotations

import re

from sqlalchemy import inspect

from lfr_core.common.project import PROJECT
from lfr_core.storage.recorded import AS_SEALED, HELD_BESIDE, PARTS, RECORDED, columns_of
from lfr_core.storage.tables import row as all_tables  # the package imports each of them
from lfr_core.storage.tables.row import Row

SECTION = (PROJECT / "docs" / "audit.md").read_text("utf-8").partition("## What isn't held against the trail")[2]
APART = {
    name: why
    for names, why in re.findall(r"^\| (`.*?) \| (.+) \|$", SECTION, re.MULTILINE)
    for name in re.findall(r"`([a-z_0-9.]+)`", names)
}


def compared(kind: type[Row]) -> set[str]:
    parts = {column for part in PARTS.get(kind, ()) for column in part.columns}
    keys = {key.name for key in inspect(kind).primary_key}
    columns = columns_of(kind) if kind in RECORDED else ()
    return {*columns, *parts, *AS_SEALED.get(kind, ()), *HELD_BESIDE.get(kind, ()), *keys}


def test_each_table_and_each_column_is_compared_or_named_with_a_reason() -> None:
    recorded = {str(kind.__tablename__): compared(kind) for kind in (*RECORDED, *HELD_BESIDE)}
    tables = {name: set(table.columns.keys()) for name, table in all_tables.Row.metadata.tables.items()}

    missing = {name for name in tables if name not in recorded} | {
        f"{name}.{column}" for name in recorded for column in tables[name] - recorded[name]
    }

    assert missing == APART.keys()
