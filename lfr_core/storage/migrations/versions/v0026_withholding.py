"""Requests to withhold an announcement, which another person answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "withholding_request",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", AutoString(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("purpose", AutoString(), nullable=False),
        sa.Column("use_case", AutoString(), nullable=False),
        sa.Column("because", AutoString(), nullable=False),
        sa.Column("asked_by", AutoString(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("answered_by", AutoString(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("answer", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_withholding_request_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "number", name=op.f("pk_withholding_request")),
    )


def downgrade() -> None:
    op.drop_table("withholding_request")
