"""Whether tables are as they were made: a view, rule or trigger may answer each who asks in another way."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import bindparam, text
from sqlmodel import Session

__all__ = ["find_odd_tables"]

_SQLITE = text("SELECT tbl_name, type FROM sqlite_master WHERE type IN ('view', 'trigger') AND tbl_name IN :names")
_POSTGRESQL = text(
    "SELECT c.relname, CASE WHEN c.relkind <> 'r' THEN 'view' WHEN c.relrowsecurity THEN 'row policy' "
    "WHEN c.relhasrules THEN 'rule' ELSE 'trigger' END FROM pg_class c "
    "WHERE c.relname IN :names AND pg_table_is_visible(c.oid) AND (c.relkind <> 'r' OR c.relrowsecurity "
    "OR c.relhasrules OR EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal))"
)


def find_odd_tables(session: Session, names: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each of these tables that is a view or has a trigger, rule or row policy: none of ours."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    query = (_SQLITE if is_sqlite else _POSTGRESQL).bindparams(bindparam("names", expanding=True))
    for name, what in session.execute(query, {"names": list(names)}):
        yield f"the table {name} isn't as OpenLFR makes it: somebody gave it a {what}"
