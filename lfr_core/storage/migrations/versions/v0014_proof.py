"""Proofs that the chain works, the answers to them, and the fuse's trips."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proof",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("sent_ns", sa.BigInteger(), nullable=False),
        sa.Column("keys", AutoString(), nullable=False),
        sa.Column("green_ns", sa.BigInteger(), nullable=True),
        sa.Column("detail", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_proof_deployment_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof")),
    )
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proof_deployment_sent_ns"), ["deployment", "sent_ns"], unique=False)
    op.create_table(
        "proof_answer",
        sa.Column("proof", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("recorded_ns", sa.BigInteger(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("fault", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["proof"], ["proof.id"], name=op.f("fk_proof_answer_proof_proof"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("proof", "part", name=op.f("pk_proof_answer")),
    )
    op.create_table(
        "fuse_trip",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tripped_ns", sa.BigInteger(), nullable=False),
        sa.Column("faces", sa.BigInteger(), nullable=False),
        sa.Column("false_alerts", sa.Integer(), nullable=False),
        sa.Column("one_in", sa.Integer(), nullable=False),
        sa.Column("answered_for", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_fuse_trip_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", "number", name=op.f("pk_fuse_trip")),
    )


def downgrade() -> None:
    op.drop_table("fuse_trip")
    op.drop_table("proof_answer")
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proof_deployment_sent_ns"))
    op.drop_table("proof")
