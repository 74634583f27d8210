"""Results beside their deadline: reminded, late, explained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "results",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("reminded_at", UTCDateTime(), nullable=True),
        sa.Column("late_at", UTCDateTime(), nullable=True),
        sa.Column("late_because", AutoString(), nullable=False),
        sa.Column("late_detail", AutoString(), nullable=False),
        sa.Column("explanation", AutoString(), nullable=False),
        sa.Column("explained_at", UTCDateTime(), nullable=True),
        sa.Column("explained_by", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_results_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", name=op.f("pk_results")),
    )


def downgrade() -> None:
    op.drop_table("results")
