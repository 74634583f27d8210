"""How each kind of data stands against its retention, and the runs of the purges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_class",
        sa.Column("step", AutoString(), nullable=False),
        sa.Column("first_ns", sa.BigInteger(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("succeeded_ns", sa.BigInteger(), nullable=True),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("oldest_due_ns", sa.BigInteger(), nullable=True),
        sa.Column("destroyed", sa.Integer(), nullable=False),
        sa.Column("destroyed_ever", sa.BigInteger(), nullable=False),
        sa.Column("note", AutoString(), nullable=False),
        sa.Column("error", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("step", name=op.f("pk_retention_class")),
    )
    op.create_table(
        "retention_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("step", AutoString(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("destroyed", sa.Integer(), nullable=False),
        sa.Column("oldest_due_ns", sa.BigInteger(), nullable=True),
        sa.Column("lag_ms", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("error", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_run")),
    )
    with op.batch_alter_table("retention_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retention_run_at_ns"), ["at_ns"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("retention_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_retention_run_at_ns"))

    op.drop_table("retention_run")
    op.drop_table("retention_class")
