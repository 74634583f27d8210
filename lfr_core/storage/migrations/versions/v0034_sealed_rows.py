"""Seals of attendance and of live probes; digests of a trial's list, and of what stays of alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("attendance", "proof"):
        for name in ("writer", "seal"):
            op.add_column(table, sa.Column(name, AutoString(), nullable=False, server_default=""))
    op.add_column("deployment", sa.Column("list_digest", AutoString(), nullable=False, server_default=""))
    op.add_column("deployment", sa.Column("stubs_sha256", AutoString(), nullable=True))


def downgrade() -> None:
    op.drop_column("deployment", "stubs_sha256")
    op.drop_column("deployment", "list_digest")
    for table in ("proof", "attendance"):
        for name in ("seal", "writer"):
            op.drop_column(table, name)
