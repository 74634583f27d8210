"""What an equality impact assessment was made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("paper", sa.Column("assessed_model", AutoString(), nullable=False, server_default=""))
    op.add_column("paper", sa.Column("assessed_threshold", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("paper", "assessed_threshold")
    op.drop_column("paper", "assessed_model")
