"""What an answer to a live probe must know of the sealed frame that it answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proof", sa.Column("nonces_sha256", AutoString(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("proof", "nonces_sha256")
