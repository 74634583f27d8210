"""The blue list: passes of test subjects, planned and scored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blue_list_plan",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("expected_rate", sa.Float(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("planned_by", AutoString(), nullable=False),
        sa.Column("planned_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_blue_list_plan_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", name=op.f("pk_blue_list_plan")),
    )
    op.create_table(
        "blue_list_pass",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("camera", AutoString(), nullable=False),
        sa.Column("from_ns", sa.BigInteger(), nullable=False),
        sa.Column("to_ns", sa.BigInteger(), nullable=False),
        sa.Column("recognised", sa.Boolean(), nullable=False),
        sa.Column("entered_by", AutoString(), nullable=False),
        sa.Column("entered_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_blue_list_pass_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blue_list_pass")),
    )
    op.create_index(op.f("ix_blue_list_pass_deployment"), "blue_list_pass", ["deployment"])


def downgrade() -> None:
    op.drop_index(op.f("ix_blue_list_pass_deployment"), "blue_list_pass")
    op.drop_table("blue_list_pass")
    op.drop_table("blue_list_plan")
