"""What looking at the promises came to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promise_state",
        sa.Column("promise", AutoString(), nullable=False),
        sa.Column("result", AutoString(), nullable=False),
        sa.Column("said", AutoString(), nullable=False),
        sa.Column("evidence", AutoString(), nullable=False),
        sa.Column("subjects", AutoString(), nullable=False),
        sa.Column("detail", AutoString(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("promise", name=op.f("pk_promise_state")),
    )
    op.create_table(
        "promise_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promise", AutoString(), nullable=False),
        sa.Column("result", AutoString(), nullable=False),
        sa.Column("said", AutoString(), nullable=False),
        sa.Column("evidence", AutoString(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_result")),
    )
    with op.batch_alter_table("promise_result", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_promise_result_promise_at_ns"), ["promise", "at_ns"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("promise_result", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_promise_result_promise_at_ns"))
    op.drop_table("promise_result")
    op.drop_table("promise_state")
