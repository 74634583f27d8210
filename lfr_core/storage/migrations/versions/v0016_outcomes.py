"""What came of engagements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("outcome", AutoString(), nullable=True))
    op.add_column("alert", sa.Column("minutes", sa.Float(), nullable=True))
    op.add_column("alert", sa.Column("resulted_by", AutoString(), nullable=True))
    op.add_column("alert", sa.Column("resulted_at", UTCDateTime(), nullable=True))
    op.add_column("alert_stub", sa.Column("outcome", AutoString(), nullable=True))
    op.add_column("alert_stub", sa.Column("minutes", sa.Float(), nullable=True))


def downgrade() -> None:
    for column in ("minutes", "outcome"):
        op.drop_column("alert_stub", column)
    for column in ("resulted_at", "resulted_by", "minutes", "outcome"):
        op.drop_column("alert", column)
