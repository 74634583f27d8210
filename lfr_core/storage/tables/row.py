"""What every table is made from. Rows stay inside the contexts of `lfr_core`; everyone else gets frozen values.

Times of the stream are nanoseconds since the epoch (`..._ns`), times of people's acts are aware UTC
datetimes. Closed lists are stored as their words, not as ENUM types, which a downgrade leaves behind.
Table models don't validate: values are checked before they come here.
"""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

__all__ = ["NAMING", "Row"]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has the same name on both databases, so that a migration can drop it."""


class Row(SQLModel):
    """Base of the tables: metadata of their own, apart from any other package's."""

    metadata = MetaData(naming_convention=NAMING)
