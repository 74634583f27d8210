"""The age that a list gives of somebody, and what the force says of a broken promise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promise_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promise", AutoString(), nullable=False),
        sa.Column("text", AutoString(), nullable=False),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_statement")),
    )
    op.create_index(op.f("ix_promise_statement_promise_at_ns"), "promise_statement", ["promise", "at_ns"])
    op.add_column("watchlist_entry", sa.Column("age", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("watchlist_entry", "age")
    op.drop_table("promise_statement")
