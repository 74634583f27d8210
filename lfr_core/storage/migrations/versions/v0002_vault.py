"""Hours, suspension, attendance and epochs of deployments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deployment") as batch_op:
        batch_op.add_column(sa.Column("opens_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("closes_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("suspended_why", AutoString(), nullable=False, server_default=""))
    op.create_table(
        "installation",
        sa.Column("id", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "epoch",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", AutoString(), nullable=False),
        sa.Column("destroyed_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_epoch_deployment_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epoch")),
    )
    with op.batch_alter_table("epoch") as batch_op:
        batch_op.create_index(batch_op.f("ix_epoch_deployment"), ["deployment"])
        batch_op.create_index(batch_op.f("ix_epoch_started_ns"), ["started_ns"])
    op.create_table(
        "attendance",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("operator", AutoString(), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_attendance_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", "operator", name=op.f("pk_attendance")),
    )


def downgrade() -> None:
    op.drop_table("attendance")
    op.drop_table("epoch")
    op.drop_table("installation")
    with op.batch_alter_table("deployment") as batch_op:
        batch_op.drop_column("suspended_why")
        batch_op.drop_column("closes_at")
        batch_op.drop_column("opens_at")
