"""Planned deployments: application, authority, where each stands, its timeline, and calls for somebody to act."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "application",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("place", AutoString(), nullable=False),
        sa.Column("footprint", AutoString(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("use_case", AutoString(), nullable=False),
        sa.Column("purpose", AutoString(), nullable=False),
        sa.Column("sought", AutoString(), nullable=False),
        sa.Column("necessity", AutoString(), nullable=False),
        sa.Column("proportionality", AutoString(), nullable=False),
        sa.Column("grounds", AutoString(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("threshold_reason", AutoString(), nullable=False),
        sa.Column("list_cap", sa.Integer(), nullable=False),
        sa.Column("expected_faces", sa.Integer(), nullable=False),
        sa.Column("cameras", AutoString(), nullable=False),
        sa.Column("watchlist_folder", AutoString(), nullable=False),
        sa.Column("applied_by", AutoString(), nullable=False),
        sa.Column("applied_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_application_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", "revision", name=op.f("pk_application")),
    )
    op.create_table(
        "authority",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("rank", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("false_alerts_one_in", sa.Integer(), nullable=False),
        sa.Column("expected_false_alerts", sa.Float(), nullable=True),
        sa.Column("claim_not_shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_authority_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", "revision", name=op.f("pk_authority")),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("role", AutoString(), nullable=False),
        sa.Column("why", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("answered_by", AutoString(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_call_deployment_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_deployment_role"), ["deployment", "role"], unique=False)

    op.create_table(
        "life",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("planner", AutoString(), nullable=False),
        sa.Column("officer", AutoString(), nullable=False),
        sa.Column("compiler", AutoString(), nullable=False),
        sa.Column("list_digest", AutoString(), nullable=False),
        sa.Column("list_built_at", UTCDateTime(), nullable=True),
        sa.Column("list_last_day", sa.Date(), nullable=True),
        sa.Column("approved_digest", AutoString(), nullable=False),
        sa.Column("bound_contract", AutoString(), nullable=False),
        sa.Column("approver", AutoString(), nullable=False),
        sa.Column("approved_at", UTCDateTime(), nullable=True),
        sa.Column("signage_by", AutoString(), nullable=False),
        sa.Column("signage_at", UTCDateTime(), nullable=True),
        sa.Column("briefing_by", AutoString(), nullable=False),
        sa.Column("briefing_at", UTCDateTime(), nullable=True),
        sa.Column("list_destroyed_at", UTCDateTime(), nullable=True),
        sa.Column("alerts_purged_at", UTCDateTime(), nullable=True),
        sa.Column("footage_purged_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_life_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", name=op.f("pk_life")),
    )
    op.create_table(
        "life_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("step", AutoString(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("note", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_life_step_deployment_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_life_step")),
    )
    with op.batch_alter_table("life_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_life_step_deployment"), ["deployment"], unique=False)

    op.add_column("deployment", sa.Column("planned", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("deployment", sa.Column("cameras", AutoString(), server_default="", nullable=False))
    op.add_column("installation", sa.Column("written_ns", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_column("written_ns")

    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.drop_column("cameras")
        batch_op.drop_column("planned")

    with op.batch_alter_table("life_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_life_step_deployment"))

    op.drop_table("life_step")
    op.drop_table("life")
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_deployment_role"))

    op.drop_table("call")
    op.drop_table("authority")
    op.drop_table("application")
