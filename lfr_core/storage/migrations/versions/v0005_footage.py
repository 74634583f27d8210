"""Segments of footage and holds on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "footage_hold",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("ground", AutoString(), nullable=False),
        sa.Column("reference", AutoString(), nullable=False),
        sa.Column("requested_by", AutoString(), nullable=False),
        sa.Column("approved_by", AutoString(), nullable=False),
        sa.Column("placed_at", UTCDateTime(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.Column("released_by", AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_footage_hold")),
    )
    op.create_table(
        "footage_segment",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("camera", AutoString(), nullable=False),
        sa.Column("session", AutoString(), nullable=False),
        sa.Column("key_id", AutoString(), nullable=False),
        sa.Column("key_fingerprint", AutoString(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=True),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.Column("purged_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_footage_segment_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_footage_segment")),
    )
    with op.batch_alter_table("footage_segment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_footage_segment_deployment_camera_started_ns"),
            ["deployment", "camera", "started_ns"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_footage_segment_purged_ns_due_ns"), ["purged_ns", "due_ns"], unique=False)

    op.create_table(
        "footage_hold_segment",
        sa.Column("hold", AutoString(), nullable=False),
        sa.Column("segment", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["footage_hold.id"], name=op.f("fk_footage_hold_segment_hold_footage_hold")),
        sa.ForeignKeyConstraint(
            ["segment"], ["footage_segment.id"], name=op.f("fk_footage_hold_segment_segment_footage_segment")
        ),
        sa.PrimaryKeyConstraint("hold", "segment", name=op.f("pk_footage_hold_segment")),
    )
    with op.batch_alter_table("footage_hold_segment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_footage_hold_segment_segment"), ["segment"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("footage_hold_segment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_footage_hold_segment_segment"))

    op.drop_table("footage_hold_segment")
    with op.batch_alter_table("footage_segment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_footage_segment_purged_ns_due_ns"))
        batch_op.drop_index(batch_op.f("ix_footage_segment_deployment_camera_started_ns"))

    op.drop_table("footage_segment")
    op.drop_table("footage_hold")
