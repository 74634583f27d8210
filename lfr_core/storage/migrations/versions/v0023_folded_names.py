"""Registered names are compared without points and hyphens too. Of two that are now one, the later can't act."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_PERSON = sa.table("person", sa.column("id", sa.Integer), sa.column("name", sa.String), sa.column("folded", sa.String))


def upgrade() -> None:
    _fold_anew(lambda plain: " ".join("".join(each if _tells(each) else " " for each in plain.casefold()).split()))


def downgrade() -> None:
    _fold_anew(lambda plain: " ".join(plain.split()).casefold())


def _tells(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] == "M"


def _fold_anew(fold) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    connection = op.get_bind()
    people = connection.execute(sa.select(_PERSON.c.id, _PERSON.c.name).order_by(_PERSON.c.id)).all()
    seen: set[str] = set()
    for id_, _ in people:  # first out of each other's way: the column is unique
        connection.execute(_PERSON.update().where(_PERSON.c.id == id_).values(folded=f"\n{id_}"))
    for id_, name in people:
        folded = fold(unicodedata.normalize("NFKC", name))
        if folded not in seen:
            connection.execute(_PERSON.update().where(_PERSON.c.id == id_).values(folded=folded))
            seen.add(folded)
