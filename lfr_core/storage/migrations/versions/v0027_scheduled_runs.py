"""Which flow runs we made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scheduled_run",
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("run_id", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_scheduled_run")),
    )
    op.create_index(op.f("ix_scheduled_run_run_id"), "scheduled_run", ["run_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_scheduled_run_run_id"), table_name="scheduled_run")
    op.drop_table("scheduled_run")
