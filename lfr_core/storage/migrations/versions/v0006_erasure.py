"""Canaries and certificates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canary",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("store", AutoString(), nullable=False),
        sa.Column("planted_ns", sa.BigInteger(), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=True),
        sa.Column("key_id", AutoString(), nullable=False),
        sa.Column("key_fingerprint", AutoString(), nullable=False),
        sa.Column("clear_digest", AutoString(), nullable=False),
        sa.Column("stored_digest", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_canary_deployment_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canary")),
    )
    with op.batch_alter_table("canary", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_canary_deployment"), ["deployment"], unique=False)
    op.create_table(
        "certificate",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("issued_ns", sa.BigInteger(), nullable=False),
        sa.Column("body", AutoString(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("signature", AutoString(), nullable=False),
        sa.Column("public_key", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_certificate_deployment_deployment")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_certificate")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificate_deployment"), ["deployment"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_deployment"))
    op.drop_table("certificate")
    with op.batch_alter_table("canary", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_canary_deployment"))
    op.drop_table("canary")
